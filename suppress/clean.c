/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/clean.h"

#include "base/error.h"
#include "base/limits.h"
#include "suppress/csv.h"
#include "suppress/list_feed.h"

#include <errno.h>
#include <string.h>
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
    GString *rest; /* owned; what is left of a line with several addresses */
} Cleaner;

static void
cleaner_clear(Cleaner *cleaner)
{
    heed_suppressed_set_free(cleaner->seen);
    g_string_free(cleaner->kept, TRUE);
    g_string_free(cleaner->line, TRUE);
    g_string_free(cleaner->rest, TRUE);
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

/* What is wrong with an address or a line; the later the worse. */
typedef enum Wrong {
    NOTHING,
    INVALID,
    DUPLICATE,
    SUPPRESSED
} Wrong;

typedef struct Fault {
    Wrong wrong;
    const char *reason; /* borrowed, as is the next */
    const char *detail; /* the reason's second part, or NULL */
} Fault;

static void
count(HeedCleanFaults *faults, Wrong wrong)
{
    faults->suppressed += wrong == SUPPRESSED;
    faults->duplicate += wrong == DUPLICATE;
    faults->invalid += wrong == INVALID;
}

static bool
has_several(const Cleaner *cleaner)
{
    return cleaner->shape.column_count > 1;
}

/* One row of what was removed: a line, or some bytes of it that are one of its columns. */
static bool
note(Cleaner *cleaner,
     const HeedListRecord *record,
     const HeedListCell *cell,
     const Fault *fault,
     GError **error)
{
    GString *line = cleaner->line;
    const char *bytes = record->bytes;
    size_t length = record->content;

    if (cleaner->options->removed == NULL)
        return true;
    g_string_printf(line, "%" G_GUINT64_FORMAT ",", record->line);
    if (cell != NULL) {
        bytes += cell->start;
        length = cell->length;
        g_string_append_printf(line, "%" G_GSIZE_FORMAT, cell->column + 1);
    }
    if (has_several(cleaner))
        g_string_append_c(line, ',');
    g_string_append_printf(line, "%s%s%s,", fault->reason, fault->detail == NULL ? "" : ": ",
                           fault->detail == NULL ? "" : fault->detail);
    heed_csv_append(line, bytes, length);
    g_string_append_c(line, '\n');
    return write_bytes(cleaner->options->removed, line->str, line->len, "the list of removed lines",
                       error);
}

static bool
remove_line(Cleaner *cleaner, const HeedListRecord *record, const Fault *fault, GError **error)
{
    count(&cleaner->done.removed, fault->wrong);
    return note(cleaner, record, NULL, fault, error);
}

/* Whether it has been kept before. */
static bool
is_duplicate(Cleaner *cleaner, HeedAddressKey key)
{
    size_t most = cleaner->options->remembered;

    if (heed_suppressed_set_count(cleaner->seen) <
        (most > 0 ? most : HEED_LIMIT_LIST_ADDRESSES_SEEN))
        return !heed_suppressed_set_add_key(cleaner->seen, key);
    if (heed_suppressed_set_find_key(cleaner->seen, key) != NULL)
        return true;
    cleaner->done.unremembered++;
    return false;
}

/* An address with nothing wrong is kept, and remembered. */
static Fault
find_fault(Cleaner *cleaner, const char *invalid, HeedAddressKey key)
{
    const char *why;

    if (invalid != NULL)
        return (Fault){INVALID, invalid, NULL};
    why = heed_suppressed_set_find_key(cleaner->suppressed, key);
    if (why != NULL)
        return (Fault){SUPPRESSED, "suppressed", why};
    if (is_duplicate(cleaner, key))
        return (Fault){DUPLICATE, "duplicate", NULL};
    return (Fault){NOTHING, NULL, NULL};
}

/* A line with several addresses. What of it may be mailed is gathered before it is known whether
 * any address is good. */
static bool
judge_cells(Cleaner *cleaner,
            const HeedListRecord *record,
            const HeedListCell *cells,
            GError **error)
{
    Fault worst = {INVALID, "no address", NULL};
    HeedCleanFaults taken = {0};
    bool any = false;
    size_t done = 0;

    g_string_truncate(cleaner->rest, 0);
    for (size_t i = 0; i < cleaner->shape.column_count; i++) {
        const HeedListCell *cell = &cells[i];
        Fault fault;

        if (cell->empty)
            continue;
        fault = find_fault(cleaner, cell->invalid, cell->key);
        any |= fault.wrong == NOTHING;
        if (fault.wrong == NOTHING)
            continue;
        if (fault.wrong >= worst.wrong)
            worst = fault;
        count(&taken, fault.wrong);
        g_string_append_len(cleaner->rest, record->bytes + done, (gssize)(cell->start - done));
        done = cell->start + cell->length;
        if (!note(cleaner, record, cell, &fault, error))
            return false;
    }
    if (!any)
        return remove_line(cleaner, record, &worst, error);
    cleaner->done.shortened += done > 0;
    cleaner->done.taken.suppressed += taken.suppressed;
    cleaner->done.taken.invalid += taken.invalid;
    cleaner->done.taken.duplicate += taken.duplicate;
    g_string_append_len(cleaner->rest, record->bytes + done, (gssize)(record->length - done));
    cleaner->done.kept++;
    return keep_bytes(cleaner, cleaner->rest->str, cleaner->rest->len, error);
}

static bool
judge(Cleaner *cleaner, const HeedListItem *item, const HeedListCell *cells, GError **error)
{
    Fault fault;

    cleaner->done.lines++;
    if (item->as_it_is)
        return keep(cleaner, &item->record, error);
    if (cells != NULL && item->invalid == NULL)
        return judge_cells(cleaner, &item->record, cells, error);
    fault = find_fault(cleaner, item->invalid, item->key);
    return fault.wrong == NOTHING ? keep(cleaner, &item->record, error)
                                  : remove_line(cleaner, &item->record, &fault, error);
}

/* Finds out the list's shape from its first record. */
static bool
find_shape(Cleaner *cleaner, const HeedListRecord *record, GError **error)
{
    const HeedCleanOptions *options = cleaner->options;
    g_autofree char *found = NULL;

    if (!heed_list_shape_find(record->bytes, record->content, options->columns, options->kind,
                              &cleaner->shape, &found, error))
        return false;
    if (found != NULL && options->several != NULL)
        options->several(options->list_name, found);
    return true;
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
    if (!find_shape(cleaner, &record, error))
        return false;
    if (!cleaner->shape.has_header)
        return true;
    if (!heed_list_reader_next(reader, cleaner->shape.delimiter, &record, &end, error))
        return false;
    cleaner->done.lines++;
    return keep(cleaner, &record, error);
}

static void
fetch_key(const Cleaner *cleaner, HeedAddressKey key)
{
    heed_suppressed_set_fetch(cleaner->suppressed, key);
    heed_suppressed_set_fetch(cleaner->seen, key);
}

static void
fetch(const Cleaner *cleaner, const HeedListBatch *batch, size_t index)
{
    const HeedListItem *item = &batch->items[index];
    const HeedListCell *cells = heed_list_batch_cells(batch, &cleaner->shape, index);

    if (cells == NULL) {
        fetch_key(cleaner, item->key);
        return;
    }
    if (item->as_it_is || item->invalid != NULL)
        return;
    for (size_t i = 0; i < cleaner->shape.column_count; i++)
        fetch_key(cleaner, cells[i].key);
}

static bool
clean_batch(Cleaner *cleaner, const HeedListBatch *batch, GError **error)
{
    for (size_t i = 0; i < MIN(AHEAD, batch->count); i++)
        fetch(cleaner, batch, i);
    for (size_t i = 0; i < batch->count; i++) {
        if (i + AHEAD < batch->count)
            fetch(cleaner, batch, i + AHEAD);
        if (!judge(cleaner, &batch->items[i], heed_list_batch_cells(batch, &cleaner->shape, i),
                   error))
            return false;
    }
    return true;
}

static bool
begin_removed(Cleaner *cleaner, GError **error)
{
    const char *header =
        has_several(cleaner) ? "line,column,reason,content\n" : "line,reason,content\n";

    return cleaner->options->removed == NULL ||
           write_bytes(cleaner->options->removed, header, strlen(header),
                       "the list of removed lines", error);
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
        !clean_beginning(cleaner, reader, error) || !begin_removed(cleaner, error))
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
        .line = g_string_new(NULL),
        .rest = g_string_new(NULL)};

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
