/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memrchr */

/*
 * Postfix, as its daemons log (postfix 2.3 to 3.10): cleanup names the Message-ID, qmgr the sender,
 * whoever delivers each recipient with its status; qmgr says "removed" at the end.
 */

#include "parsers/log_reading.h"
#include "parsers/log_syslog.h"

/* A line of one message, taken apart. */
typedef struct Line {
    HeedSyslogLine syslog;
    HeedSpan daemon;
    HeedSpan queue_id;
    HeedSpan text; /* behind the queue id */
} Line;

/* Short queue ids are hexadecimal in upper case, long ones (enable_long_queue_ids) letters without
 * vowels and digits. */
static bool
read_queue_id(HeedSpan message, Line *line)
{
    size_t length = 0;

    while (length < message.length && g_ascii_isalnum(message.at[length]))
        length++;
    if (length < 5 || length > 24 || message.length < length + 2 || message.at[length] != ':' ||
        message.at[length + 1] != ' ')
        return false;
    line->queue_id = heed_log_span(message.at, message.at + length);
    line->text = heed_log_after(message, length + 2);
    return true;
}

/* The address at "<…>", whose local part may be quoted and then have any ">". Cuts it off the text,
 * with the comma behind it. */
static bool
take_address(HeedSpan *text, HeedSpan *out)
{
    const char *end = text->at + text->length;
    const char *at = text->at + 1;

    if (!heed_log_starts(*text, "<"))
        return false;
    if (at < end && *at == '"')
        for (at++; at < end && *at != '"'; at++)
            if (*at == '\\' && at + 1 < end)
                at++;
    while (at < end && !(*at == '>' && (at + 1 == end || at[1] == ',')))
        at++;
    if (at == end)
        return false;
    *out = heed_log_span(text->at + 1, at);
    at++;
    while (at < end && (*at == ',' || *at == ' '))
        at++;
    *text = heed_log_span(at, end);
    return true;
}

/* "(text)" at the end of a line to text; a line that was cut off has no ")". */
static HeedSpan
inside_parentheses(HeedSpan text, bool *out_cut)
{
    *out_cut = false;
    while (text.length > 0 && text.at[0] == ' ')
        text = heed_log_after(text, 1);
    if (!heed_log_starts(text, "("))
        return (HeedSpan){0};
    text = heed_log_after(text, 1);
    *out_cut = text.length == 0 || text.at[text.length - 1] != ')';
    if (!*out_cut)
        text.length--;
    return text;
}

/* What Postfix writes around a server's reply: "host NAME[IP] said: REPLY (in reply to RCPT TO
 * command)", "host NAME[IP] refused to talk to me: REPLY", and where no reply came. */
static void
read_reason(HeedSpan reason, HeedLogEvent *event)
{
    static const char suspended[] = "delivery temporarily suspended: ";
    static const char *const talks[] = {"host ", "connect to ", "lost connection with ",
                                        "conversation with "};
    static const char *const says[] = {" said: ", " refused to talk to me: "};

    event->untried = heed_log_starts(reason, suspended);
    if (event->untried)
        reason = heed_log_after(reason, sizeof(suspended) - 1);
    event->reply = reason;
    for (size_t i = 0; i < G_N_ELEMENTS(talks) && event->relay_ip.at == NULL; i++)
        if (heed_log_starts(reason, talks[i]))
            heed_log_read_relay(heed_log_after(reason, strlen(talks[i])), event);
    for (size_t i = 0; i < G_N_ELEMENTS(says) && heed_log_starts(reason, "host "); i++) {
        const char *says_at = heed_log_find(reason, says[i]);
        const char *command;

        if (says_at == NULL)
            continue;
        event->reply = heed_log_after(reason, (size_t)(says_at - reason.at) + strlen(says[i]));
        command = heed_log_find(event->reply, " (in reply to ");
        if (command != NULL)
            event->reply = heed_log_span(event->reply.at, command);
        return;
    }
}

static bool
read_status(HeedSpan word, HeedLogEvent *event)
{
    if (heed_log_is(word, "sent"))
        event->outcome = HEED_LOG_DELIVERED;
    else if (heed_log_is(word, "deferred") || heed_log_is(word, "SOFTBOUNCE"))
        event->outcome = HEED_LOG_DEFERRED;
    else if (heed_log_is(word, "bounced"))
        event->outcome = HEED_LOG_FAILED;
    else
        return false;
    return true;
}

/* One "name=value" of a delivery. */
static void
read_member(HeedSpan member, HeedLogEvent *event)
{
    if (heed_log_starts(member, "relay="))
        heed_log_read_relay(heed_log_after(member, 6), event);
    else if (heed_log_starts(member, "delay="))
        event->delay = heed_log_number(heed_log_after(member, 6));
    else if (heed_log_starts(member, "dsn="))
        (void)heed_status_read(member.at + 4, member.length - 4, event->status);
}

/* RFC 1918 and RFC 4193. */
static bool
is_private(HeedSpan ip)
{
    static const char *const begins[] = {"10.", "192.168.", "fc", "fd"};
    bool found = heed_log_starts(ip, "172.") && heed_log_number(heed_log_after(ip, 4)) >= 16 &&
                 heed_log_number(heed_log_after(ip, 4)) < 32;

    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++)
        found |= heed_log_starts(ip, begins[i]);
    return found;
}

/* amavis answers so, as a filter of ours and as one that a server elsewhere asks before it answers
 * itself. */
static bool
is_filter(const HeedLogEvent *event)
{
    return (heed_log_starts(event->reply, "250 2.0.0 from MTA(") ||
            heed_log_starts(event->reply, "250 2.6.0 from MTA(")) &&
           (event->relay_ip.at == NULL || is_private(event->relay_ip));
}

/* Whether a new line will speak of what became of the mail. */
static bool
is_internal(const HeedLogEvent *event)
{
    return heed_log_is_loopback(event->relay_ip) ||
           heed_log_starts(event->reply, "forwarded as ") || is_filter(event);
}

static HeedLogTrouble
finish_delivery(HeedLogReader *reader, HeedLogEvent *event, HeedSpan reason, bool cut)
{
    if (event->recipient.length == 0)
        return HEED_LOG_VALUE;
    read_reason(reason, event);
    heed_log_read_codes(event);
    event->internal = is_internal(event);
    heed_log_emit(reader, event);
    if (event->outcome == HEED_LOG_DEFERRED)
        heed_log_join_defer(reader->join, event);
    else
        heed_log_join_settle(reader->join, event->queue_id, event->recipient);
    return cut ? HEED_LOG_CUT : HEED_LOG_FINE;
}

/* "to=<…>, orig_to=<…>, relay=…, delay=…, delays=…, dsn=…, status=sent (…)" */
static HeedLogTrouble
read_delivery(HeedLogReader *reader, const Line *line)
{
    HeedLogEvent event = HEED_LOG_EVENT_UNKNOWN;
    HeedSpan rest = heed_log_after(line->text, 3);
    bool cut;

    event.time = line->syslog.time;
    event.queue_id = line->queue_id;
    event.channel = line->syslog.tag;
    event.channel.length -= line->daemon.length;
    if (event.channel.length > 0)
        event.channel.length--;
    if (!take_address(&rest, &event.recipient))
        return HEED_LOG_CUT;
    if (heed_log_starts(rest, "orig_to=")) {
        rest = heed_log_after(rest, 8);
        if (!take_address(&rest, &event.original_recipient))
            return HEED_LOG_CUT;
    }
    while (rest.length > 0 && !heed_log_starts(rest, "status=")) {
        const char *comma = heed_log_find(rest, ", ");

        if (comma == NULL)
            return HEED_LOG_CUT;
        read_member(heed_log_span(rest.at, comma), &event);
        rest = heed_log_after(rest, (size_t)(comma - rest.at) + 2);
    }
    if (rest.length > 7) {
        HeedSpan value = heed_log_after(rest, 7);
        const char *blank = memchr(value.at, ' ', value.length);
        HeedSpan reason;
        HeedSpan word = blank == NULL ? value : heed_log_span(value.at, blank);

        /* The others answer questions about addresses ("deliverable"), and carry no mail. */
        if (!read_status(word, &event))
            return blank == NULL ? HEED_LOG_CUT : HEED_LOG_FINE;
        reason = inside_parentheses(heed_log_after(value, word.length), &cut);
        return finish_delivery(reader, &event, reason, cut);
    }
    return HEED_LOG_CUT;
}

/* "from=<…>, status=expired, returned to sender": each recipient's last deferral was in the lines
 * before. */
static void
read_expiry(HeedLogReader *reader, const Line *line)
{
    const HeedLogMessage *message = heed_log_join_find(reader->join, line->queue_id);

    if (message == NULL || message->pending == NULL || message->pending->len == 0) {
        reader->counts.expired_unknown += reader->take != NULL;
        return;
    }
    for (guint i = 0; i < message->pending->len; i++) {
        HeedLogEvent event = *(const HeedLogEvent *)g_ptr_array_index(message->pending, i);

        event.time = line->syslog.time;
        event.outcome = HEED_LOG_EXPIRED;
        heed_log_emit(reader, &event);
    }
    heed_log_join_remove(reader->join, line->queue_id);
}

/* "from=<…>, size=…, nrcpt=… (queue active)" */
static HeedLogTrouble
read_sender(HeedLogReader *reader, const Line *line)
{
    HeedSpan rest = heed_log_after(line->text, 5);
    HeedSpan sender;

    if (!take_address(&rest, &sender))
        return HEED_LOG_CUT;
    heed_log_join_set_sender(reader->join, line->queue_id, sender);
    if (heed_log_starts(rest, "status=expired") || heed_log_starts(rest, "status=force-expired"))
        read_expiry(reader, line);
    return HEED_LOG_FINE;
}

/* "message-id=<…>", in any form that a program gave it. */
static void
read_message_id(HeedLogReader *reader, const Line *line)
{
    HeedSpan id = heed_log_after(line->text, strlen("message-id="));

    if (id.length >= 2 && id.at[0] == '<' && id.at[id.length - 1] == '>')
        id = heed_log_span(id.at + 1, id.at + id.length - 1);
    if (id.length > 0)
        heed_log_join_set_message_id(reader->join, line->queue_id, id);
}

static bool
is_daemon(const Line *line, const char *name)
{
    return heed_log_is(line->daemon, name);
}

HeedLogTrouble
heed_log_postfix_line(HeedLogReader *reader, HeedSpan bytes)
{
    Line line = {0};
    HeedLogTrouble trouble = heed_log_syslog_read(&reader->clock, bytes, &line.syslog);
    const char *slash;

    if (trouble != HEED_LOG_FINE)
        return trouble;
    /* Other programs share the log; Postfix's are "postfix/smtp", "postfix/relay/smtp". */
    slash = memrchr(line.syslog.tag.at, '/', line.syslog.tag.length);
    if (slash == NULL || !read_queue_id(line.syslog.message, &line))
        return HEED_LOG_FINE;
    line.daemon = heed_log_span(slash + 1, line.syslog.tag.at + line.syslog.tag.length);
    if (heed_log_starts(line.text, "to=<"))
        return is_daemon(&line, "discard") ? HEED_LOG_FINE : read_delivery(reader, &line);
    if (heed_log_starts(line.text, "from=<") && is_daemon(&line, "qmgr"))
        return read_sender(reader, &line);
    if (heed_log_starts(line.text, "message-id="))
        read_message_id(reader, &line);
    /* Short ids are used again by the next message that arrives. */
    else if (heed_log_is(line.text, "removed") || heed_log_starts(line.text, "client=") ||
             heed_log_starts(line.text, "uid="))
        heed_log_join_remove(reader->join, line.queue_id);
    return HEED_LOG_FINE;
}
