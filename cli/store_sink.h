/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_STORE_SINK_H
#define HEED_CLI_STORE_SINK_H

/*
 * Where the pipeline's batches become rows: for each batch one transaction with its reports, the
 * refolded suppressions and each mailbox's checkpoint. A batch that lost a race is tried again, one
 * whose database went away after reconnecting; doing it twice adds nothing, since reports are known
 * by their digest. A batch that the store refuses is halved until the message at fault is found,
 * and that one goes to quarantine: one bad message stops nothing.
 */

#include "db/checkpoint.h"
#include "db/connection.h"
#include "ingest/pipeline.h"
#include "suppress/guard_statistics.h"
#include "suppress/policy.h"

/* What a run has come to. */
typedef struct HeedRunTotals {
    uint64_t messages;    /* all that were fetched */
    uint64_t new_reports; /* stored now, as the database counts */
    uint64_t known;       /* stored before */
    uint64_t recipients;
    uint64_t unrecognised;
    uint64_t quarantined;
    uint64_t unreadable; /* the server, or the file system, did not give them */
} HeedRunTotals;

typedef struct HeedStoreSink HeedStoreSink;

typedef struct HeedStoreSinkOptions {
    HeedDatabase *database;        /* borrowed */
    const HeedPolicy *policy;      /* established; borrowed */
    const HeedGuardOptions *guard; /* borrowed */
    const GPtrArray *streams;      /* of HeedStreamMatch *; borrowed */
    const GPtrArray *configured;   /* of HeedMailbox *: all there are, for mail that is read again;
                                      borrowed */
    HeedSource *replay; /* borrowed; the mail is read again from here (cli/replay_source.h):
                           replaces what is stored; else NULL */
    const HeedMailbox *const *mailboxes; /* borrowed */
    const HeedCheckpoint *checkpoints;   /* one for each; NULL: none are kept (files) */
    size_t mailbox_count;
} HeedStoreSinkOptions;

/* Copies the options, and borrows what they point to. */
HeedStoreSink *heed_store_sink_new(const HeedStoreSinkOptions *options);
void heed_store_sink_free(HeedStoreSink *sink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedStoreSink, heed_store_sink_free)

/* The functions for heed_pipeline_run(); valid as long as the sink. */
HeedSink heed_store_sink_functions(HeedStoreSink *sink);

/* Over all mailboxes, and the exit status of those that failed (each was logged when it ended). */
const HeedRunTotals *heed_store_sink_totals(const HeedStoreSink *sink);
int heed_store_sink_status(const HeedStoreSink *sink);

/* "12 messages, 1 not a report, 1 quarantined". Caller frees. */
char *heed_run_totals_text(const HeedRunTotals *totals);

#endif
