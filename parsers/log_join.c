/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_join.h"

#include "base/limits.h"

#include <string.h>

typedef struct Entry {
    HeedSpan queue_id;
    HeedLogMessage message;
    size_t bytes; /* of all that is owned, the entry included */
    GList link;   /* its data is the entry */
} Entry;

struct HeedLogJoin {
    GHashTable *entries; /* of HeedSpan * within Entry */
    GQueue order;        /* of Entry, the longest unused first */
    size_t most_messages;
    size_t most_bytes;
    size_t bytes;
    uint64_t evicted;
};

/* What hash table and allocator take for an entry besides its own bytes. */
#define ENTRY_OVERHEAD 64U

static guint
span_hash(gconstpointer key)
{
    const HeedSpan *span = key;
    guint hash = 2166136261U;

    for (size_t i = 0; i < span->length; i++)
        hash = (hash ^ (guchar)span->at[i]) * 16777619U;
    return hash;
}

static gboolean
span_equal(gconstpointer one, gconstpointer other)
{
    const HeedSpan *a = one;
    const HeedSpan *b = other;

    return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}

static HeedSpan
copy_span(HeedSpan span)
{
    char *copy = g_malloc(span.length + 1);

    if (span.length > 0)
        memcpy(copy, span.at, span.length);
    copy[span.length] = '\0';
    return (HeedSpan){copy, span.length};
}

static void
free_span(HeedSpan *span)
{
    g_free((void *)(uintptr_t)span->at);
    *span = (HeedSpan){0};
}

static void
entry_free(Entry *entry)
{
    g_clear_pointer(&entry->message.pending, g_ptr_array_unref);
    free_span(&entry->message.sender);
    free_span(&entry->message.message_id);
    free_span(&entry->queue_id);
    g_free(entry);
}

HeedLogJoin *
heed_log_join_new(size_t most_messages, size_t most_bytes)
{
    HeedLogJoin *join = g_new0(HeedLogJoin, 1);

    join->entries = g_hash_table_new(span_hash, span_equal);
    join->most_messages = most_messages;
    join->most_bytes = most_bytes;
    return join;
}

static void
drop(HeedLogJoin *join, Entry *entry)
{
    g_hash_table_remove(join->entries, &entry->queue_id);
    g_queue_unlink(&join->order, &entry->link);
    join->bytes -= entry->bytes;
    entry_free(entry);
}

void
heed_log_join_free(HeedLogJoin *join)
{
    if (join == NULL)
        return;
    while (join->order.head != NULL)
        drop(join, join->order.head->data);
    g_hash_table_unref(join->entries);
    g_free(join);
}

static Entry *
find(HeedLogJoin *join, HeedSpan queue_id)
{
    Entry *entry = queue_id.length > 0 ? g_hash_table_lookup(join->entries, &queue_id) : NULL;

    if (entry != NULL && join->order.tail != &entry->link) {
        g_queue_unlink(&join->order, &entry->link);
        g_queue_push_tail_link(&join->order, &entry->link);
    }
    return entry;
}

/* Makes room for others, but never takes the one last used. */
static void
make_room(HeedLogJoin *join)
{
    while (join->order.length > 1 &&
           (join->order.length > join->most_messages || join->bytes > join->most_bytes)) {
        drop(join, join->order.head->data);
        join->evicted++;
    }
}

static void
account(HeedLogJoin *join, Entry *entry, size_t more, size_t less)
{
    entry->bytes += more - less;
    join->bytes += more - less;
    make_room(join);
}

static Entry *
obtain(HeedLogJoin *join, HeedSpan queue_id)
{
    Entry *entry = find(join, queue_id);

    if (entry != NULL || queue_id.length == 0)
        return entry;
    entry = g_new0(Entry, 1);
    entry->queue_id = copy_span(queue_id);
    entry->link.data = entry;
    g_hash_table_add(join->entries, &entry->queue_id);
    g_queue_push_tail_link(&join->order, &entry->link);
    account(join, entry, sizeof(*entry) + queue_id.length + ENTRY_OVERHEAD, 0);
    return entry;
}

const HeedLogMessage *
heed_log_join_find(HeedLogJoin *join, HeedSpan queue_id)
{
    Entry *entry = find(join, queue_id);

    return entry == NULL ? NULL : &entry->message;
}

static void
set_span(HeedLogJoin *join, Entry *entry, HeedSpan *member, HeedSpan value)
{
    size_t before = member->length;

    if (member->at != NULL && span_equal(member, &value))
        return;
    free_span(member);
    *member = copy_span(value);
    account(join, entry, value.length, before);
}

void
heed_log_join_set_sender(HeedLogJoin *join, HeedSpan queue_id, HeedSpan sender)
{
    Entry *entry = obtain(join, queue_id);

    if (entry != NULL)
        set_span(join, entry, &entry->message.sender, sender);
}

void
heed_log_join_set_message_id(HeedLogJoin *join, HeedSpan queue_id, HeedSpan message_id)
{
    Entry *entry = obtain(join, queue_id);

    if (entry != NULL)
        set_span(join, entry, &entry->message.message_id, message_id);
}

void
heed_log_join_settle(HeedLogJoin *join, HeedSpan queue_id, HeedSpan recipient)
{
    Entry *entry = find(join, queue_id);
    GPtrArray *pending = entry == NULL ? NULL : entry->message.pending;

    for (guint i = 0; pending != NULL && i < pending->len; i++) {
        const HeedLogEvent *event = g_ptr_array_index(pending, i);

        if (!span_equal(&event->recipient, &recipient))
            continue;
        account(join, entry, 0, heed_log_event_size(event));
        g_ptr_array_remove_index_fast(pending, i);
        return;
    }
}

void
heed_log_join_defer(HeedLogJoin *join, const HeedLogEvent *event)
{
    Entry *entry = obtain(join, event->queue_id);

    if (entry == NULL)
        return;
    heed_log_join_settle(join, event->queue_id, event->recipient);
    if (entry->message.pending == NULL)
        entry->message.pending = g_ptr_array_new_with_free_func(g_free);
    if (entry->message.pending->len >= HEED_LIMIT_LOG_PENDING)
        return;
    g_ptr_array_add(entry->message.pending, heed_log_event_copy(event));
    account(join, entry, heed_log_event_size(event), 0);
}

void
heed_log_join_remove(HeedLogJoin *join, HeedSpan queue_id)
{
    Entry *entry = find(join, queue_id);

    if (entry != NULL)
        drop(join, entry);
}

void
heed_log_join_each(const HeedLogJoin *join, HeedLogJoinTake take, void *data)
{
    for (const GList *link = join->order.tail; link != NULL; link = link->prev) {
        const Entry *entry = link->data;

        if (!take(entry->queue_id, &entry->message, data))
            return;
    }
}

uint64_t
heed_log_join_evicted(const HeedLogJoin *join)
{
    return join->evicted;
}
