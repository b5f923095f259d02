/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/flow.h"

#include "base/limits.h"

void
heed_job_free(HeedJob *job)
{
    heed_arrival_free(job->arrival);
    g_clear_pointer(&job->bytes, g_bytes_unref);
    g_free(job);
}

void
heed_batch_begin(HeedFlow *flow)
{
    flow->batch = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);
    flow->batch_feeds = g_ptr_array_new();
    flow->batch_cost = 0;
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
    if (flow->storing.batch != NULL)
        return -1;
    /* As long as workers have answers to give, the batch grows though no mail is taken: else there
     * would be a commit for every few messages just when there are most of them. */
    if (heed_flow_is_full(flow) && flow->unanswered == 0)
        return 0;
    waited = (g_get_monotonic_time() - flow->batch_since) / 1000;
    return (int)CLAMP((int64_t)HEED_LIMIT_BATCH_DELAY_MS - waited, 0, HEED_LIMIT_BATCH_DELAY_MS);
}

/* Each mailbox's share of what is stored that can be acknowledged, in one go. */
static bool
acknowledge(HeedFlow *flow, HeedFeed *feed, GError **error)
{
    const HeedStoring *storing = &flow->storing;
    g_autoptr(GArray) acks = g_array_new(FALSE, FALSE, sizeof(HeedAck));

    for (size_t i = 0; i < storing->batch->len; i++) {
        const HeedArrival *arrival = (const HeedArrival *)storing->batch->pdata[i];
        HeedAck ack = {.uid = arrival->uid, .disposition = arrival->disposition};

        if (storing->feeds->pdata[i] != feed)
            continue;
        feed->in_hand--;
        if (arrival->disposition != HEED_DISPOSITION_UNREADABLE && !flow->options->dry_run)
            g_array_append_val(acks, ack);
    }
    return acks->len == 0 || heed_feed_acknowledge(flow, feed, acks, error);
}

bool
heed_batch_reap(HeedFlow *flow, GError **error)
{
    HeedStoring *storing = &flow->storing;
    bool done = true;

    if (storing->batch == NULL || !heed_storing_has_ended(flow))
        return true;
    if (storing->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&storing->error));
        return false;
    }
    for (size_t i = 0; i < flow->feed_count && done; i++) {
        if (flow->feeds[i].in_hand > 0)
            done = acknowledge(flow, &flow->feeds[i], error);
    }
    flow->held -= storing->cost;
    g_clear_pointer(&storing->batch, g_ptr_array_unref);
    g_clear_pointer(&storing->feeds, g_ptr_array_unref);
    return done;
}

bool
heed_batch_commit(HeedFlow *flow, GError **error)
{
    const HeedPipelineOptions *options = flow->options;
    int64_t began = g_get_monotonic_time();
    /* A source of this process may read from where the sink writes to. */
    bool aside = !options->in_process && options->local == NULL && !is_quiet(flow);

    heed_storing_wait(flow);
    if (!heed_batch_reap(flow, error))
        return false;
    flow->storing.batch = g_steal_pointer(&flow->batch);
    flow->storing.feeds = g_steal_pointer(&flow->batch_feeds);
    flow->storing.cost = flow->batch_cost;
    heed_batch_begin(flow);
    heed_storing_begin(flow, aside);
    flow->away += g_get_monotonic_time() - began;
    return heed_batch_reap(flow, error);
}
