/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */

/*
 * Exim's main log, as a file or through syslog (Exim 4; its specification, "Log files"): "<=" names
 * the sender and the Message-ID, each recipient has a line of its own when something becomes of it,
 * "Completed" is the end. Any log_selector.
 */

#include "parsers/log_exim_text.h"
#include "parsers/log_reading.h"
#include "parsers/log_syslog.h"

/* "1xY8g4-0005Yr-2b", and from Exim 4.97 on "1xY8g4-00000005Yrq-2bAc". */
#define OLD_ID_BYTES 16U
#define NEW_ID_BYTES 23U

/* Deferrals below this were no attempts: the time to try again had not come, or Exim was told to
 * leave the message in its queue. */
#define NO_ATTEMPT (-51)

typedef struct Line {
    int64_t time;
    HeedSpan queue_id;
    HeedSpan text; /* behind the queue id */
} Line;

static size_t
id_length(HeedSpan text)
{
    static const size_t lengths[] = {OLD_ID_BYTES, NEW_ID_BYTES};

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        size_t length = lengths[i];
        size_t at = 0;

        if (text.length <= length || text.at[length] != ' ')
            continue;
        while (at < length &&
               (at == 6 || at == (length == OLD_ID_BYTES ? 13 : 18) ? text.at[at] == '-'
                                                                    : g_ascii_isalnum(text.at[at])))
            at++;
        if (at == length)
            return length;
    }
    return 0;
}

/* "[1234] ", with +pid. */
static HeedSpan
skip_pid(HeedSpan text)
{
    size_t at = 1;

    if (!heed_log_starts(text, "["))
        return text;
    while (at < text.length && g_ascii_isdigit(text.at[at]))
        at++;
    return at > 1 && at + 1 < text.length && text.at[at] == ']' && text.at[at + 1] == ' '
               ? heed_log_after(text, at + 2)
               : text;
}

/* Exim cuts long lines for syslog into "[1/2] …" and "[2/2] …", and those with line ends into
 * "[1\2] …": the first has all but the end of a long reply. False for the others. */
static bool
first_piece(HeedSpan *text)
{
    size_t at = 1;
    size_t number;

    if (!heed_log_starts(*text, "["))
        return true;
    while (at < text->length && g_ascii_isdigit(text->at[at]))
        at++;
    number = at;
    if (at >= text->length || (text->at[at] != '/' && text->at[at] != '\\'))
        return true;
    for (at++; at < text->length && g_ascii_isdigit(text->at[at]);)
        at++;
    if (at + 1 >= text->length || text->at[at] != ']' || text->at[at + 1] != ' ')
        return true;
    if (number != 2 || text->at[1] != '1')
        return false;
    *text = heed_log_after(*text, at + 2);
    return true;
}

/* The time before the text: a file's lines begin with it, and those in syslog do again unless
 * syslog_timestamp is off. */
static bool
take_time(HeedLogClock *clock, HeedSpan *text, int64_t *out_time)
{
    size_t used;

    if (text->length < 11 || text->at[10] != ' ' ||
        !heed_log_time_read(clock, text->at, text->length, out_time, &used))
        return false;
    *text = heed_log_after(*text, used);
    if (heed_log_starts(*text, " "))
        *text = heed_log_after(*text, 1);
    return true;
}

static HeedLogTrouble
read_line(HeedLogReader *reader, HeedSpan bytes, Line *line)
{
    HeedSyslogLine syslog;
    HeedLogTrouble trouble;
    HeedLogClock copy;
    int64_t again;

    line->text = bytes;
    if (!take_time(&reader->clock, &line->text, &line->time)) {
        trouble = heed_log_syslog_read(&reader->clock, bytes, &syslog);
        if (trouble != HEED_LOG_FINE)
            return trouble;
        line->time = syslog.time;
        line->text = syslog.message;
        if (!first_piece(&line->text))
            line->text = (HeedSpan){0};
        copy = reader->clock;
        (void)take_time(&copy, &line->text, &again);
    }
    line->text = skip_pid(line->text);
    line->queue_id = (HeedSpan){line->text.at, id_length(line->text)};
    if (line->queue_id.length > 0)
        line->text = heed_log_after(line->text, line->queue_id.length + 1);
    return HEED_LOG_FINE;
}

/* The value at the text's beginning, quoted as in DN="…" or in brackets as in F=<…> or neither,
 * with those; *out_cut when it does not end. Cuts it off. */
static HeedSpan
take_value(HeedSpan *text, bool *out_cut)
{
    char close = heed_log_starts(*text, "\"") ? '"' : heed_log_starts(*text, "<") ? '>' : ' ';
    size_t at = close == ' ' ? 0 : 1;
    bool quoted = close == '"';
    HeedSpan value;

    for (; at < text->length; at++) {
        char c = text->at[at];

        if (c == '\\' && quoted)
            at++;
        else if (c == close && (close == '"' || !quoted))
            break;
        else if (c == '"' && close == '>')
            quoted = !quoted;
    }
    if (close != ' ') {
        *out_cut |= at >= text->length;
        at++;
    }
    value = heed_log_span(text->at, text->at + MIN(at, text->length));
    *text = heed_log_after(*text, value.length);
    return value;
}

/* C="250 \"ok\"", with quotes and backslashes escaped once more. */
static void
read_confirmation(HeedLogReader *reader, HeedSpan value, HeedLogEvent *event)
{
    GString *scratch = reader->scratch;
    size_t begin = scratch->len;

    if (!heed_log_starts(value, "\""))
        return;
    for (size_t i = 1; i < value.length && value.at[i] != '"'; i++) {
        if (value.at[i] == '\\' && i + 1 < value.length)
            i++;
        g_string_append_c(scratch, value.at[i]);
    }
    event->reply =
        heed_log_exim_unescape((HeedSpan){scratch->str + begin, scratch->len - begin}, scratch);
}

static double
unit_seconds(char unit)
{
    static const struct {
        char unit;
        double seconds;
    } units[] = {{'s', 1},     {'m', 60},        {'h', 3600},
                 {'d', 86400}, {'w', 7 * 86400}, {'y', 365 * 86400}};

    for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
        if (units[i].unit == unit)
            return units[i].seconds;
    return -1;
}

/* "1d2h3m4s", "0.123s"; negative for none. */
static double
read_duration(HeedSpan value)
{
    double seconds = value.length > 0 ? 0 : -1;

    while (value.length > 0) {
        double number = heed_log_number(value);
        size_t at = 0;
        double unit;

        while (at < value.length && (g_ascii_isdigit(value.at[at]) || value.at[at] == '.'))
            at++;
        unit = unit_seconds(at < value.length ? value.at[at] : '\0');
        if (number < 0 || unit < 0)
            return -1;
        seconds += number * unit;
        value = heed_log_after(value, at + 1);
    }
    return seconds;
}

/* "mx.example.net [192.0.2.1]:25*", " DS" before the bracket for DNSSEC. Cuts it off but for what
 * stands behind the bracket. */
static void
read_host(HeedSpan *text, HeedLogEvent *event)
{
    const char *close = heed_log_find(*text, "]");
    HeedSpan host;
    const char *validated;

    if (close == NULL)
        return;
    host = heed_log_span(text->at, close + 1);
    /* The bracket is of another member where a transport within this machine has no address. */
    if (memchr(host.at, '=', host.length) != NULL)
        return;
    validated = heed_log_find(host, " DS [");
    if (validated != NULL)
        event->relay_host = heed_log_span(host.at, validated);
    heed_log_read_relay(
        validated == NULL ? host : heed_log_after(host, (size_t)(validated - host.at) + 4), event);
    *text = heed_log_after(*text, host.length);
}

static HeedSpan
without_ends(HeedSpan value)
{
    return value.length >= 2 ? (HeedSpan){value.at + 1, value.length - 2} : (HeedSpan){0};
}

static void
read_member(HeedLogReader *reader, HeedSpan name, HeedSpan value, HeedLogEvent *event)
{
    if (heed_log_is(name, "T")) {
        event->channel = value;
    } else if (heed_log_is(name, "P") || (heed_log_is(name, "F") && event->sender.at == NULL)) {
        /* The return path that was used, which a transport may make for each recipient, counts
         * more than who sent the message. */
        event->sender = without_ends(value);
    } else if (heed_log_is(name, "C")) {
        read_confirmation(reader, value, event);
    } else if (heed_log_is(name, "QT")) {
        event->delay = read_duration(value);
    } else if (heed_log_is(name, "I") && heed_log_starts(value, "[")) {
        const char *close = memchr(value.at, ']', value.length);

        if (close != NULL)
            event->source_ip = heed_log_span(value.at + 1, close);
    }
}

/* What a line says of an attempt behind the address. */
typedef struct Attempt {
    HeedSpan words; /* behind the colon; at NULL where there is none */
    int error;      /* "defer (-44)"; 0 for none */
    bool deferred;
    bool cut;
} Attempt;

/* "defer (-44)", and "defer (111): Connection refused" whose words end at the next member. */
static void
read_defer(HeedSpan *text, HeedLogEvent *event, Attempt *attempt)
{
    static const char *const ends[] = {" H=", " DT=", ": "};
    bool negative = heed_log_starts(*text, " defer (-");
    double number = heed_log_number(heed_log_after(*text, strlen(" defer (") + negative));
    const char *close = heed_log_find(*text, ")");

    if (close == NULL || number < 0)
        return;
    attempt->deferred = true;
    attempt->error = negative ? -(int)MIN(number, 1000) : (int)MIN(number, 1000);
    *text = heed_log_span(close + 1, text->at + text->length);
    if (negative || !heed_log_starts(*text, ": "))
        return;
    event->reply = heed_log_after(*text, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        const char *end = heed_log_find(event->reply, ends[i]);

        if (end != NULL)
            event->reply = heed_log_span(event->reply.at, end);
    }
    *text = heed_log_after(*text, 2 + event->reply.length);
}

/* One " NAME=VALUE" or " WORD"; at a word that ends in a colon, what follows are the words. */
static void
take_member(HeedLogReader *reader, HeedSpan *text, HeedLogEvent *event, Attempt *attempt)
{
    HeedSpan name = {text->at + 1, 0};
    HeedSpan value;

    while (name.length + 1 < text->length && g_ascii_isalnum(name.at[name.length]))
        name.length++;
    *text = heed_log_after(*text, 1 + name.length);
    if (heed_log_starts(*text, "="))
        *text = heed_log_after(*text, 1);
    if (heed_log_is(name, "H"))
        read_host(text, event);
    value = take_value(text, &attempt->cut);
    if (value.length > 0 && value.at[value.length - 1] == ':' && text->length > 1) {
        value.length--;
        attempt->words = heed_log_after(*text, 1);
        *text = (HeedSpan){0};
    }
    read_member(reader, name, value, event);
}

/* " DT=0.1s" at the end of the words. */
static HeedSpan
without_duration(HeedSpan words)
{
    size_t at = words.length;

    while (at > 0 && words.at[at - 1] != ' ')
        at--;
    if (at > 0 && heed_log_starts(heed_log_after(words, at), "DT="))
        words.length = at - 1;
    return words;
}

static void
read_attempt(HeedLogReader *reader, HeedSpan text, HeedLogEvent *event, Attempt *attempt)
{
    while (text.length > 1) {
        if (heed_log_starts(text, ": ")) {
            attempt->words = heed_log_after(text, 2);
            break;
        }
        if (heed_log_starts(text, " defer ("))
            read_defer(&text, event, attempt);
        if (text.length > 1 && text.at[0] == ' ')
            take_member(reader, &text, event, attempt);
        else if (text.length > 0 && !heed_log_starts(text, ": "))
            text = heed_log_after(text, 1);
    }
    if (attempt->words.at != NULL)
        attempt->words = without_duration(attempt->words);
}

static HeedLogTrouble
finish(HeedLogReader *reader, HeedLogEvent *event, const Attempt *attempt)
{
    if (event->recipient.length == 0)
        return HEED_LOG_VALUE;
    event->internal = heed_log_is_loopback(event->relay_ip);
    /* Exim logs the last refusal as a deferral, and then only that it gave up. */
    if (event->outcome == HEED_LOG_EXPIRED && event->reply.length == 0) {
        heed_log_recall(reader, event);
        if (event->reply.length == 0)
            event->reply = attempt->words;
    }
    heed_log_read_codes(event);
    heed_log_emit(reader, event);
    if (event->outcome == HEED_LOG_DEFERRED)
        heed_log_join_defer(reader->join, event);
    else
        heed_log_join_settle(reader->join, event->queue_id, event->recipient);
    return attempt->cut ? HEED_LOG_CUT : HEED_LOG_FINE;
}

/* "=> ADDRESS R=… T=… H=… C="…"", with "->" for further recipients of one delivery and ">>" where
 * the message was passed on while it came in. */
static HeedLogTrouble
read_delivery(HeedLogReader *reader, HeedLogEvent *event, HeedSpan text)
{
    Attempt attempt = {0};

    if (heed_log_starts(text, ":blackhole:"))
        return HEED_LOG_FINE;
    if (!heed_log_exim_take_address(&text, event))
        return HEED_LOG_CUT;
    read_attempt(reader, text, event, &attempt);
    /* Every delivery is by a transport. */
    if (event->channel.length == 0)
        return HEED_LOG_CUT;
    event->outcome = HEED_LOG_DELIVERED;
    return finish(reader, event, &attempt);
}

/* "** ADDRESS R=… T=… H=…: WORDS", "== ADDRESS R=… T=… defer (-44) H=…: WORDS". */
static HeedLogTrouble
read_failure(HeedLogReader *reader, HeedLogEvent *event, HeedSpan text, bool defers)
{
    Attempt attempt = {0};
    bool expired = false;

    if (!heed_log_exim_take_address(&text, event))
        return HEED_LOG_CUT;
    read_attempt(reader, text, event, &attempt);
    if (attempt.words.length > 0)
        expired = heed_log_exim_read_reason(attempt.words, reader->scratch, event);
    if (defers) {
        if (!attempt.deferred)
            return HEED_LOG_CUT;
        if (attempt.error <= NO_ATTEMPT)
            return HEED_LOG_FINE;
        event->outcome = HEED_LOG_DEFERRED;
    } else {
        if (attempt.words.length == 0)
            return HEED_LOG_CUT;
        /* What an administrator did says nothing of the address. */
        if (heed_log_is(attempt.words, "delivery cancelled by administrator"))
            return HEED_LOG_FINE;
        event->outcome = expired ? HEED_LOG_EXPIRED : HEED_LOG_FAILED;
    }
    return finish(reader, event, &attempt);
}

/* " id=…" among the members behind the sender. A subject in quotes may hold anything, so members
 * are passed over one by one. */
static HeedSpan
find_message_id(HeedSpan text)
{
    bool cut = false;

    while (text.length > 1) {
        size_t name = 1;

        while (name < text.length && (g_ascii_isalnum(text.at[name]) || text.at[name] == '*'))
            name++;
        if (heed_log_starts(text, " id=")) {
            text = heed_log_after(text, 4);
            return take_value(&text, &cut);
        }
        text = heed_log_after(text, name + (name < text.length && text.at[name] == '='));
        (void)take_value(&text, &cut);
    }
    return (HeedSpan){0};
}

/* "<= SENDER H=… P=… S=… id=… T="…" for …"; the null sender is "<>". */
static HeedLogTrouble
read_arrival(HeedLogReader *reader, HeedSpan queue_id, HeedSpan text)
{
    HeedSpan sender = text;
    HeedSpan message_id;
    size_t at = 0;
    bool quoted = false;

    for (; at < text.length && (quoted || text.at[at] != ' '); at++) {
        if (text.at[at] == '\\' && quoted)
            at++;
        else if (text.at[at] == '"')
            quoted = !quoted;
    }
    if (at >= text.length)
        return HEED_LOG_CUT;
    sender.length = heed_log_starts(text, "<> ") ? 0 : at;
    heed_log_join_set_sender(reader->join, queue_id, sender);
    message_id = find_message_id(heed_log_after(text, at));
    if (message_id.length > 0)
        heed_log_join_set_message_id(reader->join, queue_id, message_id);
    return HEED_LOG_FINE;
}

HeedLogTrouble
heed_log_exim_line(HeedLogReader *reader, HeedSpan bytes)
{
    Line line;
    HeedLogEvent event = HEED_LOG_EVENT_UNKNOWN;
    HeedLogTrouble trouble = read_line(reader, bytes, &line);
    HeedSpan rest;

    heed_log_reserve(reader, bytes.length);
    if (trouble != HEED_LOG_FINE || line.queue_id.length == 0)
        return trouble;
    if (heed_log_starts(line.text, "Completed")) {
        heed_log_join_remove(reader->join, line.queue_id);
        return HEED_LOG_FINE;
    }
    if (line.text.length < 3 || line.text.at[2] != ' ')
        return HEED_LOG_FINE;
    rest = heed_log_after(line.text, 3);
    event.time = line.time;
    event.queue_id = line.queue_id;
    if (heed_log_starts(line.text, "<="))
        return read_arrival(reader, line.queue_id, rest);
    if (heed_log_starts(line.text, "=>") || heed_log_starts(line.text, "->") ||
        heed_log_starts(line.text, ">>"))
        return read_delivery(reader, &event, rest);
    if (heed_log_starts(line.text, "**") || heed_log_starts(line.text, "=="))
        return read_failure(reader, &event, rest, line.text.at[0] == '=');
    return HEED_LOG_FINE;
}
