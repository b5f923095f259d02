/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_JOB_H
#define HEED_INGEST_LOG_JOB_H

/* What is asked of whoever reads a log, and what a stretch of it comes to. */

#include "parsers/arrival.h"
#include "parsers/log_reader.h"
#include "parsers/log_sums.h"

/* Everything borrowed; lists end with NULL, and may be NULL. */
typedef struct HeedLogJob {
    HeedLogFormat format;
    const char *zone; /* of times without one, as g_time_zone_new_identifier() has it; NULL: UTC */
    const char *const *domains; /* own.domains */
    const char *const *relays;
    const char *const *verp;
    const char *const *rules;
    const char *rules_cache;
    bool deliveries; /* tell each delivery by its address */
} HeedLogJob;

/* Lines and what they told. */
typedef struct HeedLogTally {
    uint64_t lines;
    uint64_t delivered; /* messages to recipients, as all below */
    uint64_t deferred;  /* attempts */
    uint64_t failed;    /* for good: refused or expired */
    uint64_t passed;   /* on within the machine, or in from elsewhere: nothing is counted of them */
    uint64_t unjoined; /* events whose sender is not known */
    uint64_t deadly;   /* lines passed over because a process died of them */
    uint64_t refused;  /* lines whose failure the database takes in no way; the store counts them */
    uint64_t troubles[HEED_LOG_TROUBLES]; /* lines that could not be read, by why */
    uint64_t first[HEED_LOG_TROUBLES];    /* the number in its file of the first one; 0: none */
} HeedLogTally;

/* Adds up; of the first ones, the first. */
void heed_log_tally_add(HeedLogTally *tally, const HeedLogTally *more);

/* All lines that could not be read. */
uint64_t heed_log_tally_unread(const HeedLogTally *tally);

/* What stands in a log between two places of it. */
typedef struct HeedLogBatch {
    uint64_t position;   /* all before it is in here, or was in batches before */
    HeedLogTally tally;  /* of this batch alone */
    GPtrArray *arrivals; /* owned; of HeedArrival *: failures and deferrals as reports */
    HeedLogSums *sums;   /* owned */
    GBytes *state; /* owned; what is known of messages under way at that place; NULL: unsaid */
} HeedLogBatch;

void heed_log_batch_clear(HeedLogBatch *batch);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedLogBatch, heed_log_batch_clear)

#endif
