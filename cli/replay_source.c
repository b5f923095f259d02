/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replay_source.h"

#include "db/decompress.h"
#include "db/kept_mail.h"

typedef struct ReplaySource {
    HeedSource base;
    HeedDatabase *database; /* borrowed, as ids */
    HeedReplay what;
    const GArray *ids;
    HeedKeptCursor cursor;
    GPtrArray *slice; /* of HeedKeptMail * */
    size_t next;
    GHashTable *pending; /* digest → HeedKeptMail * without its content, until it is stored */
} ReplaySource;

static ReplaySource *
self(HeedSource *source)
{
    return (ReplaySource *)source;
}

static bool
replay_open(HeedSource *source, int64_t *out_epoch, GError **error)
{
    (void)source;
    (void)error;
    *out_epoch = 0;
    return true;
}

static void
replay_resume(HeedSource *source, const HeedResume *resume)
{
    (void)source;
    (void)resume;
}

static bool
refill(ReplaySource *source, GError **error)
{
    g_clear_pointer(&source->slice, g_ptr_array_unref);
    source->next = 0;
    source->slice = source->what == HEED_REPLAY_STORED
                        ? heed_kept_mail_next_stored(source->database, &source->cursor, error)
                        : heed_kept_mail_next_quarantined(source->database, &source->cursor,
                                                          source->ids, error);
    return source->slice != NULL;
}

static HeedNext
replay_next(HeedSource *base, HeedItem *out, GError **error)
{
    ReplaySource *source = self(base);
    g_autoptr(GError) damaged = NULL;
    HeedKeptMail *mail;

    if ((source->slice == NULL || source->next == source->slice->len) && !refill(source, error))
        return HEED_NEXT_ERROR;
    if (source->slice->len == 0)
        return HEED_NEXT_END;
    mail = source->slice->pdata[source->next];
    source->slice->pdata[source->next++] = NULL;
    out->uid = g_strdup(mail->digest);
    out->source = g_strdup(mail->source);
    out->received_at = mail->received_at;
    out->size = mail->size;
    out->closed = mail->closed;
    out->truncated = mail->truncated;
    out->bytes = heed_decompress(mail->content, &damaged);
    if (out->bytes == NULL)
        out->detail = g_strdup_printf("kept mail %s: %s", mail->digest, damaged->message);
    g_clear_pointer(&mail->content, g_bytes_unref);
    (void)g_hash_table_replace(source->pending, mail->digest, mail);
    return HEED_NEXT_ITEM;
}

static bool
replay_acknowledge(HeedSource *source, const HeedAck *acks, size_t count, GError **error)
{
    (void)source;
    (void)acks;
    (void)count;
    (void)error;
    return true;
}

static void
replay_free(HeedSource *base)
{
    ReplaySource *source = self(base);

    g_clear_pointer(&source->slice, g_ptr_array_unref);
    g_clear_pointer(&source->pending, g_hash_table_unref);
    heed_kept_cursor_clear(&source->cursor);
    g_free(source);
}

static void
free_mail(gpointer mail)
{
    heed_kept_mail_free(mail);
}

HeedSource *
heed_replay_source_new(HeedDatabase *database, HeedReplay what, const GArray *ids)
{
    static const HeedSourceOps ops = {.open = replay_open,
                                      .resume = replay_resume,
                                      .next = replay_next,
                                      .acknowledge = replay_acknowledge,
                                      .free = replay_free};
    ReplaySource *source = g_new0(ReplaySource, 1);

    source->base.ops = &ops;
    source->database = database;
    source->what = what;
    source->ids = ids;
    source->pending = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_mail);
    return &source->base;
}

bool
heed_replay_source_is_of_stored(HeedSource *source)
{
    return self(source)->what == HEED_REPLAY_STORED;
}

void
heed_replay_source_complete(HeedSource *source, HeedArrival *arrival)
{
    GHashTable *pending = self(source)->pending;
    const HeedKeptMail *mail =
        arrival->uid == NULL ? NULL : g_hash_table_lookup(pending, arrival->uid);

    if (mail == NULL)
        return;
    arrival->mailbox_id = mail->mailbox_id;
    g_free(arrival->mailbox);
    arrival->mailbox = g_strdup(mail->mailbox);
    g_free(arrival->stream);
    arrival->stream = g_strdup(mail->stream);
    (void)g_hash_table_remove(pending, arrival->uid);
}
