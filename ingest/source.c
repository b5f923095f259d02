/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/source.h"

void
heed_item_clear(HeedItem *item)
{
    g_free(item->uid);
    g_free(item->source);
    g_clear_pointer(&item->bytes, g_bytes_unref);
    g_free(item->detail);
    *item = (HeedItem){.received_at = HEED_DATE_UNKNOWN};
}

bool
heed_source_take_gone(GHashTable *uids, HeedItem *out)
{
    GHashTableIter iter;
    gpointer uid;

    g_hash_table_iter_init(&iter, uids);
    if (!g_hash_table_iter_next(&iter, &uid, NULL))
        return false;
    g_hash_table_iter_steal(&iter);
    *out = (HeedItem){.uid = uid, .received_at = HEED_DATE_UNKNOWN, .gone = true};
    return true;
}

bool
heed_source_tell_listed(HeedSource *source, GError **error)
{
    const HeedSourceHost *host = &source->host;

    if (source->has_told)
        return true;
    source->has_told = true;
    return host->listed == NULL || host->listed(host->data, error);
}

HeedSource *
heed_source_new(const HeedMailbox *mailbox, const HeedSourceHost *host)
{
    HeedSource *source = NULL;

    switch (mailbox->protocol) {
    case HEED_PROTOCOL_IMAP:
        source = heed_imap_source_new(mailbox);
        break;
    case HEED_PROTOCOL_POP3:
        source = heed_pop3_source_new(mailbox);
        break;
    case HEED_PROTOCOL_MAILDIR:
        source = heed_maildir_source_new(mailbox);
        break;
    case HEED_PROTOCOL_MBOX:
        source = heed_mbox_source_new(mailbox);
        break;
    case HEED_PROTOCOL_PATHS:
    default:
        source = heed_paths_source_new(mailbox);
        break;
    }
    source->mailbox = mailbox;
    if (host != NULL)
        source->host = *host;
    return source;
}

void
heed_source_free(HeedSource *source)
{
    if (source != NULL)
        source->ops->free(source);
}
