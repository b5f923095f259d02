/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "parsers/log_reader.h"

#include "base/limits.h"
#include "parsers/log_reading.h"

static const struct {
    const char *name;
    HeedLogLine read;
} formats[] = {
    [HEED_LOG_POSTFIX] = {"postfix", heed_log_postfix_line},
    [HEED_LOG_EXIM] = {"exim", heed_log_exim_line},
    [HEED_LOG_KUMOMTA] = {"kumomta", heed_log_kumomta_line},
    [HEED_LOG_POWERMTA] = {"powermta", heed_log_powermta_line},
    [HEED_LOG_CSV] = {"csv", heed_log_csv_line},
    [HEED_LOG_JSONL] = {"jsonl", heed_log_jsonl_line},
};

const char *
heed_log_format_name(HeedLogFormat format)
{
    return (size_t)format < G_N_ELEMENTS(formats) ? formats[format].name : NULL;
}

bool
heed_log_format_from_name(const char *name, HeedLogFormat *out_format)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(formats[i].name, name) != 0)
            continue;
        *out_format = (HeedLogFormat)i;
        return true;
    }
    return false;
}

bool
heed_log_format_has_header(HeedLogFormat format)
{
    return format == HEED_LOG_CSV || format == HEED_LOG_POWERMTA;
}

const char *
heed_log_trouble_words(HeedLogTrouble trouble)
{
    static const char *const words[] = {
        [HEED_LOG_FINE] = "read",
        [HEED_LOG_FOREIGN] = "not of this format",
        [HEED_LOG_TIME] = "without a time that can be read",
        [HEED_LOG_NUL] = "with NUL bytes",
        [HEED_LOG_LONG] = "too long",
        [HEED_LOG_CUT] = "cut off",
        [HEED_LOG_VALUE] = "lacking a recipient, an outcome or a column",
    };

    return (size_t)trouble < G_N_ELEMENTS(words) ? words[trouble] : NULL;
}

HeedLogReader *
heed_log_reader_new(const HeedLogSettings *settings)
{
    HeedLogReader *reader = g_new0(HeedLogReader, 1);

    reader->format = settings->format;
    heed_log_clock_init(&reader->clock, settings->reference, settings->zone);
    reader->join = heed_log_join_new(
        settings->most_messages > 0 ? settings->most_messages : HEED_LIMIT_LOG_MESSAGES,
        settings->most_message_bytes > 0 ? settings->most_message_bytes
                                         : HEED_LIMIT_LOG_MESSAGES_BYTES);
    reader->scratch = g_string_new(NULL);
    return reader;
}

void
heed_log_reader_free(HeedLogReader *reader)
{
    if (reader == NULL)
        return;
    heed_log_join_free(reader->join);
    g_string_free(reader->scratch, TRUE);
    g_free(reader->columns);
    g_free(reader);
}

void
heed_log_reader_to(HeedLogReader *reader, HeedLogTake take, void *data)
{
    reader->take = take;
    reader->data = data;
}

void
heed_log_reader_refer(HeedLogReader *reader, int64_t reference)
{
    reader->clock.reference = reference;
}

void
heed_log_reader_begin(HeedLogReader *reader)
{
    g_clear_pointer(&reader->columns, g_free);
}

static void
count(HeedLogReader *reader, HeedLogTrouble trouble)
{
    HeedLogCounts *counts = &reader->counts;

    if (reader->take == NULL)
        return;
    counts->lines++;
    counts->troubles[trouble]++;
    if (counts->first[trouble] == 0)
        counts->first[trouble] = counts->lines;
}

HeedLogTrouble
heed_log_reader_line(HeedLogReader *reader, const char *line, size_t length)
{
    HeedSpan rest = {line, length};
    HeedLogTrouble trouble = HEED_LOG_FINE;

    if (length > 0 && line[length - 1] == '\r')
        rest.length--;
    /* A file system that was interrupted leaves zeroes, and the next line begins behind them. */
    while (rest.length > 0 && rest.at[0] == '\0') {
        rest = heed_log_after(rest, 1);
        trouble = HEED_LOG_NUL;
    }
    if (rest.length > HEED_LIMIT_LOG_LINE_BYTES) {
        trouble = HEED_LOG_LONG;
    } else if (rest.length > 0) {
        HeedLogTrouble of_line = memchr(rest.at, '\0', rest.length) != NULL
                                     ? HEED_LOG_NUL
                                     : formats[reader->format].read(reader, rest);

        if (of_line != HEED_LOG_FINE)
            trouble = of_line;
    }
    count(reader, trouble);
    return trouble;
}

void
heed_log_reader_skip(HeedLogReader *reader)
{
    count(reader, HEED_LOG_LONG);
}

const HeedLogCounts *
heed_log_reader_counts(HeedLogReader *reader)
{
    reader->counts.evicted = heed_log_join_evicted(reader->join);
    reader->counts.jumps = reader->clock.jumps;
    return &reader->counts;
}

void
heed_log_reserve(HeedLogReader *reader, size_t bytes)
{
    g_string_set_size(reader->scratch, 3 * bytes);
    g_string_truncate(reader->scratch, 0);
}

/* Only IPv6 addresses can be written in several ways. */
static void
normalise_source(HeedLogReader *reader, HeedSpan *source)
{
    if (source->length > 0 && memchr(source->at, ':', source->length) != NULL &&
        heed_address_text(source->at, source->length, reader->source))
        *source = (HeedSpan){reader->source, strlen(reader->source)};
}

void
heed_log_emit(HeedLogReader *reader, HeedLogEvent *event)
{
    const HeedLogMessage *message;

    normalise_source(reader, &event->source_ip);
    if (event->sender.at == NULL || event->message_id.at == NULL) {
        message = heed_log_join_find(reader->join, event->queue_id);
        if (message != NULL && event->sender.at == NULL)
            event->sender = message->sender;
        if (message != NULL && event->message_id.at == NULL)
            event->message_id = message->message_id;
    }
    if (reader->take == NULL)
        return;
    if (event->sender.at == NULL)
        reader->counts.unjoined++;
    reader->counts.events++;
    reader->take(event, reader->data);
}

void
heed_log_recall(HeedLogReader *reader, HeedLogEvent *event)
{
    const HeedLogMessage *message = heed_log_join_find(reader->join, event->queue_id);
    const HeedLogEvent now = *event;

    for (guint i = 0; message != NULL && message->pending != NULL && i < message->pending->len;
         i++) {
        const HeedLogEvent *last = g_ptr_array_index(message->pending, i);

        if (last->recipient.length != now.recipient.length ||
            memcmp(last->recipient.at, now.recipient.at, now.recipient.length) != 0)
            continue;
        *event = *last;
        event->time = now.time;
        event->outcome = now.outcome;
        event->queue_id = now.queue_id;
        event->recipient = now.recipient;
        if (now.sender.at != NULL)
            event->sender = now.sender;
        return;
    }
}

void
heed_log_read_codes(HeedLogEvent *event)
{
    HeedReply reply;

    if (event->reply.length == 0 || !heed_reply_read(event->reply.at, event->reply.length, &reply))
        return;
    memcpy(event->code, reply.code, sizeof(event->code));
    if (event->status[0] == '\0')
        memcpy(event->status, reply.status, sizeof(event->status));
}

static bool
is_ip(HeedSpan text)
{
    bool separated = false;

    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];

        if (c == '.' || c == ':')
            separated = true;
        else if (!g_ascii_isxdigit(c))
            return false;
    }
    return separated && text.length <= 45;
}

void
heed_log_read_relay(HeedSpan text, HeedLogEvent *event)
{
    const char *open = text.length == 0 ? NULL : memchr(text.at, '[', text.length);
    const char *close;
    HeedSpan host;
    HeedSpan ip;

    if (open == NULL)
        return;
    close = memchr(open, ']', text.length - (size_t)(open - text.at));
    if (close == NULL)
        return;
    ip = heed_log_span(open + 1, close);
    host = heed_log_span(text.at, open);
    if (host.length > 0 && host.at[host.length - 1] == ' ')
        host.length--;
    if (!is_ip(ip) || (host.length > 0 && memchr(host.at, ' ', host.length) != NULL))
        return;
    event->relay_ip = ip;
    /* Without a name, Postfix writes "unknown" or the address again. */
    if (host.length > 0 && !heed_log_is(host, "unknown") && !is_ip(host))
        event->relay_host = host;
}

bool
heed_log_is_loopback(HeedSpan ip)
{
    return heed_log_starts(ip, "127.") || heed_log_is(ip, "::1");
}

const char *
heed_log_find(HeedSpan span, const char *text)
{
    return span.length == 0 ? NULL : memmem(span.at, span.length, text, strlen(text));
}

double
heed_log_number(HeedSpan span)
{
    double value = 0;
    double unit = 1;
    size_t at = 0;

    for (; at < span.length && at < 12 && g_ascii_isdigit(span.at[at]); at++)
        value = value * 10 + (span.at[at] - '0');
    if (at == 0)
        return -1;
    if (at < span.length && span.at[at] == '.')
        for (at++; at < span.length && g_ascii_isdigit(span.at[at]); at++)
            value += (span.at[at] - '0') * (unit /= 10);
    return value;
}
