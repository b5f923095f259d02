/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/export.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "suppress/csv.h"
#include "suppress/queries.h"

#include <errno.h>
#include <string.h>

/* The columns, in the order of row_query below; the names of the view heed.suppression. */
static const char *const column_names[] = {"scope",  "address",        "domain",
                                           "reason", "verdict",        "since",
                                           "until",  "evidence_count", "last_event_at"};
#define COLUMNS          G_N_ELEMENTS(column_names)
#define EVIDENCE_COUNT   7U
#define ISO_TIME(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define TEXT_QUERY_START "SELECT DISTINCT address FROM ("
#define TEXT_QUERY_END   ") AS suppressed ORDER BY address"
#define ROW_QUERY_START                                                                 \
    "SELECT scope, address, domain, reason, verdict, " ISO_TIME("since") ", " ISO_TIME( \
        "until") ", evidence_count, " ISO_TIME("last_event_at") " FROM ("
#define ROW_QUERY_END ") AS suppressed ORDER BY address, scope"

/* One row's fields; NULL for what is NULL in the database. */
typedef struct Fields {
    char *text[COLUMNS];
    size_t length[COLUMNS];
} Fields;

typedef struct Export {
    HeedExportFormat format;
    FILE *out;
    GString *row;  /* what COPY sent, taken apart in place */
    GString *line; /* what goes out */
    uint64_t count;
    int failure; /* errno of a write that failed */
} Export;

static void
split(GString *row, Fields *out)
{
    char *position = row->str;
    char *end = row->str + row->len;

    *out = (Fields){0};
    for (size_t i = 0; i < COLUMNS && position <= end; i++) {
        char *tab = memchr(position, '\t', (size_t)(end - position));
        size_t length = (size_t)((tab == NULL ? end : tab) - position);

        if (length != 2 || memcmp(position, "\\N", 2) != 0) {
            out->text[i] = position;
            out->length[i] = heed_copy_unescape(position, length);
        }
        if (tab == NULL)
            break;
        position = tab + 1;
    }
}

static void
append_text(const Fields *fields, GString *line)
{
    g_string_append_len(line, fields->text[0], (gssize)fields->length[0]);
}

static void
append_csv(const Fields *fields, GString *line)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        if (i > 0)
            g_string_append_c(line, ',');
        if (fields->text[i] != NULL)
            heed_csv_append(line, fields->text[i], fields->length[i]);
    }
}

static void
append_json(const Fields *fields, GString *line)
{
    g_autoptr(json_t) object = json_object();
    char *text;

    for (size_t i = 0; i < COLUMNS; i++) {
        json_t *value;

        if (fields->text[i] == NULL)
            value = json_null();
        else if (i == EVIDENCE_COUNT)
            value = json_integer((json_int_t)g_ascii_strtoll(fields->text[i], NULL, 10));
        else
            value = json_stringn(fields->text[i], fields->length[i]);
        (void)json_object_set_new(object, column_names[i], value);
    }
    text = json_dumps(object, JSON_COMPACT);
    g_string_append(line, text);
    free(text);
}

/* Whether the line could be written. */
static bool
write_line(Export *export)
{
    g_string_append_c(export->line, '\n');
    if (fwrite(export->line->str, 1, export->line->len, export->out) == export->line->len)
        return true;
    export->failure = errno;
    return false;
}

static bool
write_row(const char *row, size_t length, void *data)
{
    Export *export = data;
    Fields fields;

    g_string_truncate(export->row, 0);
    g_string_append_len(export->row, row, (gssize)length);
    g_string_truncate(export->line, 0);
    split(export->row, &fields);
    switch (export->format) {
    case HEED_EXPORT_TEXT:
        append_text(&fields, export->line);
        break;
    case HEED_EXPORT_CSV:
        append_csv(&fields, export->line);
        break;
    case HEED_EXPORT_JSON:
        append_json(&fields, export->line);
        break;
    }
    if (!write_line(export))
        return false;
    export->count++;
    return true;
}

static bool
write_header(Export *export)
{
    if (export->format != HEED_EXPORT_CSV)
        return true;
    for (size_t i = 0; i < COLUMNS; i++)
        g_string_append_printf(export->line, "%s%s", i == 0 ? "" : ",", column_names[i]);
    return write_line(export);
}

static bool
copy_rows(HeedDatabase *database, Export *export, const char *scope, GError **error)
{
    bool text = export->format == HEED_EXPORT_TEXT;
    /* The view is what readers may see; it does not know what is allowed in a scope. */
    const char *suppressed =
        scope == NULL ? "TABLE heed.suppression" : heed_suppress_query("suppressed_in_scope.sql");
    g_autofree char *query = g_strconcat(text ? TEXT_QUERY_START : ROW_QUERY_START, suppressed,
                                         text ? TEXT_QUERY_END : ROW_QUERY_END, NULL);
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);

    return transaction != NULL &&
           (scope == NULL || heed_database_setting(database, "scope", scope, error)) &&
           heed_database_copy_out(database, "export the suppressions", query, write_row, export,
                                  error) &&
           (export->failure != 0 || heed_transaction_commit(transaction, error));
}

bool
heed_export(HeedDatabase *database,
            HeedExportFormat format,
            const char *scope,
            FILE *out,
            uint64_t *out_count,
            GError **error)
{
    g_autoptr(GString) row = g_string_new(NULL);
    g_autoptr(GString) line = g_string_new(NULL);
    Export export = {.format = format, .out = out, .row = row, .line = line};

    if (write_header(&export) && !copy_rows(database, &export, scope, error))
        return false;
    if (export.failure == 0 && fflush(out) != 0)
        export.failure = errno;
    if (export.failure != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write the suppression list: %s",
                    g_strerror(export.failure));
        return false;
    }
    *out_count = export.count;
    return true;
}
