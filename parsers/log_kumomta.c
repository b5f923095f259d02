/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memrchr */

/*
 * KumoMTA's logs, one JSON record a line (its documentation, "Log Record"). Delivery, Bounce,
 * TransientFailure and Expiration are what became of an attempt. The other records are passed over:
 * of mail that came in, of an administrator, of reports that came back by mail.
 */

#include "parsers/log_json.h"
#include "parsers/log_member.h"

typedef enum Member {
    TYPE,
    ID,
    SENDER,
    RECIPIENT,
    QUEUE,
    RESPONSE,
    PEER_ADDRESS,
    SOURCE_ADDRESS,
    TIMESTAMP,
    CREATED,
    EGRESS_POOL,
    META,
    HEADERS,
    RECEPTION_PROTOCOL,
    MEMBERS
} Member;

static const char *const names[MEMBERS] = {
    [TYPE] = "type",
    [ID] = "id",
    [SENDER] = "sender",
    [RECIPIENT] = "recipient",
    [QUEUE] = "queue",
    [RESPONSE] = "response",
    [PEER_ADDRESS] = "peer_address",
    [SOURCE_ADDRESS] = "source_address",
    [TIMESTAMP] = "timestamp",
    [CREATED] = "created",
    [EGRESS_POOL] = "egress_pool",
    [META] = "meta",
    [HEADERS] = "headers",
    [RECEPTION_PROTOCOL] = "reception_protocol",
};

/* Fills the members of these names, and leaves the others zero. Whether the object is whole. */
static bool
read_members(HeedSpan object, const char *const *wanted, size_t count, HeedLogJsonMember *out)
{
    HeedLogJsonWalk walk;
    HeedLogJsonMember member;

    memset(out, 0, count * sizeof(*out));
    if (!heed_log_json_open(object, &walk) || walk.close != '}')
        return false;
    while (heed_log_json_next(&walk, &member)) {
        size_t index = heed_log_name_index(member.name, wanted, count);

        if (index < count)
            out[index] = member;
    }
    return !walk.bad;
}

/* The string's text; NULL where the member is none. */
static HeedSpan
text_of(HeedLogReader *reader, const HeedLogJsonMember *member)
{
    if (member->kind != HEED_LOG_JSON_STRING || member->text.at == NULL)
        return (HeedSpan){0};
    return heed_log_json_text(member, reader->scratch);
}

static bool
read_type(HeedSpan type, HeedLogEvent *event)
{
    if (heed_log_is(type, "Delivery"))
        event->outcome = HEED_LOG_DELIVERED;
    else if (heed_log_is(type, "Bounce"))
        event->outcome = HEED_LOG_FAILED;
    else if (heed_log_is(type, "TransientFailure"))
        event->outcome = HEED_LOG_DEFERRED;
    else if (heed_log_is(type, "Expiration"))
        event->outcome = HEED_LOG_EXPIRED;
    else
        return false;
    return true;
}

/* {"class":5,"subject":1,"detail":1} */
static void
read_status(HeedSpan object, HeedLogEvent *event)
{
    static const char *const parts[] = {"class", "subject", "detail"};
    HeedLogJsonMember members[G_N_ELEMENTS(parts)];
    char text[3 * 4 + 1];
    size_t length = 0;

    if (!read_members(object, parts, G_N_ELEMENTS(parts), members))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (members[i].kind != HEED_LOG_JSON_NUMBER || members[i].text.length == 0 ||
            members[i].text.length > 3)
            return;
        if (i > 0)
            text[length++] = '.';
        memcpy(text + length, members[i].text.at, members[i].text.length);
        length += members[i].text.length;
    }
    (void)heed_status_read(text, length, event->status);
}

/* The reply in one, as it was before KumoMTA took it apart: "550 5.1.1 no such user". */
static void
read_response(HeedLogReader *reader, HeedSpan object, HeedLogEvent *event)
{
    static const char *const parts[] = {"code", "enhanced_code", "content"};
    HeedLogJsonMember members[G_N_ELEMENTS(parts)];
    GString *scratch = reader->scratch;
    HeedSpan content;
    size_t begin;

    if (!read_members(object, parts, G_N_ELEMENTS(parts), members))
        return;
    read_status(members[1].text, event);
    content = text_of(reader, &members[2]);
    if (members[0].kind != HEED_LOG_JSON_NUMBER || members[0].text.length != 3) {
        event->reply = content;
        return;
    }
    begin = scratch->len;
    g_string_append_len(scratch, members[0].text.at, 3);
    if (event->status[0] != '\0' &&
        (content.length == 0 || !heed_log_starts(content, event->status))) {
        g_string_append_c(scratch, ' ');
        g_string_append(scratch, event->status);
    }
    if (content.length > 0) {
        g_string_append_c(scratch, ' ');
        g_string_append_len(scratch, content.at, (gssize)content.length);
    }
    event->reply = (HeedSpan){scratch->str + begin, scratch->len - begin};
}

static void
read_peer(HeedLogReader *reader, HeedSpan object, HeedLogEvent *event)
{
    static const char *const parts[] = {"name", "addr"};
    HeedLogJsonMember members[G_N_ELEMENTS(parts)];

    if (!read_members(object, parts, G_N_ELEMENTS(parts), members))
        return;
    event->relay_host = text_of(reader, &members[0]);
    event->relay_ip = text_of(reader, &members[1]);
    if (event->relay_host.length > 0 && event->relay_host.at[event->relay_host.length - 1] == '.')
        event->relay_host.length--;
    if (event->relay_host.length == 0)
        event->relay_host = (HeedSpan){0};
}

/* "192.0.2.1:53210", "[2001:db8::1]:53210". */
static void
read_source(HeedLogReader *reader, HeedSpan object, HeedLogEvent *event)
{
    static const char *const parts[] = {"address"};
    HeedLogJsonMember member;
    HeedSpan text;
    const char *colon;

    if (!read_members(object, parts, G_N_ELEMENTS(parts), &member))
        return;
    text = text_of(reader, &member);
    colon = text.length == 0 ? NULL : memrchr(text.at, ':', text.length);
    if (colon == NULL)
        return;
    text = heed_log_span(text.at, colon);
    if (text.length > 2 && text.at[0] == '[' && text.at[text.length - 1] == ']')
        text = (HeedSpan){text.at + 1, text.length - 2};
    event->source_ip = text;
}

/* Of "campaign:tenant@domain"; queues without campaign have no colon before the domain. */
static HeedSpan
campaign_of(HeedSpan queue)
{
    const char *colon = queue.length == 0 ? NULL : memchr(queue.at, ':', queue.length);
    const char *at = queue.length == 0 ? NULL : memchr(queue.at, '@', queue.length);

    if (colon == NULL || colon == queue.at || (at != NULL && at < colon))
        return (HeedSpan){0};
    return heed_log_span(queue.at, colon);
}

/* Logged where the configuration asks for it, as a header or as what was kept of it. */
static HeedSpan
message_id_of(HeedLogReader *reader, HeedSpan object)
{
    static const char *const parts[] = {"Message-ID", "message_id"};
    HeedLogJsonMember members[G_N_ELEMENTS(parts)];
    HeedSpan text = {0};

    if (!read_members(object, parts, G_N_ELEMENTS(parts), members))
        return text;
    for (size_t i = 0; i < G_N_ELEMENTS(parts) && text.length == 0; i++)
        text = heed_log_without_brackets(text_of(reader, &members[i]));
    return heed_log_known(text);
}

static HeedLogTrouble
finish(HeedLogReader *reader, const HeedLogEvent *read)
{
    HeedLogEvent event = *read;

    if (event.recipient.length == 0)
        return HEED_LOG_VALUE;
    /* What KumoMTA writes when a message expires is of its own making. */
    if (event.outcome == HEED_LOG_EXPIRED) {
        event.status[0] = '\0';
        event.reply = (HeedSpan){0};
        heed_log_recall(reader, &event);
        if (event.reply.length == 0)
            event = *read;
    }
    heed_log_read_codes(&event);
    heed_log_emit(reader, &event);
    if (event.outcome == HEED_LOG_DEFERRED)
        heed_log_join_defer(reader->join, &event);
    else
        heed_log_join_settle(reader->join, event.queue_id, event.recipient);
    return HEED_LOG_FINE;
}

/* The recipient, or an event for each of several. */
static HeedLogTrouble
finish_each(HeedLogReader *reader, const HeedLogJsonMember *recipient, HeedLogEvent *event)
{
    HeedLogJsonWalk walk;
    HeedLogJsonMember one;
    HeedLogTrouble trouble = HEED_LOG_VALUE;

    if (recipient->kind != HEED_LOG_JSON_ARRAY) {
        event->recipient = text_of(reader, recipient);
        return finish(reader, event);
    }
    if (!heed_log_json_open(recipient->text, &walk))
        return HEED_LOG_VALUE;
    while (heed_log_json_next(&walk, &one)) {
        event->recipient = text_of(reader, &one);
        trouble = finish(reader, event);
        if (trouble != HEED_LOG_FINE)
            break;
    }
    return trouble;
}

HeedLogTrouble
heed_log_kumomta_line(HeedLogReader *reader, HeedSpan bytes)
{
    HeedLogEvent event = HEED_LOG_EVENT_UNKNOWN;
    HeedLogJsonMember members[MEMBERS];
    HeedLogJsonWalk walk;
    int64_t created;

    if (!heed_log_json_open(bytes, &walk) || walk.close != '}')
        return HEED_LOG_FOREIGN;
    /* Half of the records are of mail that came in, and the type stands first. */
    if (heed_log_json_next(&walk, &members[TYPE]) && heed_log_is(members[TYPE].name, "type") &&
        members[TYPE].kind == HEED_LOG_JSON_STRING && members[TYPE].text.length > 0 &&
        !read_type(members[TYPE].text, &event))
        return HEED_LOG_FINE;
    /* The reply is put together of its parts. */
    heed_log_reserve(reader, bytes.length + HEED_STATUS_BYTES);
    if (!read_members(bytes, names, MEMBERS, members))
        return HEED_LOG_CUT;
    if (members[TYPE].kind != HEED_LOG_JSON_STRING || members[TYPE].text.length == 0)
        return HEED_LOG_FOREIGN;
    /* Records that go to a log hook travel as messages, and are logged too. */
    if (!read_type(members[TYPE].text, &event) ||
        heed_log_is(members[RECEPTION_PROTOCOL].text, "LogRecord"))
        return HEED_LOG_FINE;
    if (!heed_log_read_time(&reader->clock, members[TIMESTAMP].text, &event.time))
        return HEED_LOG_TIME;
    if (heed_log_read_time(&reader->clock, members[CREATED].text, &created) &&
        created <= event.time)
        event.delay = (double)(event.time - created);
    event.queue_id = text_of(reader, &members[ID]);
    event.sender = text_of(reader, &members[SENDER]);
    event.channel = text_of(reader, &members[EGRESS_POOL]);
    event.campaign = campaign_of(text_of(reader, &members[QUEUE]));
    event.message_id = message_id_of(reader, members[META].text);
    if (event.message_id.at == NULL)
        event.message_id = message_id_of(reader, members[HEADERS].text);
    read_response(reader, members[RESPONSE].text, &event);
    read_peer(reader, members[PEER_ADDRESS].text, &event);
    read_source(reader, members[SOURCE_ADDRESS].text, &event);
    event.internal = heed_log_is_loopback(event.relay_ip);
    return finish_each(reader, &members[RECIPIENT], &event);
}
