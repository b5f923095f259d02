/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_PIPELINE_H
#define HEED_INGEST_PIPELINE_H

/*
 * Source → workers → store → acknowledge. The caller's process is the store's: it starts a fetcher
 * a mailbox and parse workers by executing this program again, moves frames between them with
 * back-pressure, gathers their answers in the order of each mailbox into batches, hands the batches
 * to the sink, and only after the sink has committed tells the fetchers to acknowledge. It never
 * looks inside a message. With children, the calling process becomes one that does not interrupt
 * others when it is woken (SCHED_BATCH), and stays it.
 *
 * A mailbox's own trouble is never an error of the pipeline. What a mailbox had handed over before
 * is stored all the same.
 *
 * A worker that dies or is silent for HEED_LIMIT_WORKER_SECONDS is replaced; the message it had in
 * hand is tried once more, alone, and then quarantined. A fetcher that fails or dies ends its own
 * mailbox only.
 */

#include "ingest/mailbox.h"
#include "ingest/source.h"
#include "parsers/arrival.h"
#include "parsers/parser.h"
#include "parsers/token.h"

/*
 * Where batches go: the database, or for `heed parse` the terminal. Called in the caller's process,
 * one at a time, though commit from another thread: mail is read while a batch is stored. An error
 * of resume, known or listed ends that mailbox, one of commit or acknowledged ends all. Each but
 * commit may be NULL: nothing to resume from, nothing known.
 */
typedef struct HeedSink {
    /* A fetcher has opened its mailbox: where to go on. Fills out (caller's, cleared by the
     * pipeline), and out_open, of HeedArrival * with uid and disposition only: stored earlier, not
     * yet acknowledged. NULL: from the start. */
    bool (*resume)(void *data,
                   size_t mailbox,
                   int64_t epoch,
                   HeedResume *out,
                   GPtrArray *out_open,
                   GError **error);
    bool (*known)(
        void *data, size_t mailbox, const GPtrArray *uids, GArray *out_known, GError **error);
    /* The mailbox was asked about with known() from its first message to its last, since resume or
     * the last listed. Not for mailboxes whose position says what is stored. */
    bool (*listed)(void *data, size_t mailbox, GError **error);
    /* Stores a batch (of HeedArrival *, any mailboxes, each mailbox's in its order); returns when
     * it is committed. */
    bool (*commit)(void *data, const GPtrArray *arrivals, GError **error);
    /* The server has acknowledged these (const char *), or has them no more. */
    bool (*acknowledged)(void *data, size_t mailbox, const GPtrArray *uids, GError **error);
    /* With watch: all that the mailbox has now is stored, and it waits for more. Again and again.
     */
    void (*rested)(void *data, size_t mailbox);
    /* A mailbox has ended: error NULL when it went well, HEED_ERROR_CANCELLED when it was stopped
     * before its end. With watch, one that ended with HEED_ERROR_TEMPORARY is opened again later;
     * told to stop before that, it does not end once more.
     * Not called for those still open when heed_pipeline_run() fails. */
    void (*finished)(void *data, size_t mailbox, const GError *error);
    void *data;
} HeedSink;

typedef struct HeedPipelineOptions {
    const HeedMailbox *const *mailboxes; /* borrowed */
    const int64_t *mailbox_ids;          /* one for each; NULL: 0 */
    size_t mailbox_count;
    HeedParserSettings parser;
    const HeedTokenKeys *token_keys; /* borrowed, never given to a child; NULL: none are believed */
    HeedSource *local;      /* NULL, or a source read in this process instead of fetchers: mail from
                               the store itself (reparse, quarantine retry); borrowed */
    bool in_process;        /* no children at all: `heed parse --in-process`, tests, profiling */
    bool files_here;        /* read mailboxes that are paths in this process: no copy between
                               processes; not for pipes, whose silence would be everybody's */
    bool as_json;           /* fill HeedArrival.json instead of .report, and no digest; both are
                               NULL for what no worker could read */
    unsigned workers;       /* 0: one a core */
    bool keep_raw;          /* have the workers compress the mail for the store */
    bool dry_run;           /* acknowledge nothing */
    bool watch;             /* stay and wait for new mail until *stop */
    unsigned watch_seconds; /* without IDLE, look again after so long */
    size_t batch_messages;  /* 0: HEED_LIMIT_BATCH_MESSAGES; 1: each message at once */
    unsigned worker_seconds; /* 0: HEED_LIMIT_WORKER_SECONDS; smaller in tests */
    unsigned stop_seconds;   /* 0: HEED_LIMIT_STOP_SECONDS; smaller in tests */
    const int *stop;         /* set by a signal handler: finish what is in hand, then end */
} HeedPipelineOptions;

/*
 * Runs until every mailbox has ended. The result is false only for what hinders all of it (the sink
 * failed for good, no child can be started); a mailbox's own trouble goes to sink->finished.
 */
bool heed_pipeline_run(const HeedPipelineOptions *options, const HeedSink *sink, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/*
 * What a child does: "fetcher", "worker" or "log", its socket on descriptor HEED_CHILD_FD. main()
 * calls it before anything else when argv[1] is HEED_CHILD_ARGUMENT, and exits with the result.
 */
#define HEED_CHILD_FD       3
#define HEED_CHILD_ARGUMENT "--heed-child"
int heed_pipeline_child(const char *role);

#endif
