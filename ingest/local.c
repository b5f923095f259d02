/* SPDX-License-Identifier: Apache-2.0 */
/* Mailboxes that are read in the store's own process: mail from the store itself, and everything
 * when no children are wanted. */
#include "ingest/flow.h"

#include "base/cleanup.h"
#include "ingest/fetcher.h"

/* At most so many before others get their turn. */
#define ITEMS_AT_ONCE 64U

/* HeedSourceHost.known. */
static bool
known(void *data, const GPtrArray *uids, GArray *out_known, GError **error)
{
    HeedFeed *feed = (HeedFeed *)data;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < uids->len; i++)
        g_ptr_array_add(texts, heed_fetcher_uid_to_text((const char *)uids->pdata[i]));
    return heed_feed_known(feed->flow, feed, texts, out_known, error);
}

/* HeedSourceHost.listed. */
static bool
listed(void *data, GError **error)
{
    HeedFeed *feed = (HeedFeed *)data;

    return heed_feed_listed(feed->flow, feed, error);
}

bool
heed_local_acknowledge(HeedFlow *flow, HeedFeed *feed, const GArray *acks, GError **error)
{
    g_autoptr(GPtrArray) uids = g_ptr_array_new_with_free_func(g_free); /* as the source has them */
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(HeedAck));
    g_autoptr(GError) trouble = NULL;

    for (size_t i = 0; i < acks->len; i++) {
        HeedAck ack = g_array_index(acks, HeedAck, i);

        g_ptr_array_add(texts, g_strdup(ack.uid));
        g_ptr_array_add(uids, heed_fetcher_uid_from_text(ack.uid));
        ack.uid = (const char *)uids->pdata[i];
        g_array_append_val(own, ack);
    }
    if (own->len == 0)
        return true;
    if (!feed->source->ops->acknowledge(feed->source, (const HeedAck *)own->data, own->len,
                                        &trouble)) {
        heed_feed_break(feed, g_steal_pointer(&trouble));
        return true;
    }
    return heed_feed_acknowledged(flow, feed, texts, error);
}

static bool
resume(HeedFlow *flow, HeedFeed *feed, GError **error)
{
    g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);
    g_autoptr(GPtrArray) unreadable = NULL;
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) acks = g_array_new(FALSE, FALSE, sizeof(HeedAck));
    HeedResume where;
    bool done = heed_feed_resume(flow, feed, &where, open, error);

    unreadable = where.unreadable;
    if (!done)
        return false;
    for (size_t i = 0; unreadable != NULL && i < unreadable->len; i++)
        g_ptr_array_add(own, heed_fetcher_uid_from_text((const char *)unreadable->pdata[i]));
    where.unreadable = own;
    if (feed->source->ops->resume != NULL)
        feed->source->ops->resume(feed->source, &where);
    for (size_t i = 0; i < open->len; i++) {
        const HeedArrival *arrival = (const HeedArrival *)open->pdata[i];
        HeedAck ack = {.uid = arrival->uid, .disposition = arrival->disposition, .again = true};

        g_array_append_val(acks, ack);
    }
    return heed_local_acknowledge(flow, feed, acks, error);
}

/* For a dry run. */
static HeedMailbox *
copy_to_leave(const HeedMailbox *mailbox)
{
    g_autoptr(json_t) json = heed_mailbox_to_json(mailbox);
    HeedMailbox *copy = heed_mailbox_from_json(json, NULL);

    if (copy != NULL)
        heed_fetcher_leave_all(copy);
    return copy;
}

void
heed_local_open(HeedFlow *flow, HeedFeed *feed)
{
    g_autoptr(GError) error = NULL;

    if (feed->source == NULL) {
        HeedSourceHost host = {.known = known, .listed = listed, .data = feed};

        if (flow->options->dry_run)
            feed->own_mailbox = copy_to_leave(feed->mailbox);
        feed->source =
            heed_source_new(feed->own_mailbox != NULL ? feed->own_mailbox : feed->mailbox, &host);
        feed->source_is_ours = true;
    }
    feed->state = HEED_FEED_READING;
    if (!feed->source->ops->open(feed->source, &feed->epoch, &error) || !resume(flow, feed, &error))
        heed_feed_break(feed, g_steal_pointer(&error));
}

/* A path need not be UTF-8, what goes on from here is. */
static void
make_text(char **text)
{
    char *valid;

    if (*text == NULL || g_utf8_validate(*text, -1, NULL))
        return;
    valid = g_utf8_make_valid(*text, -1);
    g_free(*text);
    *text = valid;
}

/* Takes one item; of what is gone, only the uid. */
static void
take(HeedFlow *flow, HeedFeed *feed, HeedItem *item, GPtrArray *out_gone)
{
    char *text = heed_fetcher_uid_to_text(item->uid);

    g_free(item->uid);
    item->uid = text;
    make_text(&item->source);
    make_text(&item->detail);
    if (item->gone)
        g_ptr_array_add(out_gone, g_steal_pointer(&item->uid));
    else
        heed_feed_take_item(flow, feed, item);
}

bool
heed_local_read(HeedFlow *flow, HeedFeed *feed, GError **error)
{
    g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < ITEMS_AT_ONCE && feed->state == HEED_FEED_READING; i++) {
        g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};
        g_autoptr(GError) trouble = NULL;
        HeedNext next;

        if (heed_flow_is_full(flow) || heed_batch_wait(flow) == 0)
            break;
        next = feed->source->ops->next(feed->source, &item, &trouble);
        if (next == HEED_NEXT_ITEM)
            take(flow, feed, &item, gone);
        else if (next == HEED_NEXT_END)
            feed->state = HEED_FEED_IDLE;
        else
            heed_feed_break(feed, g_steal_pointer(&trouble));
    }
    return gone->len == 0 || heed_feed_acknowledged(flow, feed, gone, error);
}
