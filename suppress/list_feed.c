/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/list_feed.h"

#include "suppress/csv.h"

#define BATCH_RECORDS 4096U

/* As many as the machine has cores, but no more: judging cannot keep up with more. */
#define MOST_WORKERS 4U

/* One for each worker; one that is read, one that is judged, and one between each of them. */
#define MOST_BATCHES (MOST_WORKERS + 4U)

typedef struct Batch {
    HeedListBatch records;
    char *buffer;  /* owned; the records' bytes */
    GError *error; /* owned; why there is no more */
    bool last;
    bool prepared; /* under the feed's lock */
} Batch;

/* What each thread that reads addresses has of its own. */
typedef struct Worker {
    HeedListFeed *feed; /* borrowed */
    GString *field;     /* owned, as are the next two; scratch */
    GString *address;   /* scratch */
    GThread *thread;
} Worker;

struct HeedListFeed {
    HeedListReader *reader; /* borrowed, as are the next two */
    const HeedListShape *shape;
    const HeedSuppressedSet *set;
    Batch batches[MOST_BATCHES];
    unsigned batch_count;
    Worker workers[MOST_WORKERS];
    unsigned worker_count;
    GAsyncQueue *empty; /* of Batch *, borrowed from the above, as are the next two */
    GAsyncQueue *read;  /* addresses to be read; &end_of_work ends a worker */
    GAsyncQueue *order; /* the same batches, as they are to be given out */
    Batch *given;       /* borrowed; what the caller has; NULL for none */
    GThread *thread;
    GMutex lock;
    GCond one_prepared;
    int stopped; /* atomic */
    bool over;   /* the last batch has been given out */
};

static Batch end_of_work;

/* The field of a record that names the address; false when it has too few. */
static bool
address_field(Worker *worker, const HeedListRecord *record, const char **text, size_t *length)
{
    const HeedListShape *shape = worker->feed->shape;
    char delimiter = shape->delimiter;
    size_t position = 0;

    if (delimiter == '\0') {
        *text = record->bytes;
        *length = record->content;
        return true;
    }
    for (size_t i = 0; i < shape->columns[0]; i++) {
        if (!heed_csv_next_field(record->bytes, record->content, delimiter, &position, NULL))
            return false;
    }
    if (!heed_csv_next_field(record->bytes, record->content, delimiter, &position, worker->field))
        return false;
    *text = worker->field->str;
    *length = worker->field->len;
    return true;
}

/* Lines that are no addresses: blank ones, and in a plain list comments, are kept. */
static bool
is_kept_anyway(const HeedListShape *shape, const HeedListRecord *record)
{
    return shape->delimiter == '\0' ? heed_list_is_remark(record->bytes, record->content)
                                    : heed_list_is_blank(record->bytes, record->content);
}

/* The key of the address that a field names, or why it names none (static). */
static const char *
read_entry(Worker *worker, const char *text, size_t length, HeedAddressKey *out)
{
    GString *address = worker->address;
    HeedListKind kind = worker->feed->shape->kind;
    const HeedSuppressedSet *set = worker->feed->set;

    if (!heed_list_entry(kind, text, length, address))
        return kind == HEED_LIST_OF_ADDRESSES ? "not an address" : "not a digest";
    *out = kind == HEED_LIST_OF_ADDRESSES
               ? heed_suppressed_set_key(set, address->str, address->len)
               : heed_key_make(heed_suppressed_set_secret(set), address->str, address->len);
    return NULL;
}

/* All fields of a record that may name an address; those that it has not are empty. */
static void
prepare_cells(Worker *worker, const HeedListRecord *record, HeedListCell *cells)
{
    const HeedListShape *shape = worker->feed->shape;
    GString *field = worker->field;
    size_t position = 0;
    size_t column = 0;

    for (size_t i = 0; i < shape->column_count; i++) {
        HeedListCell *cell = &cells[i];

        for (; column < shape->columns[i]; column++)
            (void)heed_csv_next_field(record->bytes, record->content, shape->delimiter, &position,
                                      NULL);
        *cell = (HeedListCell){.column = shape->columns[i], .start = position, .empty = true};
        if (!heed_csv_next_field(record->bytes, record->content, shape->delimiter, &position,
                                 field))
            continue;
        column++;
        cell->length = position - 1 - cell->start;
        cell->empty = heed_list_is_blank(field->str, field->len);
        if (!cell->empty)
            cell->invalid = read_entry(worker, field->str, field->len, &cell->key);
    }
}

/* Cells: the item's; NULL where records have one address. */
static void
prepare(Worker *worker, HeedListItem *item, HeedListCell *cells)
{
    const HeedListRecord *record = &item->record;
    const char *text;
    size_t length;

    if (record->trouble == HEED_LIST_TOO_LONG)
        item->invalid = "line too long";
    else if (record->trouble == HEED_LIST_OPEN_QUOTE)
        item->invalid = "quote not closed";
    else if (is_kept_anyway(worker->feed->shape, record))
        item->as_it_is = true;
    else if (cells != NULL)
        prepare_cells(worker, record, cells);
    else if (!address_field(worker, record, &text, &length))
        item->invalid = "too few columns";
    else
        item->invalid = read_entry(worker, text, length, &item->key);
}

/* A thread that reads the addresses of batches. */
static void *
work(void *data)
{
    Worker *worker = data;
    HeedListFeed *feed = worker->feed;
    Batch *batch;

    while ((batch = g_async_queue_pop(feed->read)) != &end_of_work) {
        for (size_t i = 0; i < batch->records.count; i++)
            prepare(worker, &batch->records.items[i],
                    heed_list_batch_cells(&batch->records, feed->shape, i));
        g_mutex_lock(&feed->lock);
        batch->prepared = true;
        g_cond_signal(&feed->one_prepared);
        g_mutex_unlock(&feed->lock);
    }
    return NULL;
}

/* As many records as the reader has at hand; their bytes go with them. */
static void
fill(HeedListFeed *feed, Batch *batch)
{
    HeedListBatch *records = &batch->records;
    HeedListItem item = {0};

    records->count = 0;
    do {
        if (!heed_list_reader_next(feed->reader, feed->shape->delimiter, &item.record, &batch->last,
                                   &batch->error) ||
            batch->last)
            break;
        records->items[records->count++] = item;
    } while (records->count < BATCH_RECORDS && heed_list_reader_has_more(feed->reader));
    batch->buffer = heed_list_reader_exchange(feed->reader, batch->buffer);
}

/* The thread that reads records. */
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
        batch->prepared = false;
        g_async_queue_push(feed->read, batch);
        g_async_queue_push(feed->order, batch);
    }
    for (unsigned i = 0; i < feed->worker_count; i++)
        g_async_queue_push(feed->read, &end_of_work);
    return NULL;
}

static void
start_worker(HeedListFeed *feed)
{
    Worker *worker = &feed->workers[feed->worker_count++];

    worker->feed = feed;
    worker->field = g_string_new(NULL);
    worker->address = g_string_new(NULL);
    worker->thread = g_thread_new("addresses", work, worker);
}

HeedListCell *
heed_list_batch_cells(const HeedListBatch *batch, const HeedListShape *shape, size_t index)
{
    return batch->cells != NULL ? &batch->cells[index * shape->column_count] : NULL;
}

HeedListFeed *
heed_list_feed_start(HeedListReader *reader,
                     const HeedListShape *shape,
                     const HeedSuppressedSet *set)
{
    HeedListFeed *feed = g_new0(HeedListFeed, 1);
    unsigned workers = MIN(g_get_num_processors(), MOST_WORKERS);

    feed->reader = reader;
    feed->shape = shape;
    feed->set = set;
    feed->empty = g_async_queue_new();
    feed->read = g_async_queue_new();
    feed->order = g_async_queue_new();
    g_mutex_init(&feed->lock);
    g_cond_init(&feed->one_prepared);
    feed->batch_count = workers + MOST_BATCHES - MOST_WORKERS;
    for (unsigned i = 0; i < feed->batch_count; i++) {
        feed->batches[i].records.items = g_new(HeedListItem, BATCH_RECORDS);
        if (shape->column_count > 1)
            feed->batches[i].records.cells =
                g_new(HeedListCell, BATCH_RECORDS * shape->column_count);
        feed->batches[i].buffer = g_malloc(HEED_LIST_BUFFER_BYTES);
        g_async_queue_push(feed->empty, &feed->batches[i]);
    }
    for (unsigned i = 0; i < workers; i++)
        start_worker(feed);
    feed->thread = g_thread_new("list", read_on, feed);
    return feed;
}

static void
stop(HeedListFeed *feed)
{
    __atomic_store_n(&feed->stopped, 1, __ATOMIC_SEQ_CST);
    g_async_queue_push(feed->empty, &feed->batches[0]); /* wakes it; nobody looks at it */
    (void)g_thread_join(feed->thread);
    for (unsigned i = 0; i < feed->worker_count; i++) {
        Worker *worker = &feed->workers[i];

        (void)g_thread_join(worker->thread);
        g_string_free(worker->field, TRUE);
        g_string_free(worker->address, TRUE);
    }
}

void
heed_list_feed_free(HeedListFeed *feed)
{
    if (feed == NULL)
        return;
    stop(feed);
    for (unsigned i = 0; i < feed->batch_count; i++) {
        g_free(feed->batches[i].records.items);
        g_free(feed->batches[i].records.cells);
        g_free(feed->batches[i].buffer);
        g_clear_error(&feed->batches[i].error);
    }
    g_async_queue_unref(feed->empty);
    g_async_queue_unref(feed->read);
    g_async_queue_unref(feed->order);
    g_mutex_clear(&feed->lock);
    g_cond_clear(&feed->one_prepared);
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
    batch = g_async_queue_pop(feed->order);
    g_mutex_lock(&feed->lock);
    while (!batch->prepared)
        g_cond_wait(&feed->one_prepared, &feed->lock);
    g_mutex_unlock(&feed->lock);
    feed->given = batch;
    feed->over = batch->last || batch->error != NULL;
    if (batch->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&batch->error));
        return NULL;
    }
    return batch->records.count > 0 ? &batch->records : NULL;
}
