/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_sink.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/replay_source.h"
#include "cli/store_state.h"
#include "cli/terminal.h"
#include "db/store.h"
#include "ingest/streams.h"
#include "parsers/report.h"
#include "suppress/guard.h"
#include "suppress/policy.h"

#include <inttypes.h>

bool
heed_store_box_knows_order(const HeedMailbox *mailbox)
{
    return mailbox->protocol == HEED_PROTOCOL_IMAP || mailbox->protocol == HEED_PROTOCOL_MBOX ||
           mailbox->protocol == HEED_PROTOCOL_PATHS;
}

bool
heed_store_box_stays(const HeedMailbox *mailbox, HeedDisposition disposition)
{
    return disposition == HEED_DISPOSITION_UNREADABLE ||
           mailbox->on_done[disposition].what == HEED_ON_DONE_LEAVE ||
           mailbox->on_done[disposition].what == HEED_ON_DONE_SEEN;
}

/* How the rows of a mailbox's messages are kept, by disposition. */
static void
keep_rows(const HeedMailbox *mailbox, HeedKeepRow out[4])
{
    for (int i = HEED_DISPOSITION_DONE; i <= HEED_DISPOSITION_QUARANTINED; i++) {
        if (mailbox->on_done[i].what != HEED_ON_DONE_LEAVE)
            out[i] = HEED_KEEP_ROW_UNTIL_ACKED;
        else
            out[i] = heed_store_box_knows_order(mailbox) ? HEED_KEEP_ROW_NEVER
                                                         : HEED_KEEP_ROW_WHILE_THERE;
    }
    /* Where the position passes over it, the row is what asks for it again. */
    out[HEED_DISPOSITION_UNREADABLE] =
        heed_store_box_knows_order(mailbox) ? HEED_KEEP_ROW_UNTIL_ACKED : HEED_KEEP_ROW_NEVER;
}

HeedStoreSink *
heed_store_sink_new(const HeedStoreSinkOptions *options)
{
    HeedStoreSink *sink = g_new0(HeedStoreSink, 1);

    sink->options = *options;
    sink->boxes = g_new0(HeedStoreBox, options->mailbox_count);
    for (size_t i = 0; i < options->mailbox_count; i++) {
        HeedStoreBox *box = &sink->boxes[i];

        box->mailbox = options->mailboxes[i];
        if (options->checkpoints == NULL)
            continue;
        box->checkpoint = options->checkpoints[i];
        keep_rows(box->mailbox, box->keep);
        if (!heed_store_box_knows_order(box->mailbox))
            box->unacknowledged = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    return sink;
}

void
heed_store_sink_free(HeedStoreSink *sink)
{
    if (sink == NULL)
        return;
    for (size_t i = 0; i < sink->options.mailbox_count; i++) {
        g_clear_pointer(&sink->boxes[i].unacknowledged, g_hash_table_unref);
        heed_store_listing_clear(&sink->boxes[i].listing);
        g_free(sink->boxes[i].unreadable);
    }
    g_free(sink->boxes);
    g_free(sink);
}

/* Leases end with the session; somebody else's by now is no harm, since reports are stored once. */
static void
lease_again(HeedStoreSink *sink)
{
    for (size_t i = 0; i < sink->options.mailbox_count; i++) {
        g_autoptr(GError) ignored = NULL;
        bool mine = false;

        if (sink->boxes[i].checkpoint.mailbox_id != 0 &&
            !heed_checkpoint_lease(sink->options.database, sink->boxes[i].checkpoint.mailbox_id,
                                   &mine, &ignored))
            heed_log(HEED_LOG_DEBUG, "lease: %s", ignored->message);
    }
}

bool
heed_store_sink_try_again(HeedStoreSink *sink, HeedAttempts *attempts, GError **error)
{
    bool reconnected;

    if (!heed_cli_try_again(sink->options.database, attempts, &reconnected, error))
        return false;
    if (reconnected)
        lease_again(sink);
    return true;
}

static HeedStoreBox *
box_of(HeedStoreSink *sink, const HeedArrival *arrival)
{
    for (size_t i = 0; i < sink->options.mailbox_count; i++)
        if (sink->boxes[i].checkpoint.mailbox_id == arrival->mailbox_id)
            return &sink->boxes[i];
    return NULL;
}

/* Moves each mailbox's checkpoint past its arrivals of this batch. */
static bool
save_checkpoints(HeedStoreSink *sink, const GPtrArray *arrivals, GError **error)
{
    for (size_t i = 0; i < sink->options.mailbox_count; i++) {
        HeedStoreBox *box = &sink->boxes[i];
        g_autoptr(GPtrArray) own = g_ptr_array_new();

        if (box->checkpoint.mailbox_id == 0)
            continue;
        for (size_t j = 0; j < arrivals->len; j++) {
            HeedArrival *arrival = arrivals->pdata[j];

            if (arrival->mailbox_id == box->checkpoint.mailbox_id)
                g_ptr_array_add(own, arrival);
        }
        if (own->len > 0 &&
            !heed_checkpoint_save(sink->options.database, box->checkpoint.mailbox_id, own,
                                  box->keep, error))
            return false;
    }
    return true;
}

static bool
store_once(HeedStoreSink *sink, const GPtrArray *arrivals, HeedStored *out, GError **error)
{
    HeedDatabase *database = sink->options.database;
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, error);
    unsigned holds = 0;

    if (transaction == NULL ||
        !(sink->options.replay != NULL ? heed_store_replace(database, arrivals, out, error)
                                       : heed_store_insert(database, arrivals, out, error)) ||
        !heed_guard_watch(database, sink->options.guard, HEED_DATE_UNKNOWN, out->addresses, &holds,
                          error) ||
        !heed_policy_fold(database, sink->options.policy, out->addresses, error) ||
        !save_checkpoints(sink, arrivals, error))
        return false;
    HEED_FAULT("store.before-commit");
    if (!heed_transaction_commit(transaction, error))
        return false;
    HEED_FAULT("store.after-commit");
    if (holds > 0)
        heed_log(HEED_LOG_WARNING,
                 "a surge of hard failures: its addresses are paused and not suppressed; "
                 "heed suppress review shows it");
    return true;
}

/* A file of the command line is named at once; what a mailbox did not give is told when it ends,
 * once. */
static void
note_unreadable(HeedStoreBox *box, const HeedArrival *arrival)
{
    const char *why = arrival->detail != NULL ? arrival->detail : arrival->reason;

    if (box != NULL && box->checkpoint.mailbox_id != 0) {
        g_free(box->unreadable);
        box->unreadable = g_strdup(why);
        return;
    }
    heed_progress_clear();
    heed_log(HEED_LOG_ERROR, "%s", why != NULL ? why : "a message could not be read");
}

static void
count(HeedStoreSink *sink, const GPtrArray *arrivals, const HeedStored *stored)
{
    sink->totals.new_reports += stored->new_reports;
    sink->totals.known += stored->known_reports;
    sink->totals.recipients += stored->events;
    for (size_t i = 0; i < arrivals->len; i++) {
        const HeedArrival *arrival = arrivals->pdata[i];
        HeedStoreBox *box = box_of(sink, arrival);
        HeedRunTotals *totals[] = {&sink->totals, box != NULL ? &box->totals : NULL};

        if (arrival->disposition == HEED_DISPOSITION_UNREADABLE)
            note_unreadable(box, arrival);
        /* Where a mailbox that is opened again in this run goes on. */
        if (box != NULL && arrival->epoch == box->checkpoint.epoch)
            box->checkpoint.position = MAX(box->checkpoint.position, arrival->position);
        for (size_t j = 0; j < G_N_ELEMENTS(totals) && totals[j] != NULL; j++) {
            totals[j]->messages++;
            totals[j]->unrecognised += arrival->disposition == HEED_DISPOSITION_UNRECOGNISED;
            totals[j]->quarantined += arrival->disposition == HEED_DISPOSITION_QUARANTINED;
            totals[j]->unreadable += arrival->disposition == HEED_DISPOSITION_UNREADABLE;
        }
        if (box != NULL && box->unacknowledged != NULL && arrival->uid != NULL)
            (void)g_hash_table_replace(box->unacknowledged, g_strdup(arrival->uid),
                                       GINT_TO_POINTER((int)arrival->disposition + 1));
        if (box != NULL && arrival->disposition != HEED_DISPOSITION_UNREADABLE &&
            heed_store_box_stays(box->mailbox, arrival->disposition))
            box->listing.left++;
    }
}

/* What is not the batch's fault is not mended by taking it apart. */
static bool
may_be_one_message(const GError *error)
{
    return g_error_matches(error, HEED_ERROR, HEED_ERROR_INTERNAL) ||
           g_error_matches(error, HEED_ERROR, HEED_ERROR_DATA) ||
           g_error_matches(error, HEED_ERROR, HEED_ERROR_LIMIT);
}

/* The database takes this report in no way: its mail is kept, its content is not looked at again
 * until somebody does. Where we have not got its mail (raw-days = 0), it stays where it is. */
static void
quarantine(HeedArrival *arrival, const GError *error)
{
    g_clear_pointer(&arrival->report, heed_report_free);
    arrival->disposition =
        arrival->compressed != NULL ? HEED_DISPOSITION_QUARANTINED : HEED_DISPOSITION_UNREADABLE;
    g_free(arrival->reason);
    arrival->reason = g_strdup("store-refused");
    g_free(arrival->detail);
    arrival->detail = g_strdup(error->message);
}

static bool store(HeedStoreSink *sink, const GPtrArray *arrivals, GError **error);

static bool
store_apart(HeedStoreSink *sink, const GPtrArray *arrivals, GError **error)
{
    g_autoptr(GPtrArray) half = g_ptr_array_new();

    for (size_t i = 0; i < arrivals->len; i++) {
        g_ptr_array_add(half, arrivals->pdata[i]);
        if (i + 1 == arrivals->len / 2 || i + 1 == arrivals->len) {
            if (!store(sink, half, error))
                return false;
            g_ptr_array_set_size(half, 0);
        }
    }
    return true;
}

static bool
store(HeedStoreSink *sink, const GPtrArray *arrivals, GError **error)
{
    HeedAttempts attempts = {0};
    g_autoptr(GError) reason = NULL;
    HeedArrival *first = arrivals->pdata[0];

    do {
        g_auto(HeedStored) stored = {0};

        if (store_once(sink, arrivals, &stored, &reason)) {
            count(sink, arrivals, &stored);
            return true;
        }
    } while (heed_store_sink_try_again(sink, &attempts, &reason));
    if (may_be_one_message(reason) && arrivals->len > 1)
        return store_apart(sink, arrivals, error);
    if (may_be_one_message(reason) && first->disposition <= HEED_DISPOSITION_UNRECOGNISED) {
        quarantine(first, reason);
        return store(sink, arrivals, error);
    }
    g_propagate_error(error, g_steal_pointer(&reason));
    return false;
}

static bool
on_commit(void *data, const GPtrArray *arrivals, GError **error)
{
    HeedStoreSink *sink = data;

    for (size_t i = 0; i < arrivals->len; i++) {
        HeedArrival *arrival = arrivals->pdata[i];

        if (sink->options.replay != NULL)
            heed_replay_source_complete(sink->options.replay, arrival);
        heed_stream_decide(sink->options.streams, sink->options.configured, arrival);
    }
    if (arrivals->len > 0 && !store(sink, arrivals, error))
        return false;
    heed_progress("%" PRIu64 " messages, %" PRIu64 " new reports", sink->totals.messages,
                  sink->totals.new_reports);
    return true;
}

char *
heed_run_totals_text(const HeedRunTotals *totals)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%" PRIu64 " %s", totals->messages,
                           totals->messages == 1 ? "message" : "messages");
    if (totals->unrecognised > 0)
        g_string_append_printf(text, ", %" PRIu64 " not a report", totals->unrecognised);
    if (totals->quarantined > 0)
        g_string_append_printf(text, ", %" PRIu64 " quarantined", totals->quarantined);
    if (totals->unreadable > 0)
        g_string_append_printf(text, ", %" PRIu64 " not to be had", totals->unreadable);
    return g_string_free(text, FALSE);
}

HeedSink
heed_store_sink_functions(HeedStoreSink *sink)
{
    return (HeedSink){.resume = heed_store_mailbox_resume,
                      .known = heed_store_mailbox_known,
                      .listed = heed_store_mailbox_listed,
                      .commit = on_commit,
                      .acknowledged = heed_store_mailbox_acknowledged,
                      .rested = heed_store_mailbox_rested,
                      .finished = heed_store_mailbox_finished,
                      .data = sink};
}

const HeedRunTotals *
heed_store_sink_totals(const HeedStoreSink *sink)
{
    return &sink->totals;
}

int
heed_store_sink_status(const HeedStoreSink *sink)
{
    int status = sink->status;

    for (size_t i = 0; i < sink->options.mailbox_count; i++)
        status = heed_exit_status_worse(status, sink->boxes[i].status);
    return status;
}
