/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/list_feed.h"

#include "suppress/csv.h"

/* One that is read, one that is judged, and one between them. */
#define BATCHES       3U
#define BATCH_RECORDS 4096U

typedef struct Batch {
    HeedListBatch records;
    char *buffer;  /* owned; the records' bytes */
    GError *error; /* owned; why there is no more */
    bool last;
} Batch;

struct HeedListFeed {
    HeedListReader *reader; /* borrowed, as are the next two */
    const HeedListShape *shape;
    const HeedSuppressedSet *set;
    Batch batches[BATCHES];
    GAsyncQueue *empty; /* of Batch *, borrowed from the above */
    GAsyncQueue *full;
    Batch *given;     /* borrowed; what the caller has; NULL for none */
    GString *field;   /* owned; scratch */
    GString *address; /* owned; scratch */
    GThread *thread;
    int stopped; /* atomic */
    bool over;   /* the last batch has been given out */
};

/* The field of a record that names the address; false when it has too few. */
static bool
address_field(HeedListFeed *feed, const HeedListRecord *record, const char **text, size_t *length)
{
    char delimiter = feed->shape->delimiter;
    size_t position = 0;

    if (delimiter == '\0') {
        *text = record->bytes;
        *length = record->content;
        return true;
    }
    for (size_t i = 0; i < feed->shape->column; i++) {
        if (!heed_csv_next_field(record->bytes, record->content, delimiter, &position, NULL))
            return false;
    }
    if (!heed_csv_next_field(record->bytes, record->content, delimiter, &position, feed->field))
        return false;
    *text = feed->field->str;
    *length = feed->field->len;
    return true;
}

/* Lines that are no addresses: blank ones, and in a plain list comments, are kept. */
static bool
is_kept_anyway(const HeedListFeed *feed, const HeedListRecord *record)
{
    return feed->shape->delimiter == '\0' ? heed_list_is_remark(record->bytes, record->content)
                                          : heed_list_is_blank(record->bytes, record->content);
}

static void
prepare(HeedListFeed *feed, const HeedListRecord *record, HeedListItem *out)
{
    const char *text;
    size_t length;

    *out = (HeedListItem){.record = *record};
    if (record->trouble == HEED_LIST_TOO_LONG)
        out->invalid = "line too long";
    else if (record->trouble == HEED_LIST_OPEN_QUOTE)
        out->invalid = "quote not closed";
    else if (is_kept_anyway(feed, record))
        out->as_it_is = true;
    else if (!address_field(feed, record, &text, &length))
        out->invalid = "too few columns";
    else if (!heed_list_address(text, length, feed->address))
        out->invalid = "not an address";
    else
        out->key = heed_suppressed_set_key(feed->set, feed->address->str, feed->address->len);
}

/* As many records as the reader has at hand; their bytes go with them. */
static void
fill(HeedListFeed *feed, Batch *batch)
{
    HeedListBatch *records = &batch->records;
    HeedListRecord record;

    records->count = 0;
    do {
        if (!heed_list_reader_next(feed->reader, feed->shape->delimiter, &record, &batch->last,
                                   &batch->error) ||
            batch->last)
            break;
        prepare(feed, &record, &records->items[records->count++]);
    } while (records->count < BATCH_RECORDS && heed_list_reader_has_more(feed->reader));
    batch->buffer = heed_list_reader_exchange(feed->reader, batch->buffer);
}

static void *
read_on(void *data)
{
    HeedListFeed *feed = data;
    bool over = false;

    while (!over) {
        Batch *batch = g_async_queue_pop(feed->empty);

        if (__atomic_load_n(&feed->stopped, __ATOMIC_SEQ_CST) != 0)
            break;
        fill(feed, batch);
        over = batch->last || batch->error != NULL;
        g_async_queue_push(feed->full, batch);
    }
    return NULL;
}

HeedListFeed *
heed_list_feed_start(HeedListReader *reader,
                     const HeedListShape *shape,
                     const HeedSuppressedSet *set)
{
    HeedListFeed *feed = g_new0(HeedListFeed, 1);

    feed->reader = reader;
    feed->shape = shape;
    feed->set = set;
    feed->empty = g_async_queue_new();
    feed->full = g_async_queue_new();
    feed->field = g_string_new(NULL);
    feed->address = g_string_new(NULL);
    for (unsigned i = 0; i < BATCHES; i++) {
        feed->batches[i].records.items = g_new(HeedListItem, BATCH_RECORDS);
        feed->batches[i].buffer = g_malloc(HEED_LIST_BUFFER_BYTES);
        g_async_queue_push(feed->empty, &feed->batches[i]);
    }
    feed->thread = g_thread_new("list", read_on, feed);
    return feed;
}

void
heed_list_feed_free(HeedListFeed *feed)
{
    if (feed == NULL)
        return;
    __atomic_store_n(&feed->stopped, 1, __ATOMIC_SEQ_CST);
    g_async_queue_push(feed->empty, &feed->batches[0]); /* wakes it; nobody looks at it */
    (void)g_thread_join(feed->thread);
    for (unsigned i = 0; i < BATCHES; i++) {
        g_free(feed->batches[i].records.items);
        g_free(feed->batches[i].buffer);
        g_clear_error(&feed->batches[i].error);
    }
    g_async_queue_unref(feed->empty);
    g_async_queue_unref(feed->full);
    g_string_free(feed->field, TRUE);
    g_string_free(feed->address, TRUE);
    g_free(feed);
}

const HeedListBatch *
heed_list_feed_next(HeedListFeed *feed, GError **error)
{
    Batch *batch;

    if (feed->given != NULL)
        g_async_queue_push(feed->empty, g_steal_pointer(&feed->given));
    if (feed->over)
        return NULL;
    batch = g_async_queue_pop(feed->full);
    feed->over = batch->last || batch->error != NULL;
    feed->given = batch;
    if (batch->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&batch->error));
        return NULL;
    }
    return batch->records.count > 0 ? &batch->records : NULL;
}
