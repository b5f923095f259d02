/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_child.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/limits.h"
#include "ingest/channel.h"
#include "ingest/child.h"
#include "ingest/log_collect.h"
#include "ingest/log_frames.h"
#include "ingest/log_lines.h"
#include "ingest/sandbox.h"
#include "parsers/log_state.h"
#include "parsers/report_json.h"

typedef struct Child {
    HeedChannel channel;
    json_t *settings; /* owned; what the job's text is borrowed from */
    HeedLogJob job;
    const char **lists[4]; /* owned */
    GTimeZone *zone;
    HeedRules *rules;
    HeedLogReader *reader;
    HeedLogCollector *collector;
    GString *json; /* reused */
    /* The file in hand: */
    HeedFd file;
    HeedLogBytes *bytes;
    HeedLogLines *lines;
    HeedLogStart start;
    uint64_t position; /* all before it was taken */
    uint64_t number;   /* of the line before it */
    uint64_t handed;   /* all before it was handed over */
    uint64_t noted;    /* where what is known of messages was handed over last */
} Child;

static void
start_clear(HeedLogStart *start)
{
    if (start->state != NULL)
        g_bytes_unref(start->state);
    if (start->deadly != NULL)
        g_array_unref((GArray *)(uintptr_t)start->deadly);
    *start = (HeedLogStart){0};
}

static void
close_file(Child *child)
{
    g_clear_pointer(&child->lines, heed_log_lines_free);
    g_clear_pointer(&child->bytes, heed_log_bytes_free);
    heed_fd_clear(&child->file);
    start_clear(&child->start);
}

static void
child_clear(Child *child)
{
    close_file(child);
    heed_channel_clear(&child->channel);
    g_clear_pointer(&child->collector, heed_log_collector_free);
    g_clear_pointer(&child->reader, heed_log_reader_free);
    g_clear_pointer(&child->rules, heed_rules_free);
    g_clear_pointer(&child->zone, g_time_zone_unref);
    g_clear_pointer(&child->settings, json_decref);
    for (size_t i = 0; i < G_N_ELEMENTS(child->lists); i++)
        g_free(child->lists[i]);
    if (child->json != NULL)
        (void)g_string_free(child->json, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Child, child_clear)

/* --- beginning --- */

/* The strings are borrowed from the JSON. */
static const char **
list_from_json(const json_t *json, const char *key)
{
    const json_t *list = json_object_get(json, key);
    const char **strings = g_new0(const char *, json_array_size(list) + 1);
    size_t index;
    json_t *entry;

    json_array_foreach(list, index, entry) strings[index] = json_string_value(entry);
    return strings;
}

static HeedLogReader *
make_reader(const Child *child)
{
    const HeedLogSettings settings = {
        .format = child->job.format, .reference = child->start.reference, .zone = child->zone};

    return heed_log_reader_new(&settings);
}

static void
take_failure(const uint8_t digest[HEED_DIGEST_BYTES],
             const HeedReport *report,
             int64_t time,
             void *data)
{
    Child *child = data;

    g_string_truncate(child->json, 0);
    heed_report_to_json(report, NULL, child->json);
    heed_channel_send(&child->channel, heed_log_failure_frame(digest, time, child->json));
}

static bool
load(Child *child, GError **error)
{
    const json_t *json = child->settings;
    const char *format = json_string_value(json_object_get(json, "format"));
    HeedRulesOptions rules;

    for (size_t i = 0; i < G_N_ELEMENTS(child->lists); i++)
        child->lists[i] =
            list_from_json(json, ((const char *[]){"domains", "relays", "verp", "rules"})[i]);
    child->job = (HeedLogJob){
        .zone = json_string_value(json_object_get(json, "zone")),
        .domains = child->lists[0],
        .relays = child->lists[1],
        .verp = child->lists[2],
        .rules = child->lists[3],
        .rules_cache = json_string_value(json_object_get(json, "rules_cache")),
        .deliveries = json_boolean_value(json_object_get(json, "deliveries")),
    };
    if (format == NULL || !heed_log_format_from_name(format, &child->job.format)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_INTERNAL, "a log of no known format");
        return false;
    }
    if (child->job.zone != NULL)
        child->zone = g_time_zone_new_identifier(child->job.zone);
    rules = (HeedRulesOptions){.files = child->job.rules, .cache_folder = child->job.rules_cache};
    child->rules = heed_rules_load(&rules, error);
    if (child->rules == NULL)
        return false;
    child->collector = heed_log_collector_new(&child->job, child->rules, error);
    if (child->collector == NULL)
        return false;
    heed_log_collector_to(child->collector, take_failure, child);
    child->reader = make_reader(child);
    return heed_sandbox_enter(error);
}

static bool
begin(Child *child, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    HeedFrame frame;

    child->json = g_string_new(NULL);
    if (!heed_channel_receive(&child->channel, &frame, error))
        return false;
    child->settings = heed_frame_to_json(&frame, error);
    if (child->settings == NULL)
        return false;
    if (load(child, &trouble)) {
        heed_channel_send(&child->channel, heed_frame_empty(HEED_FRAME_READY));
        return heed_channel_flush(&child->channel, true, error);
    }
    heed_channel_send(&child->channel, heed_frame_failed(trouble));
    if (heed_channel_flush(&child->channel, true, error))
        g_propagate_error(error, g_steal_pointer(&trouble));
    return false;
}

/* --- a file --- */

static GBytes *
refused_frame(const GError *reason)
{
    g_autoptr(json_t) json =
        json_pack("{s:i, s:s}", "code", reason->code, "message", reason->message);

    return heed_frame_json(HEED_FRAME_LOG_REFUSED, json);
}

static bool
open_file(Child *child, GError **error)
{
    g_autoptr(GError) reason = NULL;
    uint8_t head[HEED_LIMIT_LOG_HEAD_BYTES];
    size_t length = 0;
    bool read = false;
    HeedPack pack;

    close_file(child);
    child->file = child->channel.passed;
    child->channel.passed = -1;
    child->bytes = heed_log_bytes_new(child->file, &reason);
    if (child->bytes != NULL) {
        child->lines = heed_log_lines_new(child->bytes);
        read = heed_log_lines_peek(child->lines, head, sizeof(head), &length, &reason);
    }
    if (!read) {
        heed_channel_send(&child->channel, refused_frame(reason));
    } else {
        heed_pack_begin(&pack, HEED_FRAME_LOG_HEAD);
        heed_pack_bytes(&pack, head, length);
        heed_pack_u8(&pack, heed_log_bytes_is_cut(child->bytes));
        heed_channel_send(&child->channel, heed_pack_end(&pack));
    }
    return heed_channel_flush(&child->channel, true, error);
}

/* --- handing over --- */

static void
send_state(Child *child)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    HeedPack pack;

    heed_log_state_save(child->reader, HEED_LIMIT_LOG_STATE_BYTES, state);
    heed_pack_begin(&pack, HEED_FRAME_LOG_STATE);
    heed_pack_bytes(&pack, state->data, state->len);
    heed_channel_send(&child->channel, heed_pack_end(&pack));
    child->noted = child->position;
}

static bool
hand_over(Child *child, bool last, GError **error)
{
    HeedLogTally tally;
    g_autoptr(HeedLogSums) sums = NULL;

    if (child->position == child->handed)
        return true;
    if (last || child->position - child->noted >= HEED_LIMIT_LOG_STATE_INTERVAL)
        send_state(child);
    sums = heed_log_collector_finish(child->collector, &tally);
    heed_channel_send(&child->channel, heed_log_batch_frame(child->position, &tally, sums));
    child->handed = child->position;
    return heed_channel_flush(&child->channel, true, error);
}

static bool
send_progress(Child *child, uint64_t place, GError **error)
{
    HeedPack pack;

    heed_pack_begin(&pack, HEED_FRAME_LOG_PROGRESS);
    heed_pack_u64(&pack, place);
    heed_channel_send(&child->channel, heed_pack_end(&pack));
    return heed_channel_flush(&child->channel, true, error);
}

/* --- reading --- */

static bool
is_deadly(const Child *child, uint64_t place)
{
    const GArray *deadly = child->start.deadly;

    for (guint i = 0; deadly != NULL && i < deadly->len; i++)
        if (g_array_index(deadly, uint64_t, i) == place)
            return true;
    return false;
}

/* Reads again what was counted before, up to the place where counting begins. *out_there: it was
 * reached. */
static bool
remember(Child *child, bool *out_there, GError **error)
{
    HeedLogLineRead line = {0};
    HeedLogLineKind kind = HEED_LOG_LINE_WHOLE;
    uint64_t said = child->start.state_position;
    uint64_t end = 0;

    *out_there = false;
    heed_log_reader_to(child->reader, NULL, NULL);
    if (child->start.position > 0 && heed_log_format_has_header(child->job.format)) {
        kind = heed_log_lines_next(child->lines, &line, error);
        if (kind == HEED_LOG_LINE_WHOLE)
            (void)heed_log_reader_line(child->reader, line.at, line.length);
    }
    if (child->start.state != NULL) {
        gsize length;
        const uint8_t *state = g_bytes_get_data(child->start.state, &length);

        heed_log_state_load(child->reader, state, length);
    }
    if (line.end < child->start.state_position &&
        !heed_log_lines_skip_to(child->lines, child->start.state_position, &end, error)) {
        child->position = end;
        return error == NULL || *error == NULL;
    }
    child->position = MAX(child->start.state_position, line.end);
    while (child->position < child->start.position && kind <= HEED_LOG_LINE_LONG) {
        kind = heed_log_lines_next(child->lines, &line, error);
        if (kind == HEED_LOG_LINE_WHOLE && !is_deadly(child, line.begin))
            (void)heed_log_reader_line(child->reader, line.at, line.length);
        child->position = line.end;
        if (child->position - said < HEED_LIMIT_LOG_BATCH_BYTES)
            continue;
        said = child->position;
        if (!send_progress(child, said, error))
            return false;
    }
    *out_there = child->position == child->start.position;
    return kind != HEED_LOG_LINE_ERROR;
}

static bool
take_line(Child *child, const HeedLogLineRead *line, HeedLogLineKind kind, GError **error)
{
    if (line->begin < child->start.careful_until && !send_progress(child, line->begin, error))
        return false;
    child->number++;
    if (is_deadly(child, line->begin)) {
        heed_log_collector_count_deadly(child->collector);
    } else if (kind == HEED_LOG_LINE_LONG) {
        heed_log_reader_skip(child->reader);
        heed_log_collector_count(child->collector, HEED_LOG_LONG, child->number);
    } else {
        HEED_FAULT("log-reader.line");
        heed_log_collector_count(child->collector,
                                 heed_log_reader_line(child->reader, line->at, line->length),
                                 child->number);
    }
    child->position = line->end;
    return true;
}

/* Reads to the end. What cannot be read of the file is in *end; false for what ends this process.
 */
static bool
read_lines(Child *child, HeedLogEnd *end, GError **error)
{
    g_autoptr(GError) reason = NULL;
    HeedLogLineRead line;

    for (;;) {
        HeedLogLineKind kind = heed_log_lines_next(child->lines, &line, &reason);

        if (kind == HEED_LOG_LINE_OPEN && !child->start.settled)
            end->incomplete = true;
        if (kind == HEED_LOG_LINE_ERROR)
            end->trouble = g_strdup(reason->message);
        if (kind == HEED_LOG_LINE_NONE || kind == HEED_LOG_LINE_ERROR || end->incomplete)
            break;
        if (!take_line(child, &line, kind, error))
            return false;
        if (kind == HEED_LOG_LINE_OPEN)
            break;
        if ((heed_log_collector_is_full(child->collector) ||
             child->position - child->handed >= HEED_LIMIT_LOG_BATCH_BYTES) &&
            !hand_over(child, false, error))
            return false;
    }
    end->cut = heed_log_bytes_is_cut(child->bytes);
    return hand_over(child, true, error);
}

static bool
read_file(Child *child, const HeedFrame *frame, GError **error)
{
    g_auto(HeedLogEnd) end = {0};
    g_autoptr(GError) reason = NULL;
    bool there = false;

    start_clear(&child->start);
    if (!heed_log_start_read(frame, &child->start, error))
        return false;
    if (child->lines == NULL) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA, "there is no file to read");
        return false;
    }
    if (child->start.anew) {
        heed_log_reader_free(child->reader);
        child->reader = make_reader(child);
    }
    heed_log_reader_refer(child->reader, child->start.reference);
    heed_log_reader_begin(child->reader);
    heed_log_collector_refer(child->collector, child->start.reference);
    if (!remember(child, &there, &reason) && reason == NULL)
        return false;
    child->number = child->start.lines;
    child->handed = child->noted = child->position;
    if (reason != NULL)
        end.trouble = g_strdup(reason->message);
    end.shrunk = !there && reason == NULL;
    heed_log_reader_to(child->reader, heed_log_collector_take, child->collector);
    if (there && !read_lines(child, &end, error))
        return false;
    end.position = child->position;
    heed_channel_send(&child->channel, heed_log_end_frame(&end));
    g_clear_pointer(&child->lines, heed_log_lines_free);
    return heed_channel_flush(&child->channel, true, error);
}

int
heed_log_child_main(int fd)
{
    g_auto(Child) child = {.file = -1};
    g_autoptr(GError) error = NULL;
    HeedFrame frame;

    heed_child_settle();
    heed_channel_init(&child.channel, fd);
    child.channel.takes_fd = true;
    if (!begin(&child, &error))
        return heed_error_exit_status(error);
    while (heed_channel_receive(&child.channel, &frame, &error)) {
        bool went_well = frame.type == HEED_FRAME_LOG_FILE   ? open_file(&child, &error)
                         : frame.type == HEED_FRAME_LOG_READ ? read_file(&child, &frame, &error)
                                                             : false;

        if (!went_well)
            return heed_error_exit_status(error);
    }
    return 0;
}
