/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dry_run.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "db/checkpoint.h"
#include "ingest/streams.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

typedef struct DryRun {
    HeedDatabase *database; /* borrowed; NULL: there is none */
    const HeedConfig *config;
    const HeedPipelineOptions *pipeline;
    HeedCheckpoint *checkpoints; /* one a mailbox; zeros without a database */
    uint64_t messages;
    bool silent;
    int stop; /* set after the first batch of a trial */
    int status;
} DryRun;

/* Finding a checkpoint makes its row where there is none; rolled back, nothing is changed. */
static bool
load_checkpoints(DryRun *run, GError **error)
{
    for (size_t i = 0; run->database != NULL && i < run->pipeline->mailbox_count; i++) {
        const HeedMailbox *mailbox = run->pipeline->mailboxes[i];
        g_autofree char *url = heed_mailbox_url(mailbox);
        g_autoptr(HeedTransaction) transaction = NULL;

        if (mailbox->protocol == HEED_PROTOCOL_PATHS)
            continue;
        transaction = heed_transaction_begin(run->database, error);
        if (transaction == NULL ||
            !heed_checkpoint_load(run->database, mailbox->name, url, &run->checkpoints[i], error))
            return false;
    }
    return true;
}

static bool
on_resume(
    void *data, size_t mailbox, int64_t epoch, HeedResume *out, GPtrArray *out_open, GError **error)
{
    const DryRun *run = data;
    HeedCheckpoint *checkpoint = &run->checkpoints[mailbox];

    (void)out_open;
    (void)error;
    out->epoch = epoch;
    out->position = checkpoint->epoch == epoch ? checkpoint->position : 0;
    checkpoint->epoch = epoch;
    return true;
}

static bool
on_known(void *data, size_t mailbox, const GPtrArray *uids, GArray *out_known, GError **error)
{
    const DryRun *run = data;

    if (run->checkpoints[mailbox].mailbox_id != 0)
        return heed_checkpoint_known(run->database, &run->checkpoints[mailbox], uids, out_known,
                                     error);
    g_array_set_size(out_known, uids->len);
    if (uids->len > 0)
        memset(out_known->data, 0, uids->len * sizeof(bool));
    return true;
}

static void
print_line(const HeedArrival *arrival, const char *kind, const HeedRecipient *recipient)
{
    g_autofree char *source = heed_terminal_clean(arrival->source);
    g_autofree char *address = heed_terminal_clean(recipient != NULL ? recipient->address : NULL);
    g_autofree char *stream = heed_terminal_clean(arrival->stream != NULL ? arrival->stream : "");
    const char *verdict = recipient == NULL ? NULL : heed_verdict_name(recipient->verdict);
    const char *reason = recipient == NULL ? NULL : heed_class_name(recipient->class_);
    const char *trust = arrival->report == NULL ? NULL : heed_trust_name(arrival->report->trust);

    (void)printf("%s  %-12s  %-13s  %-11s  %-17s  %s%s%s\n", source, kind,
                 trust != NULL ? trust : "-", verdict != NULL ? verdict : "-",
                 reason != NULL ? reason : "-", address, *stream != '\0' ? "  in " : "", stream);
}

static void
print_arrival(const HeedArrival *arrival)
{
    if (arrival->report == NULL) {
        print_line(arrival,
                   arrival->disposition == HEED_DISPOSITION_QUARANTINED ? "quarantine"
                                                                        : "unreadable",
                   NULL);
        return;
    }
    for (size_t i = 0; i < arrival->report->recipients->len; i++)
        print_line(arrival, heed_kind_name(arrival->report->kind),
                   &g_array_index(arrival->report->recipients, HeedRecipient, i));
    if (arrival->report->recipients->len == 0)
        print_line(arrival, heed_kind_name(arrival->report->kind), NULL);
}

static void
note_unreadable(DryRun *run, const HeedArrival *arrival)
{
    heed_log(HEED_LOG_ERROR, "%s", arrival->detail != NULL ? arrival->detail : arrival->reason);
    run->status =
        heed_exit_status_worse(run->status, arrival->mailbox != NULL ? EX_TEMPFAIL : EX_NOINPUT);
}

static bool
on_commit(void *data, const GPtrArray *arrivals, GError **error)
{
    DryRun *run = data;

    for (size_t i = 0; i < arrivals->len && !run->silent; i++) {
        const HeedArrival *arrival = arrivals->pdata[i];

        heed_stream_decide(run->config->streams, run->config->mailboxes, arrivals->pdata[i]);
        print_arrival(arrival);
        if (arrival->disposition == HEED_DISPOSITION_UNREADABLE)
            note_unreadable(run, arrival);
    }
    run->stop = 1;
    run->messages += arrivals->len;
    return heed_output_flush(error);
}

static void
on_finished(void *data, size_t mailbox, const GError *error)
{
    DryRun *run = data;

    if (error == NULL || (run->silent && g_error_matches(error, HEED_ERROR, HEED_ERROR_CANCELLED)))
        return; /* a trial ends itself */
    heed_log(HEED_LOG_ERROR, "mailbox '%s': %s", run->pipeline->mailboxes[mailbox]->name,
             error->message);
    run->status = heed_exit_status_worse(run->status, heed_error_exit_status(error));
}

static HeedSink
sink_of(DryRun *run)
{
    return (HeedSink){.resume = on_resume,
                      .known = on_known,
                      .commit = on_commit,
                      .finished = on_finished,
                      .data = run};
}

int
heed_cli_try(HeedPipelineOptions *pipeline, GError **error)
{
    g_autofree HeedCheckpoint *checkpoints = g_new0(HeedCheckpoint, pipeline->mailbox_count);
    DryRun run = {.pipeline = pipeline, .checkpoints = checkpoints, .silent = true};
    const HeedSink sink = sink_of(&run);

    pipeline->dry_run = true;
    pipeline->keep_raw = false;
    pipeline->batch_messages = 1;
    pipeline->stop = &run.stop;
    if (!heed_pipeline_run(pipeline, &sink, error))
        return run.status;
    heed_log(HEED_LOG_DEBUG, "the mailbox gave %" PRIu64 " messages", run.messages);
    return run.status;
}

int
heed_cli_dry_run(HeedDatabase *database,
                 const HeedConfig *config,
                 HeedPipelineOptions *pipeline,
                 GError **error)
{
    g_autofree HeedCheckpoint *checkpoints = g_new0(HeedCheckpoint, pipeline->mailbox_count);
    DryRun run = {
        .database = database, .config = config, .pipeline = pipeline, .checkpoints = checkpoints};
    const HeedSink sink = sink_of(&run);

    pipeline->dry_run = true;
    pipeline->keep_raw = false;
    if (!load_checkpoints(&run, error) || !heed_pipeline_run(pipeline, &sink, error))
        return run.status;
    heed_log(HEED_LOG_NOTICE, "%" PRIu64 " messages looked at; nothing was changed", run.messages);
    return run.status;
}
