/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/clean.h"

#include "base/error.h"
#include "base/limits.h"
#include "suppress/csv.h"
#include "suppress/list_feed.h"

#include <errno.h>
#include <sys/stat.h>

/* Bytes of the clean list that are written at a time: stdio would write 4 KiB. */
#define OUTPUT_BYTES ((size_t)256 * 1024)

/* How far ahead the tables' places are fetched. */
#define AHEAD 16U

/* What a line of a list takes, rather too little, to guess their number by the list's size: a table
 * twice as large takes longer to be made than a second one, should there be more. */
#define LEAST_LINE_BYTES 24

typedef struct Cleaner {
    const HeedSuppressedSet *suppressed;
    const HeedCleanOptions *options;
    HeedSuppressedSet *seen; /* owned; the addresses kept so far */
    HeedListShape shape;
    HeedCleaned done;
    GString *kept; /* owned; of the clean list, not written yet */
    GString *line; /* owned; scratch */
} Cleaner;

static void
cleaner_clear(Cleaner *cleaner)
{
    heed_suppressed_set_free(cleaner->seen);
    g_string_free(cleaner->kept, TRUE);
    g_string_free(cleaner->line, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cleaner, cleaner_clear)

static bool
write_bytes(FILE *file, const char *bytes, size_t length, const char *what, GError **error)
{
    if (fwrite(bytes, 1, length, file) == length)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write %s: %s", what, g_strerror(errno));
    return false;
}

static bool
write_kept(Cleaner *cleaner, GError **error)
{
    GString *kept = cleaner->kept;
    bool written =
        write_bytes(cleaner->options->out, kept->str, kept->len, "the cleaned list", error);

    g_string_truncate(kept, 0);
    return written;
}

static bool
keep_bytes(Cleaner *cleaner, const char *bytes, size_t length, GError **error)
{
    g_string_append_len(cleaner->kept, bytes, (gssize)length);
    return cleaner->kept->len < OUTPUT_BYTES || write_kept(cleaner, error);
}

static bool
keep(Cleaner *cleaner, const HeedListRecord *record, GError **error)
{
    cleaner->done.kept++;
    return keep_bytes(cleaner, record->bytes, record->length, error);
}

/* One row of the removed lines; the reason may come in two parts. */
static bool
note_removed(Cleaner *cleaner,
             const HeedListRecord *record,
             const char *reason,
             const char *detail,
             GError **error)
{
    GString *line = cleaner->line;

    if (cleaner->options->removed == NULL)
        return true;
    g_string_printf(line, "%" G_GUINT64_FORMAT ",%s%s%s,", record->line, reason,
                    detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
    heed_csv_append(line, record->bytes, record->content);
    g_string_append_c(line, '\n');
    return write_bytes(cleaner->options->removed, line->str, line->len, "the list of removed lines",
                       error);
}

static bool
reject(Cleaner *cleaner, const HeedListRecord *record, const char *reason, GError **error)
{
    cleaner->done.invalid++;
    return note_removed(cleaner, record, reason, NULL, error);
}

/* Whether a kept line has had the address before. */
static bool
is_duplicate(Cleaner *cleaner, HeedAddressKey key)
{
    if (heed_suppressed_set_count(cleaner->seen) < HEED_LIMIT_LIST_ADDRESSES_SEEN)
        return !heed_suppressed_set_add_key(cleaner->seen, key);
    if (heed_suppressed_set_find_key(cleaner->seen, key) != NULL)
        return true;
    cleaner->done.unremembered++;
    return false;
}

static bool
judge(Cleaner *cleaner, const HeedListItem *item, GError **error)
{
    const char *reason;

    cleaner->done.lines++;
    if (item->as_it_is)
        return keep(cleaner, &item->record, error);
    if (item->invalid != NULL)
        return reject(cleaner, &item->record, item->invalid, error);
    reason = heed_suppressed_set_find_key(cleaner->suppressed, item->key);
    if (reason != NULL) {
        cleaner->done.suppressed++;
        return note_removed(cleaner, &item->record, "suppressed", reason, error);
    }
    if (is_duplicate(cleaner, item->key)) {
        cleaner->done.duplicate++;
        return note_removed(cleaner, &item->record, "duplicate", NULL, error);
    }
    return keep(cleaner, &item->record, error);
}

/* Keeps what stands before the first record, finds out the list's shape from that, and keeps it if
 * it is the header. */
static bool
clean_beginning(Cleaner *cleaner, HeedListReader *reader, GError **error)
{
    HeedListRecord record;
    bool end = false;

    for (;;) {
        if (!heed_list_reader_peek(reader, &record, &end, error))
            return false;
        if (end || !heed_list_is_remark(record.bytes, record.content))
            break;
        if (!heed_list_reader_next(reader, '\0', &record, &end, error))
            return false;
        cleaner->done.lines++;
        if (!keep(cleaner, &record, error))
            return false;
    }
    if (end)
        return true;
    if (!heed_list_shape_find(record.bytes, record.content, cleaner->options->column,
                              cleaner->options->kind, &cleaner->shape, error))
        return false;
    if (!cleaner->shape.has_header)
        return true;
    if (!heed_list_reader_next(reader, cleaner->shape.delimiter, &record, &end, error))
        return false;
    cleaner->done.lines++;
    return keep(cleaner, &record, error);
}

static void
fetch(const Cleaner *cleaner, const HeedListItem *item)
{
    heed_suppressed_set_fetch(cleaner->suppressed, item->key);
    heed_suppressed_set_fetch(cleaner->seen, item->key);
}

static bool
clean_batch(Cleaner *cleaner, const HeedListBatch *batch, GError **error)
{
    for (size_t i = 0; i < MIN(AHEAD, batch->count); i++)
        fetch(cleaner, &batch->items[i]);
    for (size_t i = 0; i < batch->count; i++) {
        if (i + AHEAD < batch->count)
            fetch(cleaner, &batch->items[i + AHEAD]);
        if (!judge(cleaner, &batch->items[i], error))
            return false;
    }
    return true;
}

static bool
clean_list(Cleaner *cleaner, HeedListReader *reader, GError **error)
{
    g_autoptr(HeedListFeed) feed = NULL;
    g_autoptr(GError) trouble = NULL;
    const HeedCleanOptions *options = cleaner->options;
    const HeedListBatch *batch;
    bool marked;

    if (!heed_list_reader_begin(reader, &marked, error) ||
        (marked && !keep_bytes(cleaner, "\xef\xbb\xbf", 3, error)) ||
        !clean_beginning(cleaner, reader, error))
        return false;
    feed = heed_list_feed_start(reader, &cleaner->shape, cleaner->suppressed);
    while ((batch = heed_list_feed_next(feed, &trouble)) != NULL) {
        if (!clean_batch(cleaner, batch, error))
            return false;
        if (options->progress != NULL)
            options->progress(cleaner->done.lines, options->progress_data);
    }
    if (trouble == NULL)
        return write_kept(cleaner, error);
    g_propagate_error(error, g_steal_pointer(&trouble));
    return false;
}

/* How many addresses a list may have that is a file; a pipe does not say. */
static uint64_t
expected_addresses(FILE *list)
{
    struct stat status;

    if (fstat(fileno(list), &status) != 0 || !S_ISREG(status.st_mode))
        return 0;
    return MIN((uint64_t)status.st_size / LEAST_LINE_BYTES, HEED_LIMIT_LIST_ADDRESSES_SEEN);
}

static bool
flush(FILE *file, const char *what, GError **error)
{
    if (file == NULL || fflush(file) == 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write %s: %s", what, g_strerror(errno));
    return false;
}

bool
heed_clean(const HeedSuppressedSet *set,
           const HeedCleanOptions *options,
           HeedCleaned *out,
           GError **error)
{
    g_autoptr(HeedListReader) reader = heed_list_reader_new(options->list);
    g_auto(Cleaner) cleaner = {
        .suppressed = set,
        .options = options,
        .seen = heed_suppressed_set_new_like(set, expected_addresses(options->list)),
        .kept = g_string_sized_new(OUTPUT_BYTES + HEED_LIMIT_LIST_LINE_BYTES),
        .line = g_string_new(NULL)};

    if (options->removed != NULL && fputs("line,reason,content\n", options->removed) == EOF)
        return flush(options->removed, "the list of removed lines", error);
    if (!clean_list(&cleaner, reader, error)) {
        g_prefix_error(error, "%s: ", options->list_name);
        return false;
    }
    if (!flush(options->out, "the cleaned list", error) ||
        !flush(options->removed, "the list of removed lines", error))
        return false;
    *out = cleaner.done;
    return true;
}
