/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_COLLECT_H
#define HEED_INGEST_LOG_COLLECT_H

/*
 * Sums up what a log reader hands out, in bounded memory: deliveries and failures by hour, attempts
 * by minute, and each failure or first deferral as a report. What a server passes on to itself, and
 * mail that comes in from elsewhere for one of own.domains, is no mail of ours on its way: it is
 * counted nowhere.
 */

#include "ingest/log_job.h"
#include "parsers/rules.h"

typedef struct HeedLogCollector HeedLogCollector;

/* A failure not handed out before: its digest, the report (borrowed), when it happened. */
typedef void (*HeedLogTakeFailure)(const uint8_t digest[HEED_DIGEST_BYTES],
                                   const HeedReport *report,
                                   int64_t time,
                                   void *data);

/* Job and rules are borrowed. */
HeedLogCollector *heed_log_collector_new(const HeedLogJob *job, HeedRules *rules, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void heed_log_collector_free(HeedLogCollector *collector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogCollector, heed_log_collector_free)

void heed_log_collector_to(HeedLogCollector *collector, HeedLogTakeFailure take, void *data);

/* Times beyond this and a day are taken for this. */
void heed_log_collector_refer(HeedLogCollector *collector, int64_t reference);

/* A HeedLogTake, whose data is the collector. */
void heed_log_collector_take(const HeedLogEvent *event, void *data);

/* Counts a line that had this trouble, and its number in the file. */
void heed_log_collector_count(HeedLogCollector *collector, HeedLogTrouble trouble, uint64_t number);

/* Counts a line that was passed over because a process died of it. */
void heed_log_collector_count_deadly(HeedLogCollector *collector);

/* Whether so much is gathered that it should be handed over. */
bool heed_log_collector_is_full(const HeedLogCollector *collector);

/* What was gathered, into the tally and sums (the caller's); the collector begins anew. */
HeedLogSums *heed_log_collector_finish(HeedLogCollector *collector, HeedLogTally *out_tally);

#endif
