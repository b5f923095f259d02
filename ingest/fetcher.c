/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/fetcher.h"

#include <sysexits.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/limits.h"
#include "ingest/channel.h"
#include "ingest/child.h"

/* One look at the server without IDLE, unless the configuration says otherwise. */
#define WATCH_SECONDS 60U

typedef struct Fetcher {
    HeedChannel channel;
    HeedMailbox *mailbox;
    HeedSource *source;
    bool watch;
    unsigned watch_seconds;
    GPtrArray *uids; /* of char *: to acknowledge, not yet done */
    GArray *acks;    /* of HeedAck: the same */
    GArray *answer;  /* of bool: to the question asked last, or NULL */
    bool stopped;    /* fetch nothing more */
    bool finishing;  /* everything is stored */
} Fetcher;

static void
fetcher_clear(Fetcher *fetcher)
{
    heed_source_free(fetcher->source);
    heed_mailbox_free(fetcher->mailbox);
    g_clear_pointer(&fetcher->acks, g_array_unref);
    g_clear_pointer(&fetcher->uids, g_ptr_array_unref);
    g_clear_pointer(&fetcher->answer, g_array_unref);
    heed_channel_clear(&fetcher->channel);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fetcher, fetcher_clear)

static void
note_ack(Fetcher *fetcher, const char *text, unsigned disposition, bool again)
{
    HeedAck ack = {.disposition = (HeedDisposition)disposition, .again = again};
    char *uid = heed_fetcher_uid_from_text(text);

    ack.uid = uid;
    g_ptr_array_add(fetcher->uids, uid);
    g_array_append_val(fetcher->acks, ack);
}

static bool
take_acks(Fetcher *fetcher, const HeedFrame *frame, GError **error)
{
    HeedUnpack unpack;
    uint32_t count;

    heed_unpack_begin(&unpack, frame);
    count = heed_unpack_u32(&unpack);
    for (uint32_t i = 0; i < count && !unpack.broken; i++) {
        g_autofree char *text = heed_unpack_text(&unpack, HEED_FETCHER_TEXT_BYTES);
        uint8_t disposition = heed_unpack_u8(&unpack);

        if (text == NULL)
            unpack.broken = true;
        else
            note_ack(fetcher, text, disposition, false);
    }
    return heed_unpack_finish(&unpack, error);
}

static void
take_answer(Fetcher *fetcher, const HeedFrame *frame)
{
    fetcher->answer = g_array_new(FALSE, TRUE, sizeof(bool));
    for (size_t i = 0; i < frame->length; i++) {
        bool known = frame->payload[i] != 0;

        g_array_append_val(fetcher->answer, known);
    }
}

/* Notes what the store wants; nothing is done on the server here, as this may be in the middle of
 * the source's own work. */
static bool
take_frame(Fetcher *fetcher, const HeedFrame *frame, GError **error)
{
    switch ((int)frame->type) {
    case HEED_FRAME_ACKNOWLEDGE:
        return take_acks(fetcher, frame, error);
    case HEED_FRAME_KNOWN_ANSWER:
        take_answer(fetcher, frame);
        return true;
    case HEED_FRAME_STOP:
        fetcher->stopped = true;
        return true;
    case HEED_FRAME_FINISH:
        fetcher->stopped = true;
        fetcher->finishing = true;
        return true;
    default:
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "a fetcher was sent a frame of type %d",
                    (int)frame->type);
        return false;
    }
}

/* Sends, and waits for one frame. */
static bool
wait_frame(Fetcher *fetcher, GError **error)
{
    HeedFrame frame;

    return heed_channel_receive(&fetcher->channel, &frame, error) &&
           take_frame(fetcher, &frame, error);
}

/* Takes all frames that are there already. */
static bool
take_frames(Fetcher *fetcher, GError **error)
{
    HeedFrame frame;

    if (!heed_channel_fill(&fetcher->channel, false, error))
        return false;
    for (;;) {
        switch (heed_channel_next(&fetcher->channel, &frame, error)) {
        case HEED_CHANNEL_FRAME:
            if (!take_frame(fetcher, &frame, error))
                return false;
            break;
        case HEED_CHANNEL_NONE:
            if (!fetcher->channel.ended)
                return true;
            g_set_error_literal(error, HEED_ERROR, HEED_ERROR_CANCELLED, "the store has ended");
            return false;
        case HEED_CHANNEL_BAD:
        default:
            return false;
        }
    }
}

static bool
acknowledge(Fetcher *fetcher, GError **error)
{
    HeedPack pack;
    uint32_t count = fetcher->acks->len;

    if (count == 0)
        return true;
    HEED_FAULT("fetcher.before-acknowledge");
    if (!fetcher->source->ops->acknowledge(fetcher->source, (const HeedAck *)fetcher->acks->data,
                                           count, error))
        return false;
    HEED_FAULT("fetcher.after-acknowledge");
    g_array_set_size(fetcher->acks, 0);
    g_ptr_array_set_size(fetcher->uids, 0);
    heed_pack_begin(&pack, HEED_FRAME_ACKNOWLEDGED);
    heed_pack_u32(&pack, count);
    heed_channel_send(&fetcher->channel, heed_pack_end(&pack));
    return heed_channel_flush(&fetcher->channel, true, error);
}

/* HeedSourceHost.known: a question to the store. What it says meanwhile is noted. */
static bool
ask_known(void *data, const GPtrArray *uids, GArray *out_known, GError **error)
{
    Fetcher *fetcher = (Fetcher *)data;
    HeedPack pack;

    heed_pack_begin(&pack, HEED_FRAME_KNOWN);
    heed_pack_u32(&pack, uids->len);
    for (size_t i = 0; i < uids->len; i++) {
        g_autofree char *text = heed_fetcher_uid_to_text((const char *)uids->pdata[i]);

        heed_pack_text(&pack, text);
    }
    heed_channel_send(&fetcher->channel, heed_pack_end(&pack));
    while (fetcher->answer == NULL) {
        if (!wait_frame(fetcher, error))
            return false;
    }
    g_array_set_size(fetcher->answer, uids->len);
    g_array_set_size(out_known, 0);
    g_array_append_vals(out_known, fetcher->answer->data, uids->len);
    g_clear_pointer(&fetcher->answer, g_array_unref);
    return true;
}

/* HeedSourceHost.listed. */
static bool
tell_listed(void *data, GError **error)
{
    Fetcher *fetcher = (Fetcher *)data;

    heed_channel_send(&fetcher->channel, heed_frame_empty(HEED_FRAME_LISTED));
    return heed_channel_flush(&fetcher->channel, true, error);
}

static bool
send_item(Fetcher *fetcher, const HeedItem *item, GError **error)
{
    g_autofree char *uid = heed_fetcher_uid_to_text(item->uid);
    g_autofree char *source = item->source != NULL ? g_utf8_make_valid(item->source, -1) : NULL;
    g_autofree char *detail = item->detail != NULL ? g_utf8_make_valid(item->detail, -1) : NULL;
    HeedPack pack;

    heed_pack_begin(&pack, HEED_FRAME_MESSAGE);
    heed_pack_u8(&pack, (uint8_t)((item->truncated ? HEED_FETCHER_TRUNCATED : 0) |
                                  (item->gone ? HEED_FETCHER_GONE : 0)));
    heed_pack_i64(&pack, item->position);
    heed_pack_i64(&pack, item->received_at);
    heed_pack_u64(&pack, item->size);
    heed_pack_text(&pack, uid);
    heed_pack_text(&pack, source);
    heed_pack_text(&pack, detail);
    if (item->bytes == NULL)
        heed_pack_bytes(&pack, NULL, 0);
    else
        heed_pack_promise(&pack, g_bytes_get_size(item->bytes));
    heed_channel_send(&fetcher->channel, heed_pack_end(&pack));
    if (item->bytes != NULL)
        heed_channel_send(&fetcher->channel, g_bytes_ref(item->bytes));
    return heed_channel_flush(&fetcher->channel, true, error);
}

/* All that the source has now; between two items, what the store says is done. */
static bool
fetch(Fetcher *fetcher, GError **error)
{
    while (!fetcher->stopped) {
        g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};

        switch (fetcher->source->ops->next(fetcher->source, &item, error)) {
        case HEED_NEXT_ITEM:
            break;
        case HEED_NEXT_END:
            return true;
        case HEED_NEXT_ERROR:
        default:
            return false;
        }
        HEED_FAULT("fetcher.before-send");
        if (!send_item(fetcher, &item, error))
            return false;
        HEED_FAULT("fetcher.after-send");
        if (!take_frames(fetcher, error) || !acknowledge(fetcher, error))
            return false;
    }
    return true;
}

/* Waits for words of the store and takes them; with watch also for new mail. */
static bool
wait_for_news(Fetcher *fetcher, bool *out_look, GError **error)
{
    const HeedSourceOps *ops = fetcher->source->ops;

    if (!fetcher->watch || fetcher->stopped || ops->wait == NULL)
        return wait_frame(fetcher, error);
    *out_look = true;
    return ops->wait(fetcher->source, fetcher->watch_seconds, fetcher->channel.fd, error) &&
           take_frames(fetcher, error);
}

/* Fetches, again and again with watch, until the store wants no more and has stored everything. */
static bool
serve(Fetcher *fetcher, GError **error)
{
    bool look = true;

    for (;;) {
        if (!acknowledge(fetcher, error))
            return false;
        if (fetcher->finishing)
            return true;
        if (look) {
            look = false;
            if (!fetch(fetcher, error))
                return false;
            heed_channel_send(&fetcher->channel, heed_frame_empty(HEED_FRAME_IDLE));
            if (!heed_channel_flush(&fetcher->channel, true, error))
                return false;
        } else if (!wait_for_news(fetcher, &look, error)) {
            return false;
        }
    }
}

static bool
take_section(Fetcher *fetcher, GError **error)
{
    g_autoptr(json_t) json = NULL;
    HeedFrame frame;

    if (!heed_channel_receive(&fetcher->channel, &frame, error))
        return false;
    json = heed_frame_to_json(&frame, error);
    if (json == NULL)
        return false;
    fetcher->mailbox = heed_mailbox_from_json(json_object_get(json, "mailbox"), error);
    fetcher->watch = json_boolean_value(json_object_get(json, "watch"));
    fetcher->watch_seconds = (unsigned)json_integer_value(json_object_get(json, "watch_seconds"));
    if (fetcher->watch_seconds == 0)
        fetcher->watch_seconds = WATCH_SECONDS;
    if (fetcher->mailbox != NULL && json_boolean_value(json_object_get(json, "dry_run")))
        heed_fetcher_leave_all(fetcher->mailbox);
    return fetcher->mailbox != NULL;
}

static bool
take_resume(Fetcher *fetcher, GError **error)
{
    g_autoptr(json_t) json = NULL;
    g_autoptr(GPtrArray) unreadable = g_ptr_array_new_with_free_func(g_free);
    HeedResume resume = {.unreadable = unreadable};
    HeedFrame frame;
    size_t index;
    json_t *entry;

    if (!heed_channel_receive(&fetcher->channel, &frame, error))
        return false;
    json = heed_frame_to_json(&frame, error);
    if (json == NULL)
        return false;
    resume.epoch = json_integer_value(json_object_get(json, "epoch"));
    resume.position = json_integer_value(json_object_get(json, "position"));
    json_array_foreach(json_object_get(json, "unreadable"), index, entry)
        g_ptr_array_add(unreadable, heed_fetcher_uid_from_text(json_string_value(entry)));
    json_array_foreach(json_object_get(json, "open"), index, entry)
        note_ack(fetcher, json_string_value(json_array_get(entry, 0)),
                 (unsigned)json_integer_value(json_array_get(entry, 1)), true);
    fetcher->source->ops->resume(fetcher->source, &resume);
    return true;
}

static bool
run(Fetcher *fetcher, GError **error)
{
    HeedSourceHost host = {.known = ask_known, .listed = tell_listed, .data = fetcher};
    HeedPack pack;
    int64_t epoch = 0;

    if (!take_section(fetcher, error))
        return false;
    fetcher->source = heed_source_new(fetcher->mailbox, &host);
    if (!fetcher->source->ops->open(fetcher->source, &epoch, error))
        return false;
    HEED_FAULT("fetcher.after-open");
    heed_pack_begin(&pack, HEED_FRAME_OPENED);
    heed_pack_i64(&pack, epoch);
    heed_channel_send(&fetcher->channel, heed_pack_end(&pack));
    return take_resume(fetcher, error) && serve(fetcher, error);
}

int
heed_fetcher_main(int fd)
{
    g_auto(Fetcher) fetcher = {.uids = g_ptr_array_new_with_free_func(g_free),
                               .acks = g_array_new(FALSE, FALSE, sizeof(HeedAck))};
    g_autoptr(GError) error = NULL;

    heed_child_settle();
    heed_channel_init(&fetcher.channel, fd);
    if (run(&fetcher, &error)) {
        /* Log out first: a server may do its part of the work only then (POP3, RFC 1939 6). */
        g_clear_pointer(&fetcher.source, heed_source_free);
        heed_channel_send(&fetcher.channel, heed_frame_empty(HEED_FRAME_DONE));
    } else {
        heed_channel_send(&fetcher.channel, heed_frame_failed(error));
    }
    if (!heed_channel_flush(&fetcher.channel, true, NULL))
        return EX_IOERR; /* the store is gone, or knows nothing of it: it sees us end */
    return heed_error_exit_status(error);
}
