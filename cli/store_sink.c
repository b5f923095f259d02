/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_sink.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/database.h"
#include "cli/replay_source.h"
#include "cli/terminal.h"
#include "db/quarantine.h"
#include "db/store.h"
#include "suppress/policy.h"

#include <inttypes.h>
#include <string.h>

/* Lost races of one batch; more than a few in a row mean that something else is wrong. */
#define STORE_MAX_CONFLICTS 12U
/* What is left open by earlier runs is taken up in one go; the rest waits for the next run. */
#define STORE_OPEN_MESSAGES 10000U

/* One mailbox of the run. */
typedef struct Box {
    const HeedMailbox *mailbox; /* borrowed */
    HeedCheckpoint checkpoint;
    HeedKeepRow keep[4];
    HeedRunTotals totals;
    /* uid → disposition + 1, from commit to acknowledgement, where it decides whether the message
     * is still there afterwards; else NULL */
    GHashTable *unacknowledged;
} Box;

struct HeedStoreSink {
    HeedStoreSinkOptions options;
    Box *boxes;
    HeedRunTotals totals;
    int status;
};

static bool
knows_order(const HeedMailbox *mailbox)
{
    return mailbox->protocol == HEED_PROTOCOL_IMAP || mailbox->protocol == HEED_PROTOCOL_MBOX ||
           mailbox->protocol == HEED_PROTOCOL_PATHS;
}

static bool
stays(const HeedMailbox *mailbox, HeedDisposition disposition)
{
    return disposition == HEED_DISPOSITION_UNREADABLE ||
           mailbox->on_done[disposition].what == HEED_ON_DONE_LEAVE ||
           mailbox->on_done[disposition].what == HEED_ON_DONE_SEEN;
}

void
heed_store_sink_keep_rows(const HeedMailbox *mailbox, HeedKeepRow out[4])
{
    for (int i = HEED_DISPOSITION_DONE; i <= HEED_DISPOSITION_QUARANTINED; i++) {
        if (!knows_order(mailbox))
            out[i] = stays(mailbox, (HeedDisposition)i) ? HEED_KEEP_ROW_WHILE_THERE
                                                        : HEED_KEEP_ROW_UNTIL_ACKED;
        else if (mailbox->on_done[i].what == HEED_ON_DONE_LEAVE)
            out[i] = HEED_KEEP_ROW_NEVER;
        else
            out[i] = HEED_KEEP_ROW_UNTIL_ACKED;
    }
    /* Where the position passes over it, the row is what asks for it again. */
    out[HEED_DISPOSITION_UNREADABLE] =
        knows_order(mailbox) ? HEED_KEEP_ROW_UNTIL_ACKED : HEED_KEEP_ROW_NEVER;
}

HeedStoreSink *
heed_store_sink_new(const HeedStoreSinkOptions *options)
{
    HeedStoreSink *sink = g_new0(HeedStoreSink, 1);

    sink->options = *options;
    sink->boxes = g_new0(Box, options->mailbox_count);
    for (size_t i = 0; i < options->mailbox_count; i++) {
        Box *box = &sink->boxes[i];

        box->mailbox = options->mailboxes[i];
        if (options->checkpoints == NULL)
            continue;
        box->checkpoint = options->checkpoints[i];
        heed_store_sink_keep_rows(box->mailbox, box->keep);
        if (!knows_order(box->mailbox))
            box->unacknowledged = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    return sink;
}

void
heed_store_sink_free(HeedStoreSink *sink)
{
    if (sink == NULL)
        return;
    for (size_t i = 0; i < sink->options.mailbox_count; i++)
        g_clear_pointer(&sink->boxes[i].unacknowledged, g_hash_table_unref);
    g_free(sink->boxes);
    g_free(sink);
}

/* The attempts at one piece of work. */
typedef struct Attempts {
    unsigned conflicts;
    unsigned failures;
    int64_t started; /* of the first failure */
} Attempts;

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

/*
 * Whether to try again after the error, which is cleared then: at once after a lost race, after
 * reconnecting when the database went away. One that can be reached but does not take anything
 * (disk full, read-only after a failover) gets the same patience.
 */
static bool
try_again(HeedStoreSink *sink, Attempts *attempts, GError **error)
{
    int64_t now = g_get_monotonic_time();

    if (g_error_matches(*error, HEED_ERROR, HEED_ERROR_CONFLICT) &&
        ++attempts->conflicts < STORE_MAX_CONFLICTS) {
        g_clear_error(error);
        /* Two that collided must not meet again: up to 10, 20, 40 … ms apart. */
        g_usleep((gulong)g_random_int_range(1000, 5000 << MIN(attempts->conflicts, 7)));
        return true;
    }
    if (!g_error_matches(*error, HEED_ERROR, HEED_ERROR_TEMPORARY))
        return false;
    if (attempts->failures == 0)
        attempts->started = now;
    if (now - attempts->started > (int64_t)HEED_CLI_PATIENCE_SECONDS * G_USEC_PER_SEC)
        return false;
    heed_progress_clear();
    if (attempts->failures++ == 0)
        heed_log(HEED_LOG_WARNING, "%s; trying again for %u seconds", (*error)->message,
                 HEED_CLI_PATIENCE_SECONDS);
    else
        g_usleep(G_USEC_PER_SEC); /* reachable, yet it failed again */
    g_clear_error(error);
    if (!heed_database_reconnect(sink->options.database, error))
        return false;
    lease_again(sink);
    return true;
}

static Box *
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
        Box *box = &sink->boxes[i];
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

    if (transaction == NULL ||
        !(sink->options.replay != NULL ? heed_store_replace(database, arrivals, out, error)
                                       : heed_store_insert(database, arrivals, out, error)) ||
        !heed_policy_fold(database, sink->options.policy_version, out->addresses, error) ||
        !save_checkpoints(sink, arrivals, error) ||
        (sink->options.replay != NULL && !heed_quarantine_settle(database, arrivals, error)))
        return false;
    HEED_FAULT("store.before-commit");
    if (!heed_transaction_commit(transaction, error))
        return false;
    HEED_FAULT("store.after-commit");
    return true;
}

static void
report_unreadable(const Box *box, const HeedArrival *arrival)
{
    const char *why = arrival->detail != NULL ? arrival->detail : arrival->reason;

    heed_progress_clear();
    heed_log(HEED_LOG_WARNING, "%s: %s", box != NULL ? box->mailbox->name : "store",
             why != NULL ? why : "a message could not be read");
}

static void
count(HeedStoreSink *sink, const GPtrArray *arrivals, const HeedStored *stored)
{
    sink->totals.new_reports += stored->new_reports;
    sink->totals.known += stored->known_reports;
    sink->totals.recipients += stored->events;
    for (size_t i = 0; i < arrivals->len; i++) {
        const HeedArrival *arrival = arrivals->pdata[i];
        Box *box = box_of(sink, arrival);
        HeedRunTotals *totals[] = {&sink->totals, box != NULL ? &box->totals : NULL};

        if (arrival->disposition == HEED_DISPOSITION_UNREADABLE)
            report_unreadable(box, arrival);
        for (size_t j = 0; j < G_N_ELEMENTS(totals) && totals[j] != NULL; j++) {
            totals[j]->messages++;
            totals[j]->unrecognised += arrival->disposition == HEED_DISPOSITION_UNRECOGNISED;
            totals[j]->quarantined += arrival->disposition == HEED_DISPOSITION_QUARANTINED;
            totals[j]->unreadable += arrival->disposition == HEED_DISPOSITION_UNREADABLE;
        }
        if (box != NULL && box->unacknowledged != NULL && arrival->uid != NULL)
            (void)g_hash_table_replace(box->unacknowledged, g_strdup(arrival->uid),
                                       GINT_TO_POINTER((int)arrival->disposition + 1));
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
 * until somebody does. */
static void
quarantine(HeedArrival *arrival, const GError *error)
{
    g_clear_pointer(&arrival->report, heed_report_free);
    arrival->disposition = HEED_DISPOSITION_QUARANTINED;
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
    Attempts attempts = {0};
    g_autoptr(GError) reason = NULL;
    HeedArrival *first = arrivals->pdata[0];

    do {
        g_auto(HeedStored) stored = {0};

        if (store_once(sink, arrivals, &stored, &reason)) {
            count(sink, arrivals, &stored);
            return true;
        }
    } while (try_again(sink, &attempts, &reason));
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

    for (size_t i = 0; i < arrivals->len && sink->options.replay != NULL; i++)
        heed_replay_source_complete(sink->options.replay, arrivals->pdata[i]);
    if (arrivals->len > 0 && !store(sink, arrivals, error))
        return false;
    heed_progress("%" PRIu64 " messages, %" PRIu64 " new reports", sink->totals.messages,
                  sink->totals.new_reports);
    return true;
}

static bool
load_open(HeedStoreSink *sink, Box *box, HeedResume *out, GPtrArray *out_open, GError **error)
{
    g_autoptr(GPtrArray) open = heed_checkpoint_open_messages(
        sink->options.database, &box->checkpoint, STORE_OPEN_MESSAGES, error);

    if (open == NULL)
        return false;
    for (size_t i = 0; i < open->len; i++) {
        const HeedOpenMessage *message = open->pdata[i];
        g_autoptr(HeedArrival) arrival = NULL;

        if (message->disposition == HEED_DISPOSITION_UNREADABLE) {
            if (out->unreadable == NULL)
                out->unreadable = g_ptr_array_new_with_free_func(g_free);
            g_ptr_array_add(out->unreadable, g_strdup(message->uid));
            continue;
        }
        arrival = heed_arrival_new();
        arrival->uid = g_strdup(message->uid);
        arrival->disposition = message->disposition;
        if (box->unacknowledged != NULL)
            (void)g_hash_table_replace(box->unacknowledged, g_strdup(message->uid),
                                       GINT_TO_POINTER((int)message->disposition + 1));
        g_ptr_array_add(out_open, g_steal_pointer(&arrival));
    }
    return true;
}

static bool
resume_once(HeedStoreSink *sink,
            Box *box,
            int64_t epoch,
            HeedResume *out,
            GPtrArray *out_open,
            GError **error)
{
    if (box->checkpoint.epoch != epoch) {
        if (!heed_checkpoint_set_epoch(sink->options.database, box->checkpoint.mailbox_id, epoch,
                                       error))
            return false;
        box->checkpoint.epoch = epoch;
        box->checkpoint.position = 0;
    }
    out->epoch = epoch;
    out->position = box->checkpoint.position;
    return load_open(sink, box, out, out_open, error);
}

static bool
on_resume(
    void *data, size_t mailbox, int64_t epoch, HeedResume *out, GPtrArray *out_open, GError **error)
{
    HeedStoreSink *sink = data;
    Attempts attempts = {0};
    Box *box;

    if (mailbox >= sink->options.mailbox_count || sink->boxes[mailbox].checkpoint.mailbox_id == 0) {
        out->epoch = epoch;
        return true;
    }
    box = &sink->boxes[mailbox];
    for (;;) {
        g_autoptr(GError) reason = NULL;

        if (resume_once(sink, box, epoch, out, out_open, &reason))
            return true;
        if (!try_again(sink, &attempts, &reason)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return false;
        }
        g_ptr_array_set_size(out_open, 0);
        g_clear_pointer(&out->unreadable, g_ptr_array_unref);
    }
}

static bool
on_known(void *data, size_t mailbox, const GPtrArray *uids, GArray *out_known, GError **error)
{
    HeedStoreSink *sink = data;
    Attempts attempts = {0};

    if (mailbox >= sink->options.mailbox_count || sink->boxes[mailbox].checkpoint.mailbox_id == 0) {
        g_array_set_size(out_known, 0);
        g_array_set_size(out_known, uids->len);
        if (uids->len > 0)
            memset(out_known->data, 0, uids->len * sizeof(bool));
        return true;
    }
    for (;;) {
        g_autoptr(GError) reason = NULL;

        if (heed_checkpoint_known(sink->options.database, &sink->boxes[mailbox].checkpoint, uids,
                                  out_known, &reason))
            return true;
        if (!try_again(sink, &attempts, &reason)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return false;
        }
        g_array_set_size(out_known, 0);
    }
}

static bool
acknowledge(HeedStoreSink *sink, Box *box, const GPtrArray *uids, bool stay, GError **error)
{
    Attempts attempts = {0};

    if (uids->len == 0)
        return true;
    for (;;) {
        g_autoptr(GError) reason = NULL;

        if (heed_checkpoint_acknowledged(sink->options.database, &box->checkpoint, uids, stay,
                                         &reason))
            return true;
        if (!try_again(sink, &attempts, &reason)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return false;
        }
    }
}

static bool
on_acknowledged(void *data, size_t mailbox, const GPtrArray *uids, GError **error)
{
    HeedStoreSink *sink = data;
    g_autoptr(GPtrArray) gone = g_ptr_array_new();
    g_autoptr(GPtrArray) there = g_ptr_array_new();
    Box *box;

    if (mailbox >= sink->options.mailbox_count || sink->boxes[mailbox].checkpoint.mailbox_id == 0)
        return true;
    box = &sink->boxes[mailbox];
    for (size_t i = 0; i < uids->len; i++) {
        const char *uid = uids->pdata[i];
        int noted = box->unacknowledged == NULL
                        ? 0
                        : GPOINTER_TO_INT(g_hash_table_lookup(box->unacknowledged, uid));
        bool stay = noted > 0 && stays(box->mailbox, (HeedDisposition)(noted - 1));

        g_ptr_array_add(stay ? there : gone, uids->pdata[i]);
    }
    if (!acknowledge(sink, box, gone, false, error) || !acknowledge(sink, box, there, true, error))
        return false;
    for (size_t i = 0; i < uids->len && box->unacknowledged != NULL; i++)
        (void)g_hash_table_remove(box->unacknowledged, uids->pdata[i]);
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

static void
on_finished(void *data, size_t mailbox, const GError *error)
{
    HeedStoreSink *sink = data;
    g_autofree char *text = NULL;
    g_autoptr(GError) ignored = NULL;
    Box *box;

    if (mailbox >= sink->options.mailbox_count)
        return;
    box = &sink->boxes[mailbox];
    heed_progress_clear();
    text = heed_run_totals_text(&box->totals);
    if (error != NULL) {
        heed_log(HEED_LOG_ERROR, "mailbox '%s': %s", box->mailbox->name, error->message);
        sink->status = heed_exit_status_worse(sink->status, heed_error_exit_status(error));
    } else if (box->checkpoint.mailbox_id != 0) {
        heed_log(HEED_LOG_NOTICE, "mailbox '%s': %s", box->mailbox->name, text);
    }
    /* Only what `heed status` shows; the run itself is stored. */
    if (box->checkpoint.mailbox_id != 0 &&
        !heed_checkpoint_finish(sink->options.database, box->checkpoint.mailbox_id,
                                error != NULL ? error->message : NULL, &ignored))
        heed_log(HEED_LOG_DEBUG, "mailbox '%s': %s", box->mailbox->name, ignored->message);
}

HeedSink
heed_store_sink_functions(HeedStoreSink *sink)
{
    return (HeedSink){.resume = on_resume,
                      .known = on_known,
                      .commit = on_commit,
                      .acknowledged = on_acknowledged,
                      .finished = on_finished,
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
    return sink->status;
}
