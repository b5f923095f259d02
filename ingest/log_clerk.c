/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_clerk.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "ingest/child.h"

/* How often *stop is looked at. */
#define TICK_MS 500

struct HeedLogClerk {
    const HeedLogJob *job;
    const volatile int *stop;
    HeedChild child;
    int fd;               /* borrowed; -1: none */
    GBytes *state;        /* what is known of messages under way, as far as it was told; or NULL */
    GArray *deadly;       /* of uint64_t, in this file */
    uint64_t progress;    /* the last place told */
    bool progressed;      /* some was, since the reading began */
    const char *ended_by; /* why the reader had to be ended; NULL: it died */
};

/* What the reading of one file has come to. */
typedef struct Reading {
    HeedLogStart start; /* for the next reader, should this one die */
    HeedLogBatch batch; /* being gathered */
    HeedLogTakeBatch take;
    void *data;
    HeedLogEnd *end;
} Reading;

typedef enum Outcome {
    OUTCOME_ENDED,
    OUTCOME_DIED,
    OUTCOME_ERROR
} Outcome;

HeedLogClerk *
heed_log_clerk_new(const HeedLogJob *job, const int *stop)
{
    HeedLogClerk *clerk = g_new0(HeedLogClerk, 1);

    clerk->job = job;
    clerk->stop = stop;
    clerk->child.channel.fd = -1;
    clerk->fd = -1;
    clerk->deadly = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return clerk;
}

void
heed_log_clerk_free(HeedLogClerk *clerk)
{
    if (clerk == NULL)
        return;
    if (clerk->child.pid != 0)
        (void)heed_child_end(&clerk->child);
    g_clear_pointer(&clerk->state, g_bytes_unref);
    g_array_unref(clerk->deadly);
    g_free(clerk);
}

/* --- listening --- */

/* The next frame. DIED where there will be none; ENDED stands for a frame. */
static Outcome
listen(HeedLogClerk *clerk, HeedFrame *out, GError **error)
{
    HeedChannel *channel = &clerk->child.channel;
    int64_t since = g_get_monotonic_time();

    for (;;) {
        struct pollfd entry = {.fd = channel->fd, .events = POLLIN};

        switch (heed_channel_next(channel, out, error)) {
        case HEED_CHANNEL_FRAME:
            return OUTCOME_ENDED;
        case HEED_CHANNEL_BAD:
            return OUTCOME_ERROR;
        case HEED_CHANNEL_NONE:
            break;
        }
        if (channel->ended)
            return OUTCOME_DIED;
        if (poll(&entry, 1, TICK_MS) < 0 && errno != EINTR)
            return OUTCOME_DIED;
        if (clerk->stop != NULL && *clerk->stop != 0) {
            g_set_error_literal(error, HEED_ERROR, HEED_ERROR_CANCELLED, "asked to stop");
            return OUTCOME_ERROR;
        }
        if (entry.revents != 0 && !heed_channel_fill(channel, false, error))
            return OUTCOME_ERROR;
        if (entry.revents == 0 &&
            g_get_monotonic_time() - since > HEED_LIMIT_LOG_SILENCE_SECONDS * G_USEC_PER_SEC) {
            clerk->ended_by = "was silent for too long";
            return OUTCOME_DIED;
        }
    }
}

static bool
send(HeedLogClerk *clerk, GBytes *frame, GError **error)
{
    heed_channel_send(&clerk->child.channel, frame);
    return heed_channel_flush(&clerk->child.channel, true, error);
}

static void
set_death(HeedLogClerk *clerk, const char *while_doing, GError **error)
{
    int status = heed_child_end(&clerk->child);
    g_autofree char *how = heed_child_describe(status);

    g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "the process that reads the log %s%s%s",
                clerk->ended_by != NULL ? clerk->ended_by : how, while_doing[0] != '\0' ? " " : "",
                while_doing);
    clerk->ended_by = NULL;
}

static bool
start_child(HeedLogClerk *clerk, GError **error)
{
    HeedFrame frame;

    if (clerk->child.pid != 0)
        return true;
    if (!heed_child_start(&clerk->child, HEED_ROLE_LOG, false, error) ||
        !send(clerk, heed_log_job_frame(clerk->job), error))
        return false;
    switch (listen(clerk, &frame, error)) {
    case OUTCOME_ENDED:
        break;
    case OUTCOME_DIED:
        set_death(clerk, "before it began", error);
        return false;
    case OUTCOME_ERROR:
        return false;
    }
    if (frame.type == HEED_FRAME_READY)
        return true;
    g_propagate_error(error, heed_frame_to_error(&frame));
    return false;
}

/* --- opening --- */

static GBytes *
read_head(const HeedFrame *frame, bool *out_cut, GError **error)
{
    HeedUnpack unpack;
    const uint8_t *head;
    size_t length;

    if (frame->type == HEED_FRAME_LOG_REFUSED || frame->type == HEED_FRAME_FAILED) {
        g_propagate_error(error, heed_frame_to_error(frame));
        return NULL;
    }
    heed_unpack_begin(&unpack, frame);
    head = heed_unpack_bytes(&unpack, &length);
    *out_cut = heed_unpack_u8(&unpack) != 0;
    if (frame->type != HEED_FRAME_LOG_HEAD || head == NULL || length > HEED_LIMIT_LOG_HEAD_BYTES)
        unpack.broken = true;
    return heed_unpack_finish(&unpack, error) ? g_bytes_new(head, length) : NULL;
}

static GBytes *
hand_over(HeedLogClerk *clerk, bool *out_cut, GError **error)
{
    HeedFrame frame;

    if (!start_child(clerk, error) ||
        !heed_channel_pass(&clerk->child.channel, heed_frame_empty(HEED_FRAME_LOG_FILE), clerk->fd,
                           error))
        return NULL;
    switch (listen(clerk, &frame, error)) {
    case OUTCOME_ENDED:
        return read_head(&frame, out_cut, error);
    case OUTCOME_DIED:
        set_death(clerk, "when it opened it", error);
        break;
    case OUTCOME_ERROR:
        break;
    }
    return NULL;
}

GBytes *
heed_log_clerk_open(HeedLogClerk *clerk, int fd, bool *out_cut, GError **error)
{
    clerk->fd = fd;
    g_array_set_size(clerk->deadly, 0);
    return hand_over(clerk, out_cut, error);
}

/* --- reading --- */

static bool
refuse(GError **error)
{
    g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA,
                        "the process that reads the log says what it cannot");
    return false;
}

static void
begin_batch(Reading *reading)
{
    heed_log_batch_clear(&reading->batch);
    reading->batch = (HeedLogBatch){
        .arrivals = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free)};
}

static bool
take_failure(Reading *reading, const HeedFrame *frame, GError **error)
{
    HeedArrival *arrival = heed_log_failure_read(frame, error);

    if (arrival == NULL)
        return false;
    g_ptr_array_add(reading->batch.arrivals, arrival);
    /* An expiry tells of all recipients of a message at once. */
    return reading->batch.arrivals->len <= HEED_LIMIT_LOG_BATCH_FAILURES + HEED_LIMIT_LOG_PENDING ||
           refuse(error);
}

static bool
take_state(Reading *reading, const HeedFrame *frame, GError **error)
{
    HeedUnpack unpack;
    const uint8_t *state;
    size_t length;

    heed_unpack_begin(&unpack, frame);
    state = heed_unpack_bytes(&unpack, &length);
    if (!heed_unpack_finish(&unpack, error))
        return false;
    g_clear_pointer(&reading->batch.state, g_bytes_unref);
    reading->batch.state = g_bytes_new(state, state != NULL ? length : 0);
    return true;
}

static bool
take_batch(HeedLogClerk *clerk, Reading *reading, const HeedFrame *frame, GError **error)
{
    HeedLogStart *start = &reading->start;
    bool taken;

    if (!heed_log_batch_read(frame, &reading->batch, error))
        return false;
    if (reading->batch.position <= start->position)
        return refuse(error);
    start->position = reading->batch.position;
    start->lines += reading->batch.tally.lines;
    if (reading->batch.state != NULL) {
        g_clear_pointer(&clerk->state, g_bytes_unref);
        clerk->state = g_bytes_ref(reading->batch.state);
        start->state_position = start->position;
    }
    taken = reading->take(&reading->batch, reading->data, error);
    begin_batch(reading);
    return taken;
}

static bool
take_progress(HeedLogClerk *clerk, const HeedFrame *frame, GError **error)
{
    HeedUnpack unpack;

    heed_unpack_begin(&unpack, frame);
    clerk->progress = heed_unpack_u64(&unpack);
    clerk->progressed = true;
    return heed_unpack_finish(&unpack, error);
}

static bool
take_frame(HeedLogClerk *clerk, Reading *reading, const HeedFrame *frame, GError **error)
{
    switch ((int)frame->type) {
    case HEED_FRAME_LOG_FAILURE:
        return take_failure(reading, frame, error);
    case HEED_FRAME_LOG_STATE:
        return take_state(reading, frame, error);
    case HEED_FRAME_LOG_BATCH:
        return take_batch(clerk, reading, frame, error);
    case HEED_FRAME_LOG_PROGRESS:
        return take_progress(clerk, frame, error);
    case HEED_FRAME_LOG_ENDED:
        return heed_log_end_read(frame, reading->end, error);
    default:
        return refuse(error);
    }
}

/* One reader's work on the file. */
static Outcome
follow(HeedLogClerk *clerk, Reading *reading, GError **error)
{
    HeedFrame frame = {.type = HEED_FRAME_LOG_READ};

    clerk->progressed = false;
    begin_batch(reading);
    if (!send(clerk, heed_log_start_frame(&reading->start), error))
        return OUTCOME_ERROR;
    while (frame.type != HEED_FRAME_LOG_ENDED) {
        Outcome outcome = listen(clerk, &frame, error);

        if (outcome != OUTCOME_ENDED)
            return outcome;
        if (!take_frame(clerk, reading, &frame, error))
            return OUTCOME_ERROR;
    }
    return OUTCOME_ENDED;
}

/* After a death: another reader, that goes on behind what was taken. */
static bool
replace(HeedLogClerk *clerk, Reading *reading, GError **error)
{
    HeedLogStart *start = &reading->start;
    bool careful = start->careful_until > start->position;
    g_autoptr(GBytes) head = NULL;
    bool cut;

    if (careful && (!clerk->progressed || clerk->deadly->len >= HEED_LIMIT_LOG_DEADLY_LINES)) {
        set_death(clerk, "again and again", error);
        return false;
    }
    if (careful)
        g_array_append_val(clerk->deadly, clerk->progress);
    (void)heed_child_end(&clerk->child);
    clerk->ended_by = NULL;
    if (lseek(clerk->fd, 0, SEEK_SET) < 0) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_INTERNAL,
                            "the process that reads the log died, and it cannot be read again");
        return false;
    }
    head = hand_over(clerk, &cut, error);
    if (head == NULL)
        return false;
    start->careful_until = start->position + 2U * HEED_LIMIT_LOG_BATCH_BYTES;
    start->deadly = clerk->deadly;
    start->state = clerk->state;
    start->anew = false;
    return true;
}

bool
heed_log_clerk_read(HeedLogClerk *clerk,
                    const HeedLogStart *start,
                    HeedLogTakeBatch take,
                    void *data,
                    HeedLogEnd *out,
                    GError **error)
{
    Reading reading = {.start = *start, .take = take, .data = data, .end = out};
    Outcome outcome;

    *out = (HeedLogEnd){0};
    if (start->anew || start->state != NULL)
        g_clear_pointer(&clerk->state, g_bytes_unref);
    if (start->state != NULL)
        clerk->state = g_bytes_ref(start->state);
    while ((outcome = follow(clerk, &reading, error)) == OUTCOME_DIED)
        if (!replace(clerk, &reading, error)) {
            outcome = OUTCOME_ERROR;
            break;
        }
    heed_log_batch_clear(&reading.batch);
    if (outcome == OUTCOME_ENDED)
        return true;
    /* Whatever the reader still has to say is of a file that nobody listens to any more. */
    if (clerk->child.pid != 0)
        (void)heed_child_end(&clerk->child);
    return false;
}
