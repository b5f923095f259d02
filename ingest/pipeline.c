/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* SCHED_BATCH */
#include "ingest/pipeline.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ingest/fetcher.h"
#include "ingest/flow.h"
#include "ingest/log_child.h"
#include "ingest/worker.h"
#include "parsers/rules.h"

/* The loop looks at its clocks and at *stop so often. */
#define TICK_MS 500

int64_t
heed_flow_clock(const HeedFlow *flow)
{
    return g_get_monotonic_time() - flow->away;
}

static void
flow_clear(HeedFlow *flow)
{
    heed_storing_clear(flow);
    for (size_t i = 0; i < flow->worker_count; i++)
        heed_crew_clear(&flow->workers[i]);
    for (size_t i = 0; i < flow->feed_count; i++)
        heed_feed_clear(&flow->feeds[i]);
    g_queue_clear(&flow->waiting);
    g_queue_clear(&flow->suspects);
    heed_keeper_free(flow->keeper);
    heed_parser_free(flow->parser);
    g_clear_pointer(&flow->batch, g_ptr_array_unref);
    g_clear_pointer(&flow->batch_feeds, g_ptr_array_unref);
    g_free(flow->feeds);
    g_free(flow->workers);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedFlow, flow_clear)

static void
init_feeds(HeedFlow *flow)
{
    const HeedPipelineOptions *options = flow->options;

    flow->feed_count = options->local != NULL ? 1 : options->mailbox_count;
    flow->feeds = g_new0(HeedFeed, flow->feed_count);
    for (size_t i = 0; i < flow->feed_count; i++) {
        HeedFeed *feed = &flow->feeds[i];

        feed->flow = flow;
        feed->index = i;
        feed->child.channel.fd = -1;
        g_queue_init(&feed->jobs);
        g_queue_init(&feed->unacknowledged);
        feed->source = options->local;
        if (options->local == NULL) {
            feed->mailbox = options->mailboxes[i];
            feed->mailbox_id = options->mailbox_ids != NULL ? options->mailbox_ids[i] : 0;
        }
    }
}

/* A mistake in a file of the user's is his to mend: it is told once, not by each worker; and what
 * was compiled here, they find in the cache. */
static bool
check_rules(const HeedParserSettings *settings, GError **error)
{
    const HeedRulesOptions options = {.files = settings->rules,
                                      .cache_folder = settings->rules_cache};
    g_autoptr(HeedRules) rules = NULL;

    if (settings->rules == NULL)
        return true;
    rules = heed_rules_load(&options, error);
    return rules != NULL;
}

static bool
init_flow(HeedFlow *flow, GError **error)
{
    const HeedPipelineOptions *options = flow->options;
    unsigned workers = options->workers != 0 ? options->workers : g_get_num_processors();

    heed_batch_begin(flow);
    g_queue_init(&flow->waiting);
    g_queue_init(&flow->suspects);
    init_feeds(flow);
    flow->worker_count = options->in_process ? 0 : workers;
    flow->workers = g_new0(HeedWorker, flow->worker_count);
    for (size_t i = 0; i < flow->worker_count; i++) {
        flow->workers[i].child.channel.fd = -1;
        g_queue_init(&flow->workers[i].tasks);
    }
    flow->keeper = heed_keeper_new(error);
    if (flow->keeper == NULL || !check_rules(&options->parser, error))
        return false;
    if (options->in_process)
        flow->parser = heed_parser_new(&options->parser, error);
    return !options->in_process || flow->parser != NULL;
}

/* --- the loop --- */

static bool
all_ended(const HeedFlow *flow)
{
    for (size_t i = 0; i < flow->feed_count; i++) {
        if (flow->feeds[i].state != HEED_FEED_ENDED)
            return false;
    }
    return true;
}

/* Reads the mailboxes of this process; *out_more when there is more to read now. */
static bool
read_local(HeedFlow *flow, bool *out_more, GError **error)
{
    *out_more = false;
    for (size_t i = 0; i < flow->feed_count; i++) {
        HeedFeed *feed = &flow->feeds[i];

        if (feed->source == NULL || feed->state != HEED_FEED_READING)
            continue;
        if (!heed_local_read(flow, feed, error))
            return false;
        *out_more |= feed->state == HEED_FEED_READING && !heed_flow_is_full(flow);
    }
    return true;
}

static bool
add_child(GArray *polled, HeedChild *child, bool listen, GError **error)
{
    struct pollfd entry = {.fd = child->channel.fd};

    if (child->pid == 0)
        return true;
    if (!heed_channel_flush(&child->channel, false, error))
        return false;
    entry.events = (short)((listen ? POLLIN : 0) | (child->channel.waiting > 0 ? POLLOUT : 0));
    if (entry.events == 0)
        entry.fd = -1; /* not even a hang-up is looked at: it is found when we listen again */
    g_array_append_val(polled, entry);
    return true;
}

static bool
was_heard(const GArray *polled, const HeedChild *child)
{
    for (size_t i = 0; i < polled->len && child->pid != 0; i++) {
        const struct pollfd *entry = &g_array_index(polled, struct pollfd, i);

        if (entry->fd == child->channel.fd)
            return (entry->revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
                   (entry->events & POLLIN) != 0;
    }
    return false;
}

/* Sends what is queued, waits until there is something to do, and does it. */
static bool
converse(HeedFlow *flow, int wait, GError **error)
{
    g_autoptr(GArray) polled = g_array_new(FALSE, FALSE, sizeof(struct pollfd));

    for (size_t i = 0; i < flow->worker_count; i++) {
        if (!add_child(polled, &flow->workers[i].child, true, error))
            return false;
    }
    for (size_t i = 0; i < flow->feed_count; i++) {
        if (!add_child(polled, &flow->feeds[i].child, !heed_flow_is_full(flow), error))
            return false;
    }
    if (flow->storing.thread != NULL) {
        const struct pollfd stored = {.fd = flow->storing.ended, .events = POLLIN};

        g_array_append_val(polled, stored);
    }
    if (poll((struct pollfd *)polled->data, polled->len, wait) < 0 && errno != EINTR) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "poll: %s", g_strerror(errno));
        return false;
    }
    for (size_t i = 0; i < flow->worker_count; i++) {
        if (was_heard(polled, &flow->workers[i].child) &&
            !heed_crew_read(flow, &flow->workers[i], error))
            return false;
    }
    for (size_t i = 0; i < flow->feed_count; i++) {
        if (was_heard(polled, &flow->feeds[i].child) &&
            !heed_feed_read(flow, &flow->feeds[i], error))
            return false;
    }
    return heed_crew_check(flow, error);
}

static void
look_at_stop(HeedFlow *flow)
{
    const volatile int *stop = flow->options->stop;

    if (stop != NULL && *stop != 0 && !flow->stopping) {
        flow->stopping = true;
        flow->stopped_at = g_get_monotonic_time();
    }
}

/* One round; *out_done when every mailbox has ended. */
static bool
go_round(HeedFlow *flow, bool *out_done, GError **error)
{
    bool more;
    int wait;

    look_at_stop(flow);
    if (!heed_batch_reap(flow, error))
        return false;
    heed_feed_tend(flow);
    if (all_ended(flow)) {
        *out_done = true;
        return true;
    }
    if (!read_local(flow, &more, error) || !heed_crew_dispatch(flow, error))
        return false;
    wait = heed_batch_wait(flow);
    if (wait == 0)
        return heed_batch_commit(flow, error);
    if (flow->options->in_process)
        return true;
    return converse(flow, more ? 0 : (wait > 0 ? MIN(wait, TICK_MS) : TICK_MS), error);
}

/*
 * Each answer of a worker wakes this process. Where cores are few it would take the worker's place
 * for every one of them; as a batch process it waits until the worker pauses, and finds many.
 * Children inherit this. What somebody has chosen on purpose is left.
 */
static void
be_patient(void)
{
    const struct sched_param none = {0};

    if (sched_getscheduler(0) == SCHED_OTHER)
        (void)sched_setscheduler(0, SCHED_BATCH, &none);
}

bool
heed_pipeline_run(const HeedPipelineOptions *options, const HeedSink *sink, GError **error)
{
    g_auto(HeedFlow) flow = {.options = options, .storing = {.ended = -1}};
    bool done = false;

    if (!heed_storing_init(&flow, sink, error) || !init_flow(&flow, error))
        return false;
    if (!options->in_process)
        be_patient();
    while (!done) {
        if (!go_round(&flow, &done, error))
            return false;
    }
    return true;
}

int
heed_pipeline_child(const char *role)
{
    if (g_strcmp0(role, "worker") == 0)
        return heed_worker_main(HEED_CHILD_FD);
    if (g_strcmp0(role, "fetcher") == 0)
        return heed_fetcher_main(HEED_CHILD_FD);
    if (g_strcmp0(role, "log") == 0)
        return heed_log_child_main(HEED_CHILD_FD);
    return EXIT_FAILURE;
}
