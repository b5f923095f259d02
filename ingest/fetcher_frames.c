/* SPDX-License-Identifier: Apache-2.0 */
/* The store's side of what it says to a fetcher and hears from it. */
#include "ingest/fetcher.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"

/* In front of a uid that is not UTF-8 (or that begins with it). */
#define BYTES_MARK '\x01'

/* 9999-12-31, what calendars and PostgreSQL agree on. */
#define LATEST_SECONDS INT64_C(253402300799)

/* A uid with its length and disposition is at least so long: bounds the count before memory. */
#define LEAST_UID_BYTES 4U

char *
heed_fetcher_uid_to_text(const char *uid)
{
    g_autofree char *wide = NULL;
    size_t length = strlen(uid);

    if (*uid != BYTES_MARK && g_utf8_validate(uid, (gssize)length, NULL))
        return g_strdup(uid);
    wide = g_convert(uid, (gssize)length, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
    return g_strdup_printf("%c%s", BYTES_MARK, wide);
}

char *
heed_fetcher_uid_from_text(const char *text)
{
    char *uid;

    if (*text != BYTES_MARK)
        return g_strdup(text);
    uid = g_convert(text + 1, -1, "ISO-8859-1", "UTF-8", NULL, NULL, NULL);
    return uid != NULL ? uid : g_strdup(text);
}

void
heed_fetcher_leave_all(HeedMailbox *mailbox)
{
    for (size_t i = 0; i < G_N_ELEMENTS(mailbox->on_done); i++)
        mailbox->on_done[i].what = HEED_ON_DONE_LEAVE;
}

GBytes *
heed_fetcher_section_frame(const HeedFetcherSection *section)
{
    g_autoptr(json_t) json = json_object();

    json_object_set_new(json, "mailbox", heed_mailbox_to_json(section->mailbox));
    json_object_set_new(json, "watch", json_boolean(section->watch));
    json_object_set_new(json, "dry_run", json_boolean(section->dry_run));
    json_object_set_new(json, "watch_seconds", json_integer(section->watch_seconds));
    return heed_frame_json(HEED_FRAME_SECTION, json);
}

GBytes *
heed_fetcher_resume_frame(const HeedResume *resume, const GPtrArray *open)
{
    g_autoptr(json_t) json = json_object();
    json_t *unreadable = json_array();
    json_t *acks = json_array();

    for (size_t i = 0; resume->unreadable != NULL && i < resume->unreadable->len; i++)
        json_array_append_new(unreadable, json_string((const char *)resume->unreadable->pdata[i]));
    for (size_t i = 0; i < open->len; i++) {
        const HeedArrival *arrival = (const HeedArrival *)open->pdata[i];

        json_array_append_new(acks, json_pack("[s, i]", arrival->uid, (int)arrival->disposition));
    }
    json_object_set_new(json, "epoch", json_integer(resume->epoch));
    json_object_set_new(json, "position", json_integer(resume->position));
    json_object_set_new(json, "unreadable", unreadable);
    json_object_set_new(json, "open", acks);
    return heed_frame_json(HEED_FRAME_RESUME, json);
}

GBytes *
heed_fetcher_acknowledge_frame(const GArray *acks)
{
    HeedPack pack;

    heed_pack_begin(&pack, HEED_FRAME_ACKNOWLEDGE);
    heed_pack_u32(&pack, acks->len);
    for (size_t i = 0; i < acks->len; i++) {
        const HeedAck *ack = &g_array_index(acks, HeedAck, i);

        heed_pack_text(&pack, ack->uid);
        heed_pack_u8(&pack, (uint8_t)ack->disposition);
    }
    return heed_pack_end(&pack);
}

GBytes *
heed_fetcher_known_frame(const GArray *known)
{
    HeedPack pack;

    heed_pack_begin(&pack, HEED_FRAME_KNOWN_ANSWER);
    for (size_t i = 0; i < known->len; i++)
        heed_pack_u8(&pack, g_array_index(known, bool, i) ? 1 : 0);
    return heed_pack_end(&pack);
}

static bool
is_text(const char *text)
{
    return text == NULL || g_utf8_validate(text, -1, NULL);
}

bool
heed_fetcher_message_read(const HeedFrame *frame, HeedItem *out, GError **error)
{
    g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};
    HeedUnpack unpack;
    const uint8_t *bytes;
    size_t length;
    uint8_t flags;

    heed_unpack_begin(&unpack, frame);
    flags = heed_unpack_u8(&unpack);
    item.truncated = (flags & HEED_FETCHER_TRUNCATED) != 0;
    item.gone = (flags & HEED_FETCHER_GONE) != 0;
    item.position = heed_unpack_i64(&unpack);
    item.received_at = heed_unpack_i64(&unpack);
    item.size = heed_unpack_u64(&unpack);
    item.uid = heed_unpack_text(&unpack, HEED_FETCHER_TEXT_BYTES);
    item.source = heed_unpack_text(&unpack, HEED_FETCHER_TEXT_BYTES);
    item.detail = heed_unpack_text(&unpack, HEED_FETCHER_TEXT_BYTES);
    bytes = heed_unpack_bytes(&unpack, &length);
    if (item.uid == NULL || length > HEED_LIMIT_MESSAGE_BYTES || !is_text(item.uid) ||
        !is_text(item.source) || !is_text(item.detail))
        unpack.broken = true;
    if (!heed_unpack_finish(&unpack, error))
        return false;
    item.size = MIN(item.size, (uint64_t)INT64_MAX);
    if (item.received_at < 0 || item.received_at > LATEST_SECONDS)
        item.received_at = HEED_DATE_UNKNOWN;
    if (bytes != NULL)
        item.bytes = g_bytes_new(bytes, length);
    *out = item;
    item = (HeedItem){.received_at = HEED_DATE_UNKNOWN};
    return true;
}

GPtrArray *
heed_fetcher_known_read(const HeedFrame *frame, GError **error)
{
    g_autoptr(GPtrArray) uids = g_ptr_array_new_with_free_func(g_free);
    HeedUnpack unpack;
    uint32_t count;

    heed_unpack_begin(&unpack, frame);
    count = heed_unpack_u32(&unpack);
    if (count > frame->length / LEAST_UID_BYTES)
        unpack.broken = true;
    for (uint32_t i = 0; i < count && !unpack.broken; i++) {
        char *uid = heed_unpack_text(&unpack, HEED_FETCHER_TEXT_BYTES);

        if (uid == NULL || !is_text(uid))
            unpack.broken = true;
        g_ptr_array_add(uids, uid);
    }
    return heed_unpack_finish(&unpack, error) ? g_steal_pointer(&uids) : NULL;
}
