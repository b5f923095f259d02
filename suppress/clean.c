/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/clean.h"

#include "base/error.h"
#include "base/limits.h"
#include "suppress/csv.h"
#include "suppress/list.h"
#include "suppress/suppressed_set.h"

#include <errno.h>
#include <sys/stat.h>

/* Records that are looked at together: while one waits for its place in the tables, the next are
 * read. */
#define BATCH_RECORDS 32U

/* What an address of a list takes at least, to guess their number by the list's size. */
#define LEAST_LINE_BYTES 20

/* A record on its way through. */
typedef struct Item {
    HeedListRecord record;
    const char *invalid; /* why it is, or NULL */
    bool as_it_is;       /* to be kept unseen */
    HeedAddressKey key;
} Item;

typedef struct Cleaner {
    const HeedSuppressedSet *suppressed;
    const HeedCleanOptions *options;
    HeedSuppressedSet *seen; /* owned; the addresses kept so far */
    HeedListShape shape;
    HeedCleaned done;
    GString *field;   /* owned; scratch */
    GString *address; /* owned; scratch */
    GString *line;    /* owned; scratch */
} Cleaner;

static void
cleaner_clear(Cleaner *cleaner)
{
    heed_suppressed_set_free(cleaner->seen);
    g_string_free(cleaner->field, TRUE);
    g_string_free(cleaner->address, TRUE);
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
keep(Cleaner *cleaner, const HeedListRecord *record, GError **error)
{
    cleaner->done.kept++;
    return write_bytes(cleaner->options->out, record->bytes, record->length, "the cleaned list",
                       error);
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

/* The field of a record that names the address; false when it has too few. */
static bool
address_field(Cleaner *cleaner, const HeedListRecord *record, const char **text, size_t *length)
{
    size_t position = 0;

    if (cleaner->shape.delimiter == '\0') {
        *text = record->bytes;
        *length = record->content;
        return true;
    }
    for (size_t i = 0; i < cleaner->shape.column; i++) {
        if (!heed_csv_next_field(record->bytes, record->content, cleaner->shape.delimiter,
                                 &position, NULL))
            return false;
    }
    if (!heed_csv_next_field(record->bytes, record->content, cleaner->shape.delimiter, &position,
                             cleaner->field))
        return false;
    *text = cleaner->field->str;
    *length = cleaner->field->len;
    return true;
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

/* Lines that are no addresses: blank ones, and in a plain list comments, are kept. */
static bool
is_kept_anyway(const Cleaner *cleaner, const HeedListRecord *record)
{
    return cleaner->shape.delimiter == '\0' ? heed_list_is_remark(record->bytes, record->content)
                                            : heed_list_is_blank(record->bytes, record->content);
}

/* Reads the address of a record, and has its places fetched. */
static void
prepare(Cleaner *cleaner, const HeedListRecord *record, Item *out)
{
    const char *text;
    size_t length;

    *out = (Item){.record = *record};
    if (record->trouble == HEED_LIST_TOO_LONG)
        out->invalid = "line too long";
    else if (record->trouble == HEED_LIST_OPEN_QUOTE)
        out->invalid = "quote not closed";
    else if (is_kept_anyway(cleaner, record))
        out->as_it_is = true;
    else if (!address_field(cleaner, record, &text, &length))
        out->invalid = "too few columns";
    else if (!heed_list_address(text, length, cleaner->address))
        out->invalid = "not an address";
    if (out->invalid != NULL || out->as_it_is)
        return;
    out->key =
        heed_suppressed_set_key(cleaner->suppressed, cleaner->address->str, cleaner->address->len);
    heed_suppressed_set_fetch(cleaner->suppressed, out->key);
    heed_suppressed_set_fetch(cleaner->seen, out->key);
}

static bool
judge(Cleaner *cleaner, const Item *item, GError **error)
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
                              &cleaner->shape, error))
        return false;
    if (!cleaner->shape.has_header)
        return true;
    if (!heed_list_reader_next(reader, cleaner->shape.delimiter, &record, &end, error))
        return false;
    cleaner->done.lines++;
    return keep(cleaner, &record, error);
}

/* The next records, as many as the reader has at hand; none at the end. */
static bool
clean_batch(Cleaner *cleaner, HeedListReader *reader, bool *out_end, GError **error)
{
    Item items[BATCH_RECORDS];
    HeedListRecord record;
    size_t count = 0;

    do {
        if (!heed_list_reader_next(reader, cleaner->shape.delimiter, &record, out_end, error))
            return false;
        if (*out_end)
            break;
        prepare(cleaner, &record, &items[count++]);
    } while (count < BATCH_RECORDS && heed_list_reader_has_more(reader));
    for (size_t i = 0; i < count; i++) {
        if (!judge(cleaner, &items[i], error))
            return false;
    }
    return true;
}

static bool
clean_list(Cleaner *cleaner, HeedListReader *reader, GError **error)
{
    bool marked;
    bool end = false;

    if (!heed_list_reader_skip_mark(reader, &marked, error) ||
        (marked &&
         !write_bytes(cleaner->options->out, "\xef\xbb\xbf", 3, "the cleaned list", error)) ||
        !clean_beginning(cleaner, reader, error))
        return false;
    while (!end) {
        if (!clean_batch(cleaner, reader, &end, error))
            return false;
    }
    return true;
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
        .field = g_string_new(NULL),
        .address = g_string_new(NULL),
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
