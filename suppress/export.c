/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/export.h"

#include "base/error.h"
#include "suppress/export_row.h"
#include "suppress/queries.h"

#include <errno.h>
#include <string.h>

/* Bytes that are written at a time: stdio would write 4 KiB. */
#define OUTPUT_BYTES ((size_t)256 * 1024)

/* What a row is made of, in the order of HeedExportColumn; what follows is left out, and NULL. */
#define ISO_TIME(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define SHA256           "encode(sha256(convert_to(address, 'UTF8')), 'hex') COLLATE \"C\""

/* A query is its start, what changed or NULL, the columns, the rows, and its order. */
static const struct {
    const char *start;
    const char *columns;
    const char *order;
} queries[] = {
    [HEED_EXPORT_TEXT] = {"SELECT DISTINCT ", "address", "address"},
    [HEED_EXPORT_CSV] =
        {"SELECT ",
         "address, scope, domain, reason, verdict, " ISO_TIME("since") ", " ISO_TIME(
             "until") ", evidence_count, " ISO_TIME("last_event_at"),
         "address, scope"},
    [HEED_EXPORT_SHA256] = {"SELECT DISTINCT ", SHA256 " AS digest", "digest"},
    [HEED_EXPORT_MD5] = {"SELECT DISTINCT ", "md5(address) COLLATE \"C\" AS digest", "digest"},
    [HEED_EXPORT_POSTFIX] = {"SELECT DISTINCT ON (address) ",
                             "address, scope, domain, reason, verdict", "address, scope"},
};

/* In a delta, of what is suppressed of the changed addresses. OFFSET 0 keeps this a walk of the
 * index for each of them. */
#define CHANGE "CASE WHEN found THEN 'added' ELSE 'removed' END, "
#define CHANGED_START                                  \
    "SELECT changed.address, found IS TRUE AS found, " \
    "scope, domain, reason, verdict, since, until, evidence_count, last_event_at FROM ("
#define CHANGED_MIDDLE ") AS changed LEFT JOIN LATERAL (SELECT true AS found, whole.* FROM ("
#define CHANGED_END \
    ") AS whole WHERE whole.address = changed.address OFFSET 0) AS suppressed ON true"

/* Of those that ask for the same. */
static HeedExportFormat
query_of(HeedExportFormat format)
{
    if (format == HEED_EXPORT_JSON)
        return HEED_EXPORT_CSV;
    return format > HEED_EXPORT_POSTFIX ? HEED_EXPORT_POSTFIX : format;
}

typedef struct Export {
    HeedExportFormat format;
    FILE *out;        /* borrowed */
    GString *row;     /* owned; what COPY sent, taken apart in place */
    GString *pending; /* owned; what goes out */
    HeedExported done;
    int failure; /* errno of a write that failed */
} Export;

static void
export_clear(Export *export)
{
    g_string_free(export->row, TRUE);
    g_string_free(export->pending, TRUE);
    heed_exported_clear(&export->done);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Export, export_clear)

static void
split(GString *line, HeedExportRow *out)
{
    char *position = line->str;
    char *end = line->str + line->len;

    *out = (HeedExportRow){0};
    for (size_t i = 0; i < HEED_COLUMNS && position <= end; i++) {
        char *tab = memchr(position, '\t', (size_t)(end - position));
        size_t length = (size_t)((tab == NULL ? end : tab) - position);

        if (length != 2 || memcmp(position, "\\N", 2) != 0) {
            out->text[i] = position;
            out->length[i] = heed_copy_unescape(position, length);
            position[out->length[i]] = '\0';
        }
        if (tab == NULL)
            break;
        position = tab + 1;
    }
}

/* Whether it could be written. */
static bool
write_pending(Export *export)
{
    GString *pending = export->pending;
    bool written = fwrite(pending->str, 1, pending->len, export->out) == pending->len;

    if (!written)
        export->failure = errno;
    g_string_truncate(pending, 0);
    return written;
}

static bool
take_row(const char *line, size_t length, void *data)
{
    Export *export = data;
    HeedExportRow row;

    g_string_truncate(export->row, 0);
    g_string_append_len(export->row, line, (gssize)length);
    split(export->row, &row);
    if (heed_export_append(export->format, &row, export->done.count, export->pending)) {
        export->done.count++;
        export->done.removed +=
            row.text[HEED_COLUMN_CHANGE] != NULL && row.text[HEED_COLUMN_CHANGE][0] == 'r';
    } else
        export->done.untold++;
    return export->pending->len < OUTPUT_BYTES || write_pending(export);
}

/* Caller frees. */
static char *
make_query(const HeedExportOptions *options)
{
    HeedExportFormat asked = query_of(options->format);
    /* The view is what readers may see; it does not know what is allowed in a scope. */
    const char *suppressed = options->scope == NULL
                                 ? "TABLE heed.suppression"
                                 : heed_suppress_query("suppressed_in_scope.sql");
    g_autofree char *rows = g_strdup(suppressed);

    if (options->since != NULL) {
        g_free(rows);
        rows = g_strconcat(CHANGED_START, heed_suppress_query("changed_since.sql"), CHANGED_MIDDLE,
                           suppressed, CHANGED_END, NULL);
    }
    return g_strconcat(queries[asked].start, options->since != NULL ? CHANGE : "NULL, ",
                       queries[asked].columns, " FROM (", rows, ") AS suppressed ORDER BY ",
                       queries[asked].order, NULL);
}

static bool
set_parameters(HeedDatabase *database, const HeedExportOptions *options, GError **error)
{
    const HeedCursor *since = options->since;
    g_autoptr(GDateTime) second = NULL;
    g_autofree char *moment = NULL;

    if (options->scope != NULL && !heed_database_setting(database, "scope", options->scope, error))
        return false;
    if (since == NULL)
        return true;
    second = g_date_time_new_from_unix_utc(since->moment / G_USEC_PER_SEC);
    if (second == NULL) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE, "the cursor is of no time");
        return false;
    }
    moment = g_date_time_format(second, "%Y-%m-%d %H:%M:%S");
    {
        g_autofree char *exact =
            g_strdup_printf("%s.%06d+00", moment, (int)(since->moment % G_USEC_PER_SEC));

        return heed_database_setting(database, "since_moment", exact, error) &&
               heed_database_setting(database, "since_snapshot", since->snapshot, error);
    }
}

static bool
copy_rows(HeedDatabase *database, Export *export, const HeedExportOptions *options, GError **error)
{
    g_autofree char *query = make_query(options);
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);

    return transaction != NULL &&
           ((options->since == NULL && !options->with_cursor) ||
            heed_cursor_now(database, options->scope, &export->done.cursor, error)) &&
           (options->since == NULL ||
            heed_cursor_check(options->since, &export->done.cursor, error)) &&
           set_parameters(database, options, error) &&
           heed_database_copy_out(database, "export the suppressions", query, take_row, export,
                                  error) &&
           (export->failure != 0 || heed_transaction_commit(transaction, error));
}

bool
heed_export_has_deltas(HeedExportFormat format)
{
    return format < HEED_EXPORT_POSTFIX;
}

void
heed_exported_clear(HeedExported *exported)
{
    heed_cursor_clear(&exported->cursor);
}

bool
heed_export(HeedDatabase *database,
            const HeedExportOptions *options,
            FILE *out,
            HeedExported *result,
            GError **error)
{
    g_auto(Export) export = {.format = options->format,
                             .out = out,
                             .row = g_string_new(NULL),
                             .pending = g_string_sized_new(OUTPUT_BYTES + OUTPUT_BYTES / 4)};

    g_return_val_if_fail(options->since == NULL || heed_export_has_deltas(options->format), false);
    heed_export_begin(options->format, options->since != NULL, export.pending);
    if (!copy_rows(database, &export, options, error))
        return false;
    heed_export_end(options->format, export.done.count, export.pending);
    if (export.failure == 0 && write_pending(&export) && fflush(out) != 0)
        export.failure = errno;
    if (export.failure != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write the suppression list: %s",
                    g_strerror(export.failure));
        return false;
    }
    *result = export.done;
    export.done = (HeedExported){0};
    return true;
}
