/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_state.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/terminal.h"

#include <string.h>
#include <sysexits.h>

/* What is left open by earlier runs is taken up in one go; the rest waits for the next run. */
#define STORE_OPEN_MESSAGES 10000U

/* A watched mailbox is said to be well at most so often. */
#define STORE_REST_SECONDS 60

static bool
load_open(
    HeedStoreSink *sink, HeedStoreBox *box, HeedResume *out, GPtrArray *out_open, GError **error)
{
    g_autoptr(GPtrArray) open = heed_checkpoint_open_messages(
        sink->options.database, &box->checkpoint, STORE_OPEN_MESSAGES, error);

    if (open == NULL)
        return false;
    for (size_t i = 0; i < open->len; i++) {
        const HeedKnownMessage *message = open->pdata[i];
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
            HeedStoreBox *box,
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

bool
heed_store_mailbox_resume(
    void *data, size_t mailbox, int64_t epoch, HeedResume *out, GPtrArray *out_open, GError **error)
{
    HeedStoreSink *sink = data;
    HeedAttempts attempts = {0};
    HeedStoreBox *box;

    if (mailbox >= sink->options.mailbox_count || sink->boxes[mailbox].checkpoint.mailbox_id == 0) {
        out->epoch = epoch;
        return true;
    }
    box = &sink->boxes[mailbox];
    heed_store_listing_begin(&box->listing);
    for (;;) {
        g_autoptr(GError) reason = NULL;

        if (resume_once(sink, box, epoch, out, out_open, &reason))
            return true;
        if (!heed_store_sink_try_again(sink, &attempts, &reason)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return false;
        }
        g_ptr_array_set_size(out_open, 0);
        g_clear_pointer(&out->unreadable, g_ptr_array_unref);
    }
}

bool
heed_store_mailbox_known(
    void *data, size_t mailbox, const GPtrArray *uids, GArray *out_known, GError **error)
{
    HeedStoreSink *sink = data;
    HeedAttempts attempts = {0};

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
                                  out_known, &reason)) {
            heed_store_listing_add(&sink->boxes[mailbox].listing, uids, out_known);
            return true;
        }
        if (!heed_store_sink_try_again(sink, &attempts, &reason)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return false;
        }
        g_array_set_size(out_known, 0);
    }
}

bool
heed_store_mailbox_listed(void *data, size_t mailbox, GError **error)
{
    HeedStoreSink *sink = data;
    HeedAttempts attempts = {0};
    HeedStoreBox *box;

    if (mailbox >= sink->options.mailbox_count || sink->boxes[mailbox].checkpoint.mailbox_id == 0 ||
        heed_store_box_knows_order(sink->boxes[mailbox].mailbox))
        return true;
    box = &sink->boxes[mailbox];
    for (;;) {
        g_autoptr(GError) reason = NULL;

        if (heed_store_listing_end(&box->listing, sink->options.database, &box->checkpoint,
                                   &reason))
            break;
        if (!heed_store_sink_try_again(sink, &attempts, &reason)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return false;
        }
    }
    heed_store_listing_begin(&box->listing);
    return true;
}

static bool
acknowledge(
    HeedStoreSink *sink, HeedStoreBox *box, const GPtrArray *uids, bool stay, GError **error)
{
    HeedAttempts attempts = {0};

    if (uids->len == 0)
        return true;
    for (;;) {
        g_autoptr(GError) reason = NULL;

        if (heed_checkpoint_acknowledged(sink->options.database, &box->checkpoint, uids, stay,
                                         &reason))
            return true;
        if (!heed_store_sink_try_again(sink, &attempts, &reason)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return false;
        }
    }
}

bool
heed_store_mailbox_acknowledged(void *data, size_t mailbox, const GPtrArray *uids, GError **error)
{
    HeedStoreSink *sink = data;
    g_autoptr(GPtrArray) gone = g_ptr_array_new();
    g_autoptr(GPtrArray) there = g_ptr_array_new();
    HeedStoreBox *box;

    if (mailbox >= sink->options.mailbox_count || sink->boxes[mailbox].checkpoint.mailbox_id == 0)
        return true;
    box = &sink->boxes[mailbox];
    for (size_t i = 0; i < uids->len; i++) {
        const char *uid = uids->pdata[i];
        int noted = box->unacknowledged == NULL
                        ? 0
                        : GPOINTER_TO_INT(g_hash_table_lookup(box->unacknowledged, uid));
        bool stay = noted > 0 && heed_store_box_stays(box->mailbox, (HeedDisposition)(noted - 1));

        g_ptr_array_add(stay ? there : gone, uids->pdata[i]);
    }
    if (!acknowledge(sink, box, gone, false, error) || !acknowledge(sink, box, there, true, error))
        return false;
    for (size_t i = 0; i < uids->len && box->unacknowledged != NULL; i++)
        (void)g_hash_table_remove(box->unacknowledged, uids->pdata[i]);
    return true;
}

static void
note_end(HeedStoreSink *sink, const HeedStoreBox *box, const char *message)
{
    g_autoptr(GError) ignored = NULL;

    /* Only what `heed status` shows; the run itself is stored. */
    if (box->checkpoint.mailbox_id != 0 &&
        !heed_checkpoint_finish(sink->options.database, box->checkpoint.mailbox_id, message,
                                &ignored))
        heed_log(HEED_LOG_DEBUG, "mailbox '%s': %s", box->mailbox->name, ignored->message);
}

void
heed_store_mailbox_rested(void *data, size_t mailbox)
{
    HeedStoreSink *sink = data;
    int64_t now = g_get_monotonic_time();
    HeedStoreBox *box;

    if (mailbox >= sink->options.mailbox_count)
        return;
    box = &sink->boxes[mailbox];
    if (box->status != EX_OK)
        heed_log(HEED_LOG_NOTICE, "mailbox '%s': is read again", box->mailbox->name);
    else if (box->rested_at != 0 && now - box->rested_at < STORE_REST_SECONDS * G_USEC_PER_SEC)
        return;
    box->status = EX_OK;
    box->rested_at = now;
    note_end(sink, box, NULL);
}

/* One line a mailbox, and a second one only for what went wrong within a run that went well. */
static void
report(const HeedStoreBox *box, const GError *error)
{
    g_autofree char *text = heed_run_totals_text(&box->totals);
    const char *name = box->mailbox->name;

    if (error != NULL) {
        heed_log(HEED_LOG_ERROR, "mailbox '%s': %s", name, error->message);
        return;
    }
    if (box->checkpoint.mailbox_id == 0) /* files of the command line: each was named */
        return;
    if (box->totals.unreadable > 0)
        heed_log(HEED_LOG_WARNING, "mailbox '%s': left there for the next run: %s", name,
                 box->unreadable != NULL ? box->unreadable : "a message that could not be read");
    heed_log(HEED_LOG_NOTICE, "mailbox '%s': %s", name, text);
}

void
heed_store_mailbox_finished(void *data, size_t mailbox, const GError *error)
{
    HeedStoreSink *sink = data;
    HeedStoreBox *box;

    heed_progress_clear();
    if (mailbox >= sink->options.mailbox_count) { /* mail from the store itself */
        if (error != NULL)
            heed_log(HEED_LOG_ERROR, "%s", error->message);
        sink->status = heed_exit_status_worse(sink->status, heed_error_exit_status(error));
        return;
    }
    box = &sink->boxes[mailbox];
    report(box, error);
    box->status = heed_error_exit_status(error);
    note_end(sink, box, error != NULL ? error->message : NULL);
}
