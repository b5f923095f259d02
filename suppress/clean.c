/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/clean.h"

#include "base/error.h"
#include "base/limits.h"
#include "suppress/csv.h"
#include "suppress/list.h"
#include "suppress/suppressed_set.h"

#include <errno.h>

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
is_duplicate(Cleaner *cleaner, const GString *address)
{
    if (heed_suppressed_set_count(cleaner->seen) < HEED_LIMIT_LIST_ADDRESSES_SEEN)
        return !heed_suppressed_set_add(cleaner->seen, address->str, address->len, "");
    if (heed_suppressed_set_find(cleaner->seen, address->str, address->len) != NULL)
        return true;
    cleaner->done.unremembered++;
    return false;
}

static bool
judge(Cleaner *cleaner, const HeedListRecord *record, GError **error)
{
    const GString *address = cleaner->address;
    const char *reason;
    const char *text;
    size_t length;

    if (!address_field(cleaner, record, &text, &length))
        return reject(cleaner, record, "too few columns", error);
    if (!heed_list_address(text, length, cleaner->address))
        return reject(cleaner, record, "not an address", error);
    reason = heed_suppressed_set_find(cleaner->suppressed, address->str, address->len);
    if (reason != NULL) {
        cleaner->done.suppressed++;
        return note_removed(cleaner, record, "suppressed", reason, error);
    }
    if (is_duplicate(cleaner, address)) {
        cleaner->done.duplicate++;
        return note_removed(cleaner, record, "duplicate", NULL, error);
    }
    return keep(cleaner, record, error);
}

/* Lines that are no addresses: blank ones, and in a plain list comments, are kept. */
static bool
is_kept_anyway(const Cleaner *cleaner, const HeedListRecord *record)
{
    return cleaner->shape.delimiter == '\0' ? heed_list_is_remark(record->bytes, record->content)
                                            : heed_list_is_blank(record->bytes, record->content);
}

static bool
clean_record(Cleaner *cleaner, const HeedListRecord *record, GError **error)
{
    cleaner->done.lines++;
    switch (record->trouble) {
    case HEED_LIST_TOO_LONG:
        return reject(cleaner, record, "line too long", error);
    case HEED_LIST_OPEN_QUOTE:
        return reject(cleaner, record, "quote not closed", error);
    case HEED_LIST_NO_TROUBLE:
        break;
    }
    if (is_kept_anyway(cleaner, record))
        return keep(cleaner, record, error);
    return judge(cleaner, record, error);
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
        if (!heed_list_reader_next(reader, '\0', &record, &end, error) ||
            !clean_record(cleaner, &record, error))
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

static bool
clean_list(Cleaner *cleaner, HeedListReader *reader, GError **error)
{
    HeedListRecord record;
    bool marked;
    bool end;

    if (!heed_list_reader_skip_mark(reader, &marked, error) ||
        (marked &&
         !write_bytes(cleaner->options->out, "\xef\xbb\xbf", 3, "the cleaned list", error)) ||
        !clean_beginning(cleaner, reader, error))
        return false;
    for (;;) {
        if (!heed_list_reader_next(reader, cleaner->shape.delimiter, &record, &end, error))
            return false;
        if (end)
            return true;
        if (!clean_record(cleaner, &record, error))
            return false;
    }
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
    g_auto(Cleaner) cleaner = {.suppressed = set,
                               .options = options,
                               .seen = heed_suppressed_set_new(error),
                               .field = g_string_new(NULL),
                               .address = g_string_new(NULL),
                               .line = g_string_new(NULL)};

    if (cleaner.seen == NULL)
        return false;
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
