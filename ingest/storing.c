/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/flow.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"

static void
commit(HeedFlow *flow)
{
    HeedStoring *storing = &flow->storing;

    HEED_FAULT("store.before-commit");
    (void)flow->callers->commit(flow->callers->data, storing->batch, &storing->error);
    HEED_FAULT("store.after-commit");
}

static gpointer
commit_aside(gpointer data)
{
    HeedFlow *flow = data;
    const uint64_t one = 1;

    commit(flow);
    while (write(flow->storing.ended, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    return NULL;
}

/* --- the caller's sink, which hears of one thing at a time --- */

static bool
serial_resume(
    void *data, size_t mailbox, int64_t epoch, HeedResume *out, GPtrArray *out_open, GError **error)
{
    HeedFlow *flow = data;

    heed_storing_wait(flow);
    return flow->callers->resume(flow->callers->data, mailbox, epoch, out, out_open, error);
}

static bool
serial_known(void *data, size_t mailbox, const GPtrArray *uids, GArray *out_known, GError **error)
{
    HeedFlow *flow = data;

    heed_storing_wait(flow);
    return flow->callers->known(flow->callers->data, mailbox, uids, out_known, error);
}

static bool
serial_listed(void *data, size_t mailbox, GError **error)
{
    HeedFlow *flow = data;

    heed_storing_wait(flow);
    return flow->callers->listed(flow->callers->data, mailbox, error);
}

static bool
serial_acknowledged(void *data, size_t mailbox, const GPtrArray *uids, GError **error)
{
    HeedFlow *flow = data;

    heed_storing_wait(flow);
    return flow->callers->acknowledged(flow->callers->data, mailbox, uids, error);
}

static void
serial_rested(void *data, size_t mailbox)
{
    HeedFlow *flow = data;

    heed_storing_wait(flow);
    flow->callers->rested(flow->callers->data, mailbox);
}

static void
serial_finished(void *data, size_t mailbox, const GError *error)
{
    HeedFlow *flow = data;

    heed_storing_wait(flow);
    flow->callers->finished(flow->callers->data, mailbox, error);
}

/* --- */

bool
heed_storing_init(HeedFlow *flow, const HeedSink *sink, GError **error)
{
    flow->callers = sink;
    flow->sink = (HeedSink){.resume = sink->resume != NULL ? serial_resume : NULL,
                            .known = sink->known != NULL ? serial_known : NULL,
                            .listed = sink->listed != NULL ? serial_listed : NULL,
                            .acknowledged = sink->acknowledged != NULL ? serial_acknowledged : NULL,
                            .rested = sink->rested != NULL ? serial_rested : NULL,
                            .finished = sink->finished != NULL ? serial_finished : NULL,
                            .data = flow};
    flow->storing.ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (flow->storing.ended >= 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "eventfd: %s", g_strerror(errno));
    return false;
}

void
heed_storing_clear(HeedFlow *flow)
{
    heed_storing_wait(flow);
    g_clear_pointer(&flow->storing.batch, g_ptr_array_unref);
    g_clear_pointer(&flow->storing.feeds, g_ptr_array_unref);
    g_clear_error(&flow->storing.error);
    heed_fd_clear(&flow->storing.ended);
}

void
heed_storing_begin(HeedFlow *flow, bool aside)
{
    sigset_t all;
    sigset_t before;

    if (!aside) {
        commit(flow);
        return;
    }
    /* Signals are for the thread that polls. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    flow->storing.thread = g_thread_new("store", commit_aside, flow);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Whether the thread has said that it ends; once. */
static bool
has_signalled(HeedFlow *flow)
{
    uint64_t count;

    return read(flow->storing.ended, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

void
heed_storing_wait(HeedFlow *flow)
{
    if (flow->storing.thread != NULL)
        (void)g_thread_join(g_steal_pointer(&flow->storing.thread));
    (void)has_signalled(flow); /* so that the next one is waited for anew */
}

bool
heed_storing_has_ended(HeedFlow *flow)
{
    if (flow->storing.thread != NULL && has_signalled(flow))
        (void)g_thread_join(g_steal_pointer(&flow->storing.thread));
    return flow->storing.thread == NULL;
}
