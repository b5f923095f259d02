/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_LOG_STORE_H
#define HEED_CLI_LOG_STORE_H

/*
 * Where what was read of a log becomes rows: for each stretch of it one transaction with its
 * failures, the refolded suppressions, the counts and the place up to which it is read. A stretch
 * that lost a race is tried again, one whose database went away after reconnecting; that it may
 * have been stored after all shows in the place.
 */

#include "cli/config.h"
#include "db/connection.h"
#include "ingest/log_job.h"

/* What a run has come to. */
typedef struct HeedLogTotals {
    HeedLogTally tally;
    uint64_t new_reports; /* stored now, as the database counts */
    uint64_t known;       /* stored before */
} HeedLogTotals;

typedef struct HeedLogStore {
    HeedDatabase *database;   /* borrowed; policy established */
    const HeedConfig *config; /* borrowed */
    const char *log;          /* NULL: by hand */
    const char *source;       /* for people: the log's name, or the path */
    const char *stream;       /* NULL: none */
    HeedLogTotals totals;
    /* The file in hand: */
    int64_t log_file_id;
    uint64_t position; /* as it stands in the database, as far as this process knows */
    int64_t before_id; /* the file before it, whose state goes over to this one; 0: none */
    bool overtaken;    /* somebody else has read on */
    GError *refusal;   /* owned; why the database refused the first failure of it; NULL: none */
} HeedLogStore;

/* Stores a batch of the file in hand. A failure that the database takes in no way is left out, and
 * counted as refused in batch's tally. HEED_ERROR_CANCELLED with overtaken set when somebody else
 * has read on. */
bool heed_log_store_batch(HeedLogStore *store, HeedLogBatch *batch, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
