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

/* A query is its start, the rows, and its end. */
static const struct {
    const char *start;
    const char *end;
} queries[] = {
    [HEED_EXPORT_TEXT] = {"SELECT DISTINCT NULL, address FROM (", "ORDER BY address"},
    [HEED_EXPORT_CSV] = {"SELECT NULL, address, scope, domain, reason, verdict, " ISO_TIME(
                             "since") ", " ISO_TIME("until") ", evidence_count, "
                                                             "" ISO_TIME("last_event_at") " FROM (",
                         "ORDER BY address, scope"},
    [HEED_EXPORT_SHA256] = {"SELECT DISTINCT NULL, " SHA256 " AS digest FROM (", "ORDER BY digest"},
    [HEED_EXPORT_MD5] = {"SELECT DISTINCT NULL, md5(address) COLLATE \"C\" AS digest FROM (",
                         "ORDER BY digest"},
    [HEED_EXPORT_POSTFIX] = {"SELECT DISTINCT ON (address) NULL, address, scope, domain, reason, "
                             "verdict FROM (",
                             "ORDER BY address, scope"},
};

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
    if (heed_export_append(export->format, &row, export->done.count, export->pending))
        export->done.count++;
    else
        export->done.untold++;
    return export->pending->len < OUTPUT_BYTES || write_pending(export);
}

static bool
copy_rows(HeedDatabase *database, Export *export, const char *scope, GError **error)
{
    HeedExportFormat asked = query_of(export->format);
    /* The view is what readers may see; it does not know what is allowed in a scope. */
    const char *suppressed =
        scope == NULL ? "TABLE heed.suppression" : heed_suppress_query("suppressed_in_scope.sql");
    g_autofree char *query =
        g_strconcat(queries[asked].start, suppressed, ") AS suppressed ", queries[asked].end, NULL);
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);

    return transaction != NULL &&
           (scope == NULL || heed_database_setting(database, "scope", scope, error)) &&
           heed_database_copy_out(database, "export the suppressions", query, take_row, export,
                                  error) &&
           (export->failure != 0 || heed_transaction_commit(transaction, error));
}

bool
heed_export(HeedDatabase *database,
            HeedExportFormat format,
            const char *scope,
            FILE *out,
            HeedExported *result,
            GError **error)
{
    g_auto(Export) export = {.format = format,
                             .out = out,
                             .row = g_string_new(NULL),
                             .pending = g_string_sized_new(OUTPUT_BYTES + OUTPUT_BYTES / 4)};

    heed_export_begin(format, false, export.pending);
    if (!copy_rows(database, &export, scope, error))
        return false;
    heed_export_end(format, export.done.count, export.pending);
    if (export.failure == 0 && write_pending(&export) && fflush(out) != 0)
        export.failure = errno;
    if (export.failure != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write the suppression list: %s",
                    g_strerror(export.failure));
        return false;
    }
    *result = export.done;
    return true;
}
