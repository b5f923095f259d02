/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/flow.h"

#include <string.h>

#include "base/error.h"
#include "ingest/belief.h"
#include "ingest/worker.h"
#include "parsers/report_json.h"

/* Another worker is started when those at work have so much to do already. */
#define BUSY_BYTES (128U * 1024)

/* What a task weighs in a worker's queue beside its bytes. */
#define TASK_BYTES 64U

#define LATEST_SECONDS INT64_C(253402300799) /* 9999-12-31 */

/* --- what becomes of a message --- */

static void
charge(HeedFlow *flow, HeedJob *job, size_t cost)
{
    flow->held = flow->held - job->cost + cost;
    job->cost = cost;
}

/* Answered, whatever the answer is: counts what is kept of it. */
static void
settle(HeedFlow *flow, HeedJob *job, size_t report_length)
{
    const HeedArrival *arrival = job->arrival;
    size_t cost = HEED_LIMIT_IN_FLIGHT_MESSAGE + 2 * report_length;

    if (arrival->compressed != NULL)
        cost += g_bytes_get_size(arrival->compressed);
    charge(flow, job, cost);
    flow->unanswered--;
    heed_batch_settle(flow, job);
}

/* Kept whole: what no worker could do is done here, and never looks at what the bytes mean. */
static void
quarantine(HeedFlow *flow, HeedJob *job, const char *reason, char *detail)
{
    HeedArrival *arrival = job->arrival;
    size_t length;
    gconstpointer bytes = g_bytes_get_data(job->bytes, &length);

    arrival->disposition = HEED_DISPOSITION_QUARANTINED;
    arrival->reason = g_strdup(reason);
    arrival->detail = detail;
    heed_keeper_digest(flow->keeper, bytes, length, arrival->digest);
    if (arrival->compressed == NULL)
        arrival->compressed = heed_keeper_compress(flow->keeper, bytes, length);
    settle(flow, job, 0);
}

/* With digest, report or JSON, and compressed bytes in place. */
static void
judge(HeedFlow *flow, HeedJob *job, bool other, size_t report_length)
{
    HeedArrival *arrival = job->arrival;

    if (other && arrival->truncated) {
        g_clear_pointer(&arrival->report, heed_report_free);
        quarantine(flow, job, "too-large",
                   g_strdup_printf("of its %" G_GUINT64_FORMAT
                                   " bytes the first %u were read and not recognised",
                                   arrival->size, HEED_LIMIT_MESSAGE_BYTES));
        return;
    }
    arrival->disposition = other ? HEED_DISPOSITION_UNRECOGNISED : HEED_DISPOSITION_DONE;
    settle(flow, job, report_length);
}

/* --- without workers --- */

static void
read_here(HeedFlow *flow, HeedJob *job)
{
    HeedArrival *arrival = job->arrival;
    HeedParseContext context = {.closed = arrival->closed, .truncated = arrival->truncated};
    size_t length;
    gconstpointer bytes = g_bytes_get_data(job->bytes, &length);
    g_autoptr(HeedReport) report = heed_parser_read(flow->parser, bytes, length, &context);
    bool other = report->kind == HEED_KIND_OTHER;

    heed_belief_tokens(flow->options, arrival, report);
    if (!flow->options->as_json)
        heed_keeper_digest(flow->keeper, bytes, length, arrival->digest);
    if (heed_worker_keeps(flow->options->keep_raw, arrival->truncated, report->kind))
        arrival->compressed = heed_keeper_compress(flow->keeper, bytes, length);
    if (flow->options->as_json) {
        GString *json = g_string_new(NULL);

        heed_report_to_json(report, arrival->source, json);
        arrival->json = g_string_free(json, FALSE);
    } else {
        arrival->report = g_steal_pointer(&report);
    }
    judge(flow, job, other, length);
}

void
heed_crew_submit(HeedFlow *flow, HeedJob *job)
{
    flow->unanswered++;
    if (flow->options->in_process)
        read_here(flow, job);
    else
        g_queue_push_tail(&flow->waiting, job);
}

/* --- handing out --- */

static bool
start_worker(HeedFlow *flow, HeedWorker *worker, GError **error)
{
    if (!heed_child_start(&worker->child, HEED_ROLE_WORKER, false, error))
        return false;
    worker->ready = false;
    worker->alone = false;
    worker->bytes = 0;
    heed_channel_send(&worker->child.channel,
                      heed_worker_settings_frame(&flow->options->parser, flow->options->keep_raw,
                                                 !flow->options->as_json));
    return true;
}

static size_t
weight(const HeedJob *job)
{
    return g_bytes_get_size(job->bytes) + TASK_BYTES;
}

static void
hand_out(HeedFlow *flow, HeedWorker *worker, HeedJob *job)
{
    HeedTask task = {.number = job->number,
                     .closed = job->arrival->closed,
                     .truncated = job->arrival->truncated,
                     .source = job->arrival->source,
                     .length = g_bytes_get_size(job->bytes)};

    if (g_queue_is_empty(&worker->tasks))
        worker->since = heed_flow_clock(flow);
    g_queue_push_tail(&worker->tasks, job);
    worker->bytes += weight(job);
    worker->alone = job->tried;
    heed_channel_send(&worker->child.channel, heed_worker_task_frame(&task));
    heed_channel_send(&worker->child.channel, g_bytes_ref(job->bytes));
}

/* The running worker with the least to do, and one that could be started; each may be NULL. */
static void
look_around(HeedFlow *flow, HeedWorker **out_least, HeedWorker **out_fresh)
{
    *out_least = NULL;
    *out_fresh = NULL;
    for (size_t i = 0; i < flow->worker_count; i++) {
        HeedWorker *worker = &flow->workers[i];

        if (worker->child.pid == 0) {
            if (*out_fresh == NULL)
                *out_fresh = worker;
        } else if (!worker->alone && (*out_least == NULL || worker->bytes < (*out_least)->bytes)) {
            *out_least = worker;
        }
    }
}

/* Whom to give a message of this weight; *out_worker NULL: nobody now. */
static bool
choose(HeedFlow *flow, size_t bytes, bool idle_only, HeedWorker **out_worker, GError **error)
{
    HeedWorker *least;
    HeedWorker *fresh;

    look_around(flow, &least, &fresh);
    *out_worker = NULL;
    if (fresh != NULL && (least == NULL || least->bytes >= (idle_only ? 1 : BUSY_BYTES))) {
        *out_worker = fresh;
        return start_worker(flow, fresh, error);
    }
    if (least != NULL && (g_queue_is_empty(&least->tasks) ||
                          (!idle_only && least->bytes + bytes <= HEED_LIMIT_WORKER_QUEUE_BYTES)))
        *out_worker = least;
    return true;
}

static bool
hand_out_queue(HeedFlow *flow, GQueue *jobs, bool idle_only, GError **error)
{
    while (!g_queue_is_empty(jobs)) {
        HeedJob *job = (HeedJob *)g_queue_peek_head(jobs);
        HeedWorker *worker;

        if (!choose(flow, weight(job), idle_only, &worker, error))
            return false;
        if (worker == NULL)
            return true;
        hand_out(flow, worker, (HeedJob *)g_queue_pop_head(jobs));
    }
    return true;
}

bool
heed_crew_dispatch(HeedFlow *flow, GError **error)
{
    return hand_out_queue(flow, &flow->suspects, true, error) &&
           hand_out_queue(flow, &flow->waiting, false, error);
}

/* --- dying --- */

/* What it had in hand first is tried once more, alone, or is given up; the rest goes back. Takes
 * the detail. */
static bool
bury(HeedFlow *flow, HeedWorker *worker, const char *reason, char *detail, GError **error)
{
    HeedJob *suspect = (HeedJob *)g_queue_pop_head(&worker->tasks);
    HeedJob *job;

    while ((job = (HeedJob *)g_queue_pop_tail(&worker->tasks)) != NULL)
        g_queue_push_head(&flow->waiting, job);
    (void)heed_child_end(&worker->child);
    worker->bytes = 0;
    worker->alone = false;
    flow->starts_in_vain = worker->ready ? 0 : flow->starts_in_vain + 1;
    if (flow->starts_in_vain >= HEED_LIMIT_WORKER_STARTS) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "parse workers do not start: %s",
                    detail);
        g_free(detail);
        if (suspect != NULL)
            g_queue_push_head(&flow->waiting, suspect);
        return false;
    }
    if (suspect != NULL && !worker->ready) {
        g_queue_push_head(suspect->tried ? &flow->suspects : &flow->waiting, suspect);
    } else if (suspect != NULL && suspect->tried) {
        quarantine(flow, suspect, reason, g_steal_pointer(&detail));
    } else if (suspect != NULL) {
        suspect->tried = true;
        g_queue_push_tail(&flow->suspects, suspect);
    }
    g_free(detail);
    return true;
}

/* --- answers --- */

/* JSON that goes to people's terminals and programs as it is: one line of text. */
static bool
is_one_line(const char *json, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)json[i] < ' ' || json[i] == 127)
            return false;
    }
    return g_utf8_validate(json, (gssize)length, NULL);
}

static bool
take_report(const HeedFlow *flow, HeedArrival *arrival, const HeedAnswer *answer, GError **error)
{
    if (flow->options->as_json) {
        if (is_one_line(answer->json, answer->json_length))
            return heed_belief_line(flow->options, arrival, answer, error);
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA, "its report is not a line of text");
        return false;
    }
    arrival->report = heed_belief_report(flow->options, arrival, answer, error);
    if (arrival->report == NULL)
        return false;
    if (answer->receiver_date >= 0 && answer->receiver_date <= LATEST_SECONDS)
        arrival->report->receiver_date = answer->receiver_date;
    return true;
}

static bool
take_answer(HeedFlow *flow, HeedWorker *worker, const HeedFrame *frame, GError **error)
{
    HeedJob *job = (HeedJob *)g_queue_peek_head(&worker->tasks);
    HeedArrival *arrival = job != NULL ? job->arrival : NULL;
    g_auto(HeedAnswer) answer = {0};

    if (!heed_worker_answer_read(frame, &answer, error))
        return false;
    if (job == NULL || answer.number != job->number ||
        (!answer.oversized && !take_report(flow, arrival, &answer, error))) {
        if (error != NULL && *error == NULL)
            g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA,
                                "it answered what was not asked");
        return false;
    }
    (void)g_queue_pop_head(&worker->tasks);
    worker->bytes -= weight(job);
    worker->alone = false;
    arrival->compressed = g_steal_pointer(&answer.compressed);
    memcpy(arrival->digest, answer.digest, HEED_DIGEST_BYTES);
    if (answer.oversized) {
        quarantine(flow, job, "too-large", g_strdup("its report is too long to be stored"));
        return true;
    }
    judge(flow, job,
          arrival->report != NULL ? arrival->report->kind == HEED_KIND_OTHER : answer.other,
          answer.json_length);
    return true;
}

static bool
take_frame(HeedFlow *flow, HeedWorker *worker, const HeedFrame *frame, GError **error)
{
    worker->since = heed_flow_clock(flow);
    if (frame->type == HEED_FRAME_PARSED && worker->ready)
        return take_answer(flow, worker, frame, error);
    if (frame->type == HEED_FRAME_READY && !worker->ready) {
        worker->ready = true;
        flow->starts_in_vain = 0;
        return true;
    }
    if (frame->type == HEED_FRAME_FAILED)
        g_propagate_error(error, heed_frame_to_error(frame));
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "it sent a frame of type %d out of turn",
                    (int)frame->type);
    return false;
}

bool
heed_crew_read(HeedFlow *flow, HeedWorker *worker, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    HeedChannel *channel = &worker->child.channel;
    HeedFrame frame;
    bool going = heed_channel_fill(channel, false, &trouble);

    while (going) {
        HeedChannelNext next = heed_channel_next(channel, &frame, &trouble);

        if (next == HEED_CHANNEL_NONE)
            break;
        going = next == HEED_CHANNEL_FRAME && take_frame(flow, worker, &frame, &trouble);
    }
    if (!going)
        return bury(flow, worker, "worker-crash", g_strdup(trouble->message), error);
    if (channel->ended)
        return bury(flow, worker, "worker-crash",
                    heed_child_describe(heed_child_end(&worker->child)), error);
    return true;
}

bool
heed_crew_check(HeedFlow *flow, GError **error)
{
    unsigned patience = flow->options->worker_seconds;
    int64_t now = heed_flow_clock(flow);

    if (patience == 0)
        patience = HEED_LIMIT_WORKER_SECONDS;
    for (size_t i = 0; i < flow->worker_count; i++) {
        HeedWorker *worker = &flow->workers[i];
        /* That it starts slowly is no message's fault. */
        unsigned limit = worker->ready ? patience : HEED_LIMIT_WORKER_SECONDS;

        if (worker->child.pid == 0 || g_queue_is_empty(&worker->tasks) ||
            now - worker->since <= (int64_t)limit * G_USEC_PER_SEC)
            continue;
        if (!bury(flow, worker, "timeout", g_strdup_printf("not read within %u s", limit), error))
            return false;
    }
    return true;
}

void
heed_crew_clear(HeedWorker *worker)
{
    (void)heed_child_end(&worker->child);
    g_queue_clear(&worker->tasks);
}
