/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/flow.h"

#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/limits.h"
#include "ingest/fetcher.h"

/* --- messages --- */

static HeedArrival *
make_arrival(const HeedFeed *feed, HeedItem *item)
{
    HeedArrival *arrival = heed_arrival_new();
    const HeedMailbox *mailbox = feed->mailbox;

    arrival->mailbox_id = feed->mailbox_id;
    arrival->source = item->source != NULL ? g_steal_pointer(&item->source)
                                           : g_strdup(mailbox != NULL ? mailbox->name : NULL);
    if (mailbox != NULL && mailbox->protocol != HEED_PROTOCOL_PATHS)
        arrival->mailbox = g_strdup(mailbox->name);
    arrival->stream = g_strdup(mailbox != NULL ? mailbox->stream : NULL);
    arrival->closed = mailbox != NULL ? mailbox->closed : item->closed;
    arrival->uid = g_steal_pointer(&item->uid);
    arrival->epoch = feed->epoch;
    arrival->position = item->position;
    arrival->received_at = item->received_at;
    arrival->size = item->size;
    arrival->truncated = item->truncated;
    return arrival;
}

void
heed_feed_take_item(HeedFlow *flow, HeedFeed *feed, HeedItem *item)
{
    HeedJob *job = g_new0(HeedJob, 1);

    feed->state = HEED_FEED_READING;
    feed->in_hand++;
    job->feed = feed;
    job->arrival = make_arrival(feed, item);
    job->number = flow->next_number++;
    job->bytes = g_steal_pointer(&item->bytes);
    job->cost = HEED_LIMIT_IN_FLIGHT_MESSAGE;
    if (job->bytes != NULL)
        job->cost += g_bytes_get_size(job->bytes);
    flow->held += job->cost;
    g_queue_push_tail(&feed->jobs, job);
    if (job->bytes != NULL) {
        heed_crew_submit(flow, job);
        return;
    }
    job->arrival->disposition = HEED_DISPOSITION_UNREADABLE;
    job->arrival->reason = g_strdup("unreadable");
    job->arrival->detail = g_steal_pointer(&item->detail);
    heed_batch_settle(flow, job);
}

/* --- the ways in which a mailbox ends --- */

static void
drop_unacknowledged(HeedFeed *feed)
{
    char *uid;

    while ((uid = (char *)g_queue_pop_head(&feed->unacknowledged)) != NULL)
        g_free(uid);
}

void
heed_feed_break(HeedFeed *feed, GError *error)
{
    (void)heed_child_end(&feed->child);
    if (feed->source_is_ours)
        g_clear_pointer(&feed->source, heed_source_free);
    g_clear_pointer(&feed->own_mailbox, heed_mailbox_free);
    drop_unacknowledged(feed);
    g_clear_error(&feed->error);
    feed->error = error;
    feed->state = HEED_FEED_BROKEN;
}

void
heed_feed_clear(HeedFeed *feed)
{
    HeedJob *job;

    heed_feed_break(feed, NULL);
    while ((job = (HeedJob *)g_queue_pop_head(&feed->jobs)) != NULL)
        heed_job_free(job);
}

static bool
shall_reopen(const HeedFlow *flow, const HeedFeed *feed)
{
    return flow->options->watch && !flow->stopping && feed->mailbox != NULL &&
           g_error_matches(feed->error, HEED_ERROR, HEED_ERROR_TEMPORARY);
}

static void
end_feed(HeedFlow *flow, HeedFeed *feed)
{
    bool again = shall_reopen(flow, feed);

    if (feed->error == NULL && feed->cut_short && !flow->options->watch)
        feed->error = g_error_new_literal(HEED_ERROR, HEED_ERROR_CANCELLED,
                                          "stopped before all of it was done");
    (void)heed_child_end(&feed->child);
    feed->state = HEED_FEED_ENDED;
    if (flow->sink.finished != NULL)
        flow->sink.finished(flow->sink.data, feed->index, feed->error);
    g_clear_error(&feed->error);
    if (!again)
        return;
    feed->reopen_seconds = feed->reopen_seconds == 0
                               ? HEED_LIMIT_REOPEN_FIRST_SECONDS
                               : MIN(2 * feed->reopen_seconds, HEED_LIMIT_REOPEN_LAST_SECONDS);
    feed->reopen_at = g_get_monotonic_time() + feed->reopen_seconds * G_USEC_PER_SEC;
    feed->stop_sent = false;
    feed->state = HEED_FEED_CLOSED;
}

/* --- opening --- */

static bool
reads_stdin(const HeedMailbox *mailbox)
{
    return mailbox->protocol == HEED_PROTOCOL_PATHS && mailbox->paths != NULL &&
           g_strv_contains((const char *const *)mailbox->paths, "-");
}

static void
open_feed(HeedFlow *flow, HeedFeed *feed)
{
    HeedFetcherSection section = {.mailbox = feed->mailbox,
                                  .watch = flow->options->watch,
                                  .dry_run = flow->options->dry_run,
                                  .watch_seconds = flow->options->watch_seconds};
    g_autoptr(GError) error = NULL;

    if (feed->source != NULL || flow->options->in_process ||
        (flow->options->files_here && feed->mailbox->protocol == HEED_PROTOCOL_PATHS)) {
        heed_local_open(flow, feed);
        return;
    }
    if (!heed_child_start(&feed->child, HEED_ROLE_FETCHER, reads_stdin(feed->mailbox), &error)) {
        heed_feed_break(feed, g_steal_pointer(&error));
        return;
    }
    feed->state = HEED_FEED_OPENING;
    heed_channel_send(&feed->child.channel, heed_fetcher_section_frame(&section));
}

bool
heed_feed_resume(
    HeedFlow *flow, HeedFeed *feed, HeedResume *out, GPtrArray *out_open, GError **error)
{
    int64_t began = g_get_monotonic_time();
    bool done = true;

    *out = (HeedResume){.epoch = feed->epoch};
    if (flow->sink.resume != NULL)
        done = flow->sink.resume(flow->sink.data, feed->index, feed->epoch, out, out_open, error);
    flow->away += g_get_monotonic_time() - began;
    if (out->epoch != feed->epoch || flow->options->dry_run)
        g_ptr_array_set_size(out_open, 0);
    return done;
}

static bool
take_opened(HeedFlow *flow, HeedFeed *feed, const HeedFrame *frame, GError **error)
{
    g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);
    g_autoptr(GPtrArray) unreadable = NULL;
    HeedResume resume;
    HeedUnpack unpack;
    bool done;

    heed_unpack_begin(&unpack, frame);
    feed->epoch = heed_unpack_i64(&unpack);
    if (!heed_unpack_finish(&unpack, error))
        return false;
    done = heed_feed_resume(flow, feed, &resume, open, error);
    unreadable = resume.unreadable;
    if (!done)
        return false;
    for (size_t i = 0; i < open->len; i++)
        g_queue_push_tail(&feed->unacknowledged,
                          g_strdup(((const HeedArrival *)open->pdata[i])->uid));
    feed->state = HEED_FEED_READING;
    heed_channel_send(&feed->child.channel, heed_fetcher_resume_frame(&resume, open));
    return true;
}

/* --- what a fetcher says --- */

static bool
take_message(
    HeedFlow *flow, HeedFeed *feed, const HeedFrame *frame, GPtrArray *out_uids, GError **error)
{
    g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};

    if (!heed_fetcher_message_read(frame, &item, error))
        return false;
    if (item.gone)
        g_ptr_array_add(out_uids, g_steal_pointer(&item.uid));
    else
        heed_feed_take_item(flow, feed, &item);
    return true;
}

static bool
take_known(HeedFlow *flow, HeedFeed *feed, const HeedFrame *frame, GError **error)
{
    g_autoptr(GPtrArray) uids = heed_fetcher_known_read(frame, error);
    g_autoptr(GArray) known = g_array_new(FALSE, TRUE, sizeof(bool));

    if (uids == NULL || !heed_feed_known(flow, feed, uids, known, error))
        return false;
    heed_channel_send(&feed->child.channel, heed_fetcher_known_frame(known));
    return true;
}

bool
heed_feed_acknowledged(HeedFlow *flow, HeedFeed *feed, const GPtrArray *uids, GError **error)
{
    int64_t began = g_get_monotonic_time();
    bool done = true;

    HEED_FAULT("store.before-acknowledged");
    if (flow->sink.acknowledged != NULL && !flow->options->dry_run)
        done = flow->sink.acknowledged(flow->sink.data, feed->index, uids, error);
    flow->away += g_get_monotonic_time() - began;
    HEED_FAULT("store.after-acknowledged");
    return done;
}

/* *Out_uids: those it stands for, for the sink, whose failure is another matter than the child's.
 */
static bool
take_acknowledged(HeedFeed *feed, const HeedFrame *frame, GPtrArray *out_uids, GError **error)
{
    HeedUnpack unpack;
    uint32_t count;

    heed_unpack_begin(&unpack, frame);
    count = heed_unpack_u32(&unpack);
    if (count > feed->unacknowledged.length)
        unpack.broken = true;
    for (uint32_t i = 0; i < count && !unpack.broken; i++)
        g_ptr_array_add(out_uids, g_queue_pop_head(&feed->unacknowledged));
    return heed_unpack_finish(&unpack, error);
}

static bool
take_end(HeedFlow *flow, HeedFeed *feed, GError **error)
{
    if (feed->state != HEED_FEED_FINISHING || feed->unacknowledged.length > 0) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_INTERNAL,
                            "the fetcher ended before its work was done");
        return false;
    }
    end_feed(flow, feed);
    return true;
}

/* One frame; an error is the end of this mailbox. Out_uids: newly acknowledged, or gone. */
static bool
take_frame(
    HeedFlow *flow, HeedFeed *feed, const HeedFrame *frame, GPtrArray *out_uids, GError **error)
{
    bool opened = feed->state != HEED_FEED_OPENING;

    if (frame->type == HEED_FRAME_FAILED) {
        g_propagate_error(error, heed_frame_to_error(frame));
        return false;
    }
    if (frame->type == HEED_FRAME_OPENED && !opened)
        return take_opened(flow, feed, frame, error);
    if (frame->type == HEED_FRAME_DONE)
        return take_end(flow, feed, error);
    if (opened && frame->type == HEED_FRAME_KNOWN)
        return take_known(flow, feed, frame, error);
    if (opened && frame->type == HEED_FRAME_LISTED)
        return heed_feed_listed(flow, feed, error);
    if (opened && (frame->type == HEED_FRAME_MESSAGE || frame->type == HEED_FRAME_IDLE)) {
        /* With watch, mail may come in while we say that it is enough: it is left for next time. */
        if (feed->state == HEED_FEED_FINISHING)
            return true;
        if (frame->type == HEED_FRAME_MESSAGE)
            return take_message(flow, feed, frame, out_uids, error);
        feed->state = HEED_FEED_IDLE;
        feed->reopen_seconds = 0;
        feed->rested = false;
        return true;
    }
    if (frame->type == HEED_FRAME_ACKNOWLEDGED && opened)
        return take_acknowledged(feed, frame, out_uids, error);
    g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL,
                "the fetcher sent a frame of type %d out of turn", (int)frame->type);
    return false;
}

static GError *
died(HeedFeed *feed)
{
    g_autofree char *how = heed_child_describe(heed_child_end(&feed->child));

    return g_error_new(HEED_ERROR, HEED_ERROR_INTERNAL, "the fetcher was %s", how);
}

bool
heed_feed_read(HeedFlow *flow, HeedFeed *feed, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    g_autoptr(GPtrArray) uids = g_ptr_array_new_with_free_func(g_free);
    HeedChannel *channel = &feed->child.channel;
    HeedFrame frame;
    bool going = heed_channel_fill(channel, false, &trouble);

    while (going && feed->child.pid != 0) {
        HeedChannelNext next = heed_channel_next(channel, &frame, &trouble);

        if (next == HEED_CHANNEL_NONE)
            break;
        going = next == HEED_CHANNEL_FRAME && take_frame(flow, feed, &frame, uids, &trouble);
    }
    if (uids->len > 0 && !heed_feed_acknowledged(flow, feed, uids, error))
        return false;
    if (going && feed->child.pid != 0 && channel->ended) {
        going = false;
        trouble = died(feed);
    }
    if (!going)
        heed_feed_break(feed, g_steal_pointer(&trouble));
    return true;
}

/* --- what a fetcher is told --- */

bool
heed_feed_acknowledge(HeedFlow *flow, HeedFeed *feed, const GArray *acks, GError **error)
{
    if (feed->source != NULL)
        return heed_local_acknowledge(flow, feed, acks, error);
    if (feed->child.pid == 0)
        return true; /* the next run asks what is still to be acknowledged */
    for (size_t i = 0; i < acks->len; i++)
        g_queue_push_tail(&feed->unacknowledged, g_strdup(g_array_index(acks, HeedAck, i).uid));
    heed_channel_send(&feed->child.channel, heed_fetcher_acknowledge_frame(acks));
    return true;
}

static void
tell(HeedFeed *feed, HeedFrameType type)
{
    if (feed->child.pid != 0)
        heed_channel_send(&feed->child.channel, heed_frame_empty(type));
}

static void
finish(HeedFlow *flow, HeedFeed *feed)
{
    if (feed->source != NULL) {
        if (feed->source_is_ours)
            g_clear_pointer(&feed->source, heed_source_free);
        g_clear_pointer(&feed->own_mailbox, heed_mailbox_free);
        end_feed(flow, feed);
        return;
    }
    tell(feed, HEED_FRAME_FINISH);
    feed->state = HEED_FEED_FINISHING;
}

static bool
has_stopped_for(const HeedFlow *flow, unsigned seconds)
{
    return g_get_monotonic_time() - flow->stopped_at > (int64_t)seconds * G_USEC_PER_SEC;
}

/* Whether its fetcher has had the time to come to an end. */
static bool
is_overdue(const HeedFlow *flow, const HeedFeed *feed)
{
    unsigned last = flow->options->stop_seconds;

    if (feed->child.pid == 0)
        return false;
    if (has_stopped_for(flow, last != 0 ? last : HEED_LIMIT_STOP_SECONDS))
        return true;
    return (feed->state == HEED_FEED_READING || feed->state == HEED_FEED_FINISHING) &&
           feed->in_hand == 0 && feed->unacknowledged.length == 0 &&
           has_stopped_for(flow, HEED_LIMIT_STOP_IDLE_SECONDS);
}

static void
stop_feed(HeedFlow *flow, HeedFeed *feed)
{
    if (feed->state == HEED_FEED_CLOSED) {
        feed->cut_short = true;
        if (feed->reopen_at == 0)
            end_feed(flow, feed);
        else
            feed->state = HEED_FEED_ENDED; /* as it was told before */
        return;
    }
    if (feed->state == HEED_FEED_OPENING || is_overdue(flow, feed)) {
        feed->cut_short |= feed->state != HEED_FEED_FINISHING || feed->unacknowledged.length > 0;
        heed_feed_break(feed, NULL);
        return;
    }
    if (feed->state != HEED_FEED_READING)
        return;
    feed->cut_short = true;
    if (feed->source != NULL)
        feed->state = HEED_FEED_IDLE;
    else if (!feed->stop_sent)
        tell(feed, HEED_FRAME_STOP);
    feed->stop_sent = true;
}

static bool
has_turn(const HeedFlow *flow, const HeedFeed *feed, size_t open)
{
    if (feed->state != HEED_FEED_CLOSED || flow->stopping)
        return false;
    if (feed->reopen_at != 0)
        return g_get_monotonic_time() >= feed->reopen_at;
    if (flow->options->in_process)
        return open == 0;
    return flow->options->watch || open < HEED_LIMIT_FETCHERS;
}

/* With watch: nothing more now, and all of it is stored. */
static void
rest(HeedFlow *flow, HeedFeed *feed)
{
    int64_t began = g_get_monotonic_time();

    if (feed->state != HEED_FEED_IDLE || feed->in_hand > 0 || feed->rested ||
        !flow->options->watch || flow->sink.rested == NULL)
        return;
    feed->rested = true;
    flow->sink.rested(flow->sink.data, feed->index);
    flow->away += g_get_monotonic_time() - began;
}

void
heed_feed_tend(HeedFlow *flow)
{
    size_t open = 0;

    for (size_t i = 0; i < flow->feed_count; i++) {
        HeedFeed *feed = &flow->feeds[i];

        if (flow->stopping)
            stop_feed(flow, feed);
        else
            rest(flow, feed);
        if (feed->state == HEED_FEED_IDLE && feed->in_hand == 0 &&
            (!flow->options->watch || flow->stopping || feed->source != NULL))
            finish(flow, feed);
        if (feed->state == HEED_FEED_BROKEN && feed->in_hand == 0)
            end_feed(flow, feed);
        if (feed->state != HEED_FEED_CLOSED && feed->state != HEED_FEED_ENDED)
            open++;
    }
    for (size_t i = 0; i < flow->feed_count; i++) {
        HeedFeed *feed = &flow->feeds[i];

        if (has_turn(flow, feed, open)) {
            open_feed(flow, feed);
            open++;
        }
    }
}
