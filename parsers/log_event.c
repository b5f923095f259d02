/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_event.h"

#include "parsers/date.h"

#include <string.h>

typedef struct SpanMember {
    const char *name;
    size_t offset;
} SpanMember;

static const SpanMember members[] = {
    {"queue_id", G_STRUCT_OFFSET(HeedLogEvent, queue_id)},
    {"message_id", G_STRUCT_OFFSET(HeedLogEvent, message_id)},
    {"sender", G_STRUCT_OFFSET(HeedLogEvent, sender)},
    {"recipient", G_STRUCT_OFFSET(HeedLogEvent, recipient)},
    {"original_recipient", G_STRUCT_OFFSET(HeedLogEvent, original_recipient)},
    {"relay_host", G_STRUCT_OFFSET(HeedLogEvent, relay_host)},
    {"relay_ip", G_STRUCT_OFFSET(HeedLogEvent, relay_ip)},
    {"source_ip", G_STRUCT_OFFSET(HeedLogEvent, source_ip)},
    {"channel", G_STRUCT_OFFSET(HeedLogEvent, channel)},
    {"campaign", G_STRUCT_OFFSET(HeedLogEvent, campaign)},
    {"reply", G_STRUCT_OFFSET(HeedLogEvent, reply)},
};

const char *
heed_log_outcome_name(HeedLogOutcome outcome)
{
    static const char *const names[] = {"delivered", "deferred", "failed", "expired"};

    return (size_t)outcome < G_N_ELEMENTS(names) ? names[outcome] : NULL;
}

static const HeedSpan *
member(const HeedLogEvent *event, size_t index)
{
    return (const HeedSpan *)((const char *)event + members[index].offset);
}

size_t
heed_log_event_size(const HeedLogEvent *event)
{
    size_t size = sizeof(*event);

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        size += member(event, i)->length;
    return size;
}

HeedLogEvent *
heed_log_event_copy(const HeedLogEvent *event)
{
    HeedLogEvent *copy = g_malloc(heed_log_event_size(event));
    char *at = (char *)(copy + 1);

    *copy = *event;
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        HeedSpan *span = G_STRUCT_MEMBER_P(copy, members[i].offset);

        if (span->at == NULL)
            continue;
        memcpy(at, span->at, span->length);
        span->at = at;
        at += span->length;
    }
    return copy;
}

static json_t *
text_json(const char *text, size_t length)
{
    g_autofree char *valid = NULL;

    if (text == NULL)
        return json_null();
    valid = g_utf8_make_valid(text, (gssize)length);
    return json_string(valid);
}

json_t *
heed_log_event_json(const HeedLogEvent *event)
{
    json_t *json = json_object();
    char date[HEED_DATE_TEXT_BYTES];

    json_object_set_new(json, "outcome", json_string(heed_log_outcome_name(event->outcome)));
    json_object_set_new(json, "time",
                        heed_date_format(event->time, date) ? json_string(date) : json_null());
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        json_object_set_new(json, members[i].name,
                            text_json(member(event, i)->at, member(event, i)->length));
    json_object_set_new(json, "status",
                        event->status[0] != '\0' ? json_string(event->status) : json_null());
    json_object_set_new(json, "code",
                        event->code[0] != '\0' ? json_string(event->code) : json_null());
    json_object_set_new(json, "delay", event->delay < 0 ? json_null() : json_real(event->delay));
    json_object_set_new(json, "internal", json_boolean(event->internal));
    json_object_set_new(json, "untried", json_boolean(event->untried));
    return json;
}
