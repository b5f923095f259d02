/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/flow.h"

#include "base/fault.h"
#include "base/limits.h"

void
heed_job_free(HeedJob *job)
{
    heed_arrival_free(job->arrival);
    g_clear_pointer(&job->bytes, g_bytes_unref);
    g_free(job);
}

void
heed_batch_settle(HeedFlow *flow, HeedJob *job)
{
    HeedFeed *feed = job->feed;
    HeedJob *first;

    job->answered = true;
    g_clear_pointer(&job->bytes, g_bytes_unref);
    while ((first = (HeedJob *)g_queue_peek_head(&feed->jobs)) != NULL && first->answered) {
        (void)g_queue_pop_head(&feed->jobs);
        if (flow->batch->len == 0)
            flow->batch_since = g_get_monotonic_time();
        flow->batch_cost += first->cost;
        g_ptr_array_add(flow->batch, g_steal_pointer(&first->arrival));
        g_ptr_array_add(flow->batch_feeds, feed);
        heed_job_free(first);
    }
}

/* Whether nothing can come into the batch but by new mail. */
static bool
is_quiet(const HeedFlow *flow)
{
    for (size_t i = 0; i < flow->feed_count; i++) {
        HeedFeedState state = flow->feeds[i].state;

        if (state == HEED_FEED_OPENING || state == HEED_FEED_READING)
            return false;
    }
    return flow->unanswered == 0;
}

int
heed_batch_wait(const HeedFlow *flow)
{
    size_t limit = flow->options->batch_messages;
    int64_t waited;

    if (limit == 0)
        limit = HEED_LIMIT_BATCH_MESSAGES;
    if (flow->batch->len == 0)
        return -1;
    if (flow->batch->len >= limit || flow->batch_cost >= HEED_LIMIT_BATCH_BYTES || is_quiet(flow))
        return 0;
    /* As long as workers have answers to give, the batch grows though no mail is taken: else there
     * would be a commit for every few messages just when there are most of them. */
    if (heed_flow_is_full(flow) && flow->unanswered == 0)
        return 0;
    waited = (g_get_monotonic_time() - flow->batch_since) / 1000;
    return (int)CLAMP((int64_t)HEED_LIMIT_BATCH_DELAY_MS - waited, 0, HEED_LIMIT_BATCH_DELAY_MS);
}

/* Each mailbox's share of the batch that can be acknowledged, in one go. */
static bool
acknowledge(HeedFlow *flow, HeedFeed *feed, GError **error)
{
    g_autoptr(GArray) acks = g_array_new(FALSE, FALSE, sizeof(HeedAck));

    for (size_t i = 0; i < flow->batch->len; i++) {
        const HeedArrival *arrival = (const HeedArrival *)flow->batch->pdata[i];
        HeedAck ack = {.uid = arrival->uid, .disposition = arrival->disposition};

        if (flow->batch_feeds->pdata[i] != feed)
            continue;
        feed->in_hand--;
        if (arrival->disposition != HEED_DISPOSITION_UNREADABLE && !flow->options->dry_run)
            g_array_append_val(acks, ack);
    }
    return acks->len == 0 || heed_feed_acknowledge(flow, feed, acks, error);
}

bool
heed_batch_commit(HeedFlow *flow, GError **error)
{
    int64_t began = g_get_monotonic_time();
    bool done;

    HEED_FAULT("store.before-commit");
    done = flow->sink->commit(flow->sink->data, flow->batch, error);
    HEED_FAULT("store.after-commit");
    flow->away += g_get_monotonic_time() - began;
    for (size_t i = 0; i < flow->feed_count && done; i++) {
        if (flow->feeds[i].in_hand > 0)
            done = acknowledge(flow, &flow->feeds[i], error);
    }
    flow->held -= flow->batch_cost;
    flow->batch_cost = 0;
    g_ptr_array_set_size(flow->batch, 0);
    g_ptr_array_set_size(flow->batch_feeds, 0);
    return done;
}
