/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/frame.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"

void
heed_pack_begin(HeedPack *pack, HeedFrameType type)
{
    pack->bytes = g_byte_array_sized_new(256);
    heed_pack_u32(pack, 0); /* the length: written at the end */
    heed_pack_u8(pack, (uint8_t)type);
}

void
heed_pack_u8(HeedPack *pack, uint8_t value)
{
    g_byte_array_append(pack->bytes, &value, 1);
}

void
heed_pack_u32(HeedPack *pack, uint32_t value)
{
    uint32_t little = GUINT32_TO_LE(value);

    g_byte_array_append(pack->bytes, (const uint8_t *)&little, sizeof(little));
}

void
heed_pack_u64(HeedPack *pack, uint64_t value)
{
    uint64_t little = GUINT64_TO_LE(value);

    g_byte_array_append(pack->bytes, (const uint8_t *)&little, sizeof(little));
}

void
heed_pack_i64(HeedPack *pack, int64_t value)
{
    heed_pack_u64(pack, (uint64_t)value);
}

void
heed_pack_bytes(HeedPack *pack, const void *bytes, size_t length)
{
    if (bytes == NULL) {
        heed_pack_u32(pack, HEED_LENGTH_OF_NULL);
        return;
    }
    heed_pack_u32(pack, (uint32_t)length);
    g_byte_array_append(pack->bytes, (const uint8_t *)bytes, (guint)length);
}

void
heed_pack_text(HeedPack *pack, const char *text)
{
    heed_pack_bytes(pack, text, text != NULL ? strlen(text) : 0);
}

static void
write_length(HeedPack *pack, size_t promised)
{
    uint32_t little = GUINT32_TO_LE((uint32_t)(pack->bytes->len - sizeof(uint32_t) + promised));

    memcpy(pack->bytes->data, &little, sizeof(little));
}

GBytes *
heed_pack_end(HeedPack *pack)
{
    uint32_t length;

    memcpy(&length, pack->bytes->data, sizeof(length));
    if (length == 0)
        write_length(pack, 0);
    return g_byte_array_free_to_bytes(g_steal_pointer(&pack->bytes));
}

void
heed_pack_promise(HeedPack *pack, size_t length)
{
    heed_pack_u32(pack, (uint32_t)length);
    write_length(pack, length);
}

GBytes *
heed_frame_empty(HeedFrameType type)
{
    HeedPack pack;

    heed_pack_begin(&pack, type);
    return heed_pack_end(&pack);
}

GBytes *
heed_frame_json(HeedFrameType type, const json_t *json)
{
    HeedPack pack;
    g_autofree char *text = json_dumps(json, JSON_COMPACT);

    heed_pack_begin(&pack, type);
    g_byte_array_append(pack.bytes, (const uint8_t *)text, (guint)strlen(text));
    return heed_pack_end(&pack);
}

json_t *
heed_frame_list(const char *const *list)
{
    json_t *json = json_array();

    for (; list != NULL && *list != NULL; list++)
        json_array_append_new(json, json_string(*list));
    return json;
}

GBytes *
heed_frame_failed(const GError *error)
{
    g_autofree char *message = g_utf8_make_valid(error->message, -1);
    int code = error->domain == HEED_ERROR ? error->code : HEED_ERROR_INTERNAL;
    g_autoptr(json_t) json = json_pack("{s:i, s:s}", "code", code, "message", message);

    return heed_frame_json(HEED_FRAME_FAILED, json);
}

void
heed_unpack_begin(HeedUnpack *unpack, const HeedFrame *frame)
{
    *unpack = (HeedUnpack){.at = frame->payload, .left = frame->length};
}

char *
heed_unpack_text(HeedUnpack *unpack, size_t max)
{
    size_t length;
    const uint8_t *taken = heed_unpack_bytes(unpack, &length);

    if (taken == NULL)
        return NULL;
    if (length > max || memchr(taken, '\0', length) != NULL) {
        unpack->broken = true;
        return NULL;
    }
    return g_strndup((const char *)taken, length);
}

bool
heed_unpack_finish(const HeedUnpack *unpack, GError **error)
{
    if (!unpack->broken && unpack->left == 0)
        return true;
    g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA, "a frame is not as it should be");
    return false;
}

json_t *
heed_frame_to_json(const HeedFrame *frame, GError **error)
{
    json_error_t where;
    json_t *json =
        json_loadb((const char *)frame->payload, frame->length, JSON_REJECT_DUPLICATES, &where);

    if (json == NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "a frame is not JSON: %s", where.text);
    return json;
}

GError *
heed_frame_to_error(const HeedFrame *frame)
{
    g_autoptr(json_t) json = heed_frame_to_json(frame, NULL);
    const char *message = NULL;
    int code = -1;

    if (json == NULL || json_unpack(json, "{s:i, s:s}", "code", &code, "message", &message) != 0 ||
        code < 0 || code > (int)HEED_ERROR_CONFIG)
        return g_error_new_literal(HEED_ERROR, HEED_ERROR_INTERNAL,
                                   "a child failed without saying how");
    return g_error_new_literal(HEED_ERROR, code, message);
}
