/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_state.h"

#include "base/unpack.h"
#include "parsers/log_reading.h"

#define VERSION 1U

/* --- writing --- */

static void
put(GByteArray *out, const void *bytes, size_t length)
{
    g_byte_array_append(out, bytes, (guint)length);
}

static void
put_u32(GByteArray *out, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    put(out, &value, sizeof(value));
}

static void
put_i64(GByteArray *out, int64_t value)
{
    value = GINT64_TO_LE(value);
    put(out, &value, sizeof(value));
}

static void
put_span(GByteArray *out, HeedSpan span)
{
    put_u32(out, span.at == NULL ? HEED_LENGTH_OF_NULL : (uint32_t)span.length);
    if (span.at != NULL && span.length > 0)
        put(out, span.at, span.length);
}

static const size_t event_spans[] = {
    G_STRUCT_OFFSET(HeedLogEvent, recipient),  G_STRUCT_OFFSET(HeedLogEvent, original_recipient),
    G_STRUCT_OFFSET(HeedLogEvent, relay_host), G_STRUCT_OFFSET(HeedLogEvent, relay_ip),
    G_STRUCT_OFFSET(HeedLogEvent, source_ip),  G_STRUCT_OFFSET(HeedLogEvent, channel),
    G_STRUCT_OFFSET(HeedLogEvent, campaign),   G_STRUCT_OFFSET(HeedLogEvent, reply),
};

static void
put_event(GByteArray *out, const HeedLogEvent *event)
{
    put_i64(out, event->time);
    for (size_t i = 0; i < G_N_ELEMENTS(event_spans); i++)
        put_span(out, *(const HeedSpan *)((const char *)event + event_spans[i]));
    put(out, event->status, sizeof(event->status));
    put(out, event->code, sizeof(event->code));
    put_u32(out, event->internal);
}

static void
put_message(GByteArray *out, HeedSpan queue_id, const HeedLogMessage *message)
{
    guint pending = message->pending == NULL ? 0 : message->pending->len;

    put_span(out, queue_id);
    put_span(out, message->sender);
    put_span(out, message->message_id);
    put_u32(out, pending);
    for (guint i = 0; i < pending; i++)
        put_event(out, g_ptr_array_index(message->pending, i));
}

typedef struct Saving {
    size_t most;
    size_t bytes;
    GPtrArray *parts; /* of GByteArray *, the newest message first */
} Saving;

static void
part_free(gpointer part)
{
    g_byte_array_unref(part);
}

static bool
save_message(HeedSpan queue_id, const HeedLogMessage *message, void *data)
{
    Saving *saving = data;
    GByteArray *part = g_byte_array_new();

    put_message(part, queue_id, message);
    g_ptr_array_add(saving->parts, part);
    saving->bytes += part->len;
    if (saving->bytes <= saving->most)
        return true;
    g_ptr_array_set_size(saving->parts, (gint)saving->parts->len - 1);
    return false;
}

void
heed_log_state_save(const HeedLogReader *reader, size_t most, GByteArray *out)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(part_free);
    Saving saving = {.most = most, .bytes = sizeof(uint32_t) + sizeof(int64_t), .parts = parts};

    put_u32(out, VERSION);
    put_i64(out, reader->clock.last);
    heed_log_join_each(reader->join, save_message, &saving);
    /* As they were spoken of, so that the order is theirs again. */
    for (guint i = parts->len; i > 0; i--) {
        const GByteArray *part = g_ptr_array_index(parts, i - 1);

        put(out, part->data, part->len);
    }
}

/* --- reading --- */

static HeedSpan
get_span(HeedUnpack *rest)
{
    size_t length;
    const uint8_t *taken = heed_unpack_bytes(rest, &length);

    return taken == NULL ? (HeedSpan){0} : (HeedSpan){(const char *)taken, length};
}

static void
get_text(HeedUnpack *rest, char *out, size_t size)
{
    const uint8_t *taken = heed_unpack_take(rest, size);

    if (taken != NULL)
        memcpy(out, taken, size);
    out[size - 1] = '\0';
}

static HeedLogEvent
get_event(HeedUnpack *rest)
{
    HeedLogEvent event = HEED_LOG_EVENT_UNKNOWN;

    event.outcome = HEED_LOG_DEFERRED;
    event.time = heed_unpack_i64(rest);
    for (size_t i = 0; i < G_N_ELEMENTS(event_spans); i++)
        G_STRUCT_MEMBER(HeedSpan, &event, event_spans[i]) = get_span(rest);
    get_text(rest, event.status, sizeof(event.status));
    get_text(rest, event.code, sizeof(event.code));
    event.internal = heed_unpack_u32(rest) != 0;
    return event;
}

static void
load_message(HeedLogReader *reader, HeedUnpack *rest)
{
    HeedSpan queue_id = get_span(rest);
    HeedSpan sender = get_span(rest);
    HeedSpan message_id = get_span(rest);
    uint32_t pending = heed_unpack_u32(rest);

    if (rest->broken)
        return;
    if (sender.at != NULL)
        heed_log_join_set_sender(reader->join, queue_id, sender);
    if (message_id.at != NULL)
        heed_log_join_set_message_id(reader->join, queue_id, message_id);
    for (uint32_t i = 0; i < pending && !rest->broken; i++) {
        HeedLogEvent event = get_event(rest);

        event.queue_id = queue_id;
        event.sender = sender;
        event.message_id = message_id;
        if (!rest->broken && event.recipient.length > 0)
            heed_log_join_defer(reader->join, &event);
    }
}

void
heed_log_state_load(HeedLogReader *reader, const uint8_t *bytes, size_t length)
{
    HeedUnpack rest = {.at = bytes, .left = length};
    int64_t last;

    if (heed_unpack_u32(&rest) != VERSION)
        return;
    last = heed_unpack_i64(&rest);
    if (!rest.broken)
        reader->clock.last = last;
    while (rest.left > 0 && !rest.broken)
        load_message(reader, &rest);
}
