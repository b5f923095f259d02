/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/export_row.h"

#include "suppress/csv.h"

#include <string.h>

/* The view's columns, in its order. */
static const struct {
    const char *name;
    HeedExportColumn column;
} fields[] = {
    {"scope", HEED_COLUMN_SCOPE},
    {"address", HEED_COLUMN_ADDRESS},
    {"domain", HEED_COLUMN_DOMAIN},
    {"reason", HEED_COLUMN_REASON},
    {"verdict", HEED_COLUMN_VERDICT},
    {"since", HEED_COLUMN_SINCE},
    {"until", HEED_COLUMN_UNTIL},
    {"evidence_count", HEED_COLUMN_EVIDENCE_COUNT},
    {"last_event_at", HEED_COLUMN_LAST_EVENT_AT},
};

/* A string, quoted. What is no ASCII stands for itself; what is among the escaped does not. */
static void
append_json_string(GString *out, const char *text, size_t length, const char *escaped)
{
    g_string_append_c(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '"' || c == '\\')
            g_string_append_c(out, '\\');
        if (c < ' ' || strchr(escaped, c) != NULL)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, (char)c);
    }
    g_string_append_c(out, '"');
}

static void
append_text(const HeedExportRow *row, GString *out)
{
    const char *change = row->text[HEED_COLUMN_CHANGE];

    if (change != NULL)
        g_string_append_c(out, change[0] == 'a' ? '+' : '-');
    g_string_append_len(out, row->text[HEED_COLUMN_ADDRESS],
                        (gssize)row->length[HEED_COLUMN_ADDRESS]);
    g_string_append_c(out, '\n');
}

static void
append_csv(const HeedExportRow *row, GString *out)
{
    if (row->text[HEED_COLUMN_CHANGE] != NULL)
        g_string_append_printf(out, "%s,", row->text[HEED_COLUMN_CHANGE]);
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        HeedExportColumn column = fields[i].column;

        if (i > 0)
            g_string_append_c(out, ',');
        if (row->text[column] != NULL)
            heed_csv_append(out, row->text[column], row->length[column]);
    }
    g_string_append_c(out, '\n');
}

static void
append_json(const HeedExportRow *row, GString *out)
{
    const char *change = row->text[HEED_COLUMN_CHANGE];

    g_string_append_c(out, '{');
    if (change != NULL)
        g_string_append_printf(out, "\"change\":\"%s\",", change);
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        HeedExportColumn column = fields[i].column;

        g_string_append_printf(out, "%s\"%s\":", i > 0 ? "," : "", fields[i].name);
        if (row->text[column] == NULL)
            g_string_append(out, "null");
        else if (column == HEED_COLUMN_EVIDENCE_COUNT)
            g_string_append(out, row->text[column]);
        else
            append_json_string(out, row->text[column], row->length[column], "");
    }
    g_string_append(out, "}\n");
}

/* "suppressed: hard bad-mailbox"; "suppressed: manual". */
static void
append_why(const HeedExportRow *row, GString *out)
{
    const char *verdict = row->text[HEED_COLUMN_VERDICT];
    const char *reason = row->text[HEED_COLUMN_REASON];

    g_string_append(out, "suppressed:");
    if (verdict != NULL)
        g_string_append_printf(out, " %s", verdict);
    if (reason != NULL && g_strcmp0(verdict, reason) != 0)
        g_string_append_printf(out, " %s", reason);
}

/* access(5) in a file of postmap(1), whose keys are addresses as in RFC 5322, quoted local parts
 * included, since Postfix 3.2. A line that begins with "#" is a comment, whatever comes then; such
 * an address could only be written with quotes, and is not looked up so. */
static bool
append_postfix(const HeedExportRow *row, GString *out)
{
    if (row->text[HEED_COLUMN_ADDRESS][0] == '#')
        return false;
    g_string_append_len(out, row->text[HEED_COLUMN_ADDRESS],
                        (gssize)row->length[HEED_COLUMN_ADDRESS]);
    g_string_append(out, " REJECT 5.7.1 ");
    append_why(row, out);
    g_string_append_c(out, '\n');
    return true;
}

/* The address without the quotes of its local part, as some programs look it up; false when it has
 * none. */
static bool
without_quotes(const HeedExportRow *row, GString *out)
{
    const char *address = row->text[HEED_COLUMN_ADDRESS];
    const char *end = address + row->length[HEED_COLUMN_ADDRESS];

    if (address[0] != '"')
        return false;
    for (address++; address < end && *address != '"'; address++) {
        if (*address == '\\' && address + 1 < end)
            address++;
        g_string_append_c(out, *address);
    }
    if (address < end)
        g_string_append_len(out, address + 1, end - address - 1);
    return true;
}

/* A line of an lsearch file: the key ends at a colon or a space, "#" begins a comment, and quotes
 * with backslashes in them help against both. */
static void
append_exim_line(const char *key, size_t length, const HeedExportRow *row, GString *out)
{
    bool quote = key[0] == '#';

    for (size_t i = 0; i < length && !quote; i++)
        quote = strchr(": \"\\", key[i]) != NULL;
    if (quote)
        g_string_append_c(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (quote && (key[i] == '"' || key[i] == '\\'))
            g_string_append_c(out, '\\');
        g_string_append_c(out, key[i]);
    }
    g_string_append(out, quote ? "\": " : ": ");
    append_why(row, out);
    g_string_append_c(out, '\n');
}

static void
append_exim(const HeedExportRow *row, GString *out)
{
    g_autoptr(GString) bare = g_string_new(NULL);

    append_exim_line(row->text[HEED_COLUMN_ADDRESS], row->length[HEED_COLUMN_ADDRESS], row, out);
    if (without_quotes(row, bare))
        append_exim_line(bare->str, bare->len, row, out);
}

/* What begins comments in the JSON that KumoMTA reads. */
#define KUMOMTA_ESCAPED "#/"

static void
append_kumomta_member(const char *key, size_t length, const HeedExportRow *row, GString *out)
{
    g_autoptr(GString) why = g_string_new(NULL);

    append_why(row, why);
    append_json_string(out, key, length, KUMOMTA_ESCAPED);
    g_string_append_c(out, ':');
    append_json_string(out, why->str, why->len, KUMOMTA_ESCAPED);
}

static void
append_kumomta(const HeedExportRow *row, uint64_t count, GString *out)
{
    g_autoptr(GString) bare = g_string_new(NULL);

    g_string_append(out, count > 0 ? ",\n" : "\n");
    append_kumomta_member(row->text[HEED_COLUMN_ADDRESS], row->length[HEED_COLUMN_ADDRESS], row,
                          out);
    if (without_quotes(row, bare)) {
        g_string_append(out, ",\n");
        append_kumomta_member(bare->str, bare->len, row, out);
    }
}

void
heed_export_begin(HeedExportFormat format, bool is_delta, GString *out)
{
    if (format == HEED_EXPORT_KUMOMTA)
        g_string_append_c(out, '{');
    if (format != HEED_EXPORT_CSV)
        return;
    if (is_delta)
        g_string_append(out, "change,");
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        g_string_append_printf(out, "%s%s", i == 0 ? "" : ",", fields[i].name);
    g_string_append_c(out, '\n');
}

void
heed_export_end(HeedExportFormat format, uint64_t count, GString *out)
{
    if (format == HEED_EXPORT_KUMOMTA)
        g_string_append(out, count > 0 ? "\n}\n" : "}\n");
}

bool
heed_export_append(HeedExportFormat format, const HeedExportRow *row, uint64_t count, GString *out)
{
    switch (format) {
    case HEED_EXPORT_TEXT:
    case HEED_EXPORT_SHA256: /* the server has made digests of the addresses */
    case HEED_EXPORT_MD5:
        append_text(row, out);
        break;
    case HEED_EXPORT_CSV:
        append_csv(row, out);
        break;
    case HEED_EXPORT_JSON:
        append_json(row, out);
        break;
    case HEED_EXPORT_POSTFIX:
        return append_postfix(row, out);
    case HEED_EXPORT_EXIM:
        append_exim(row, out);
        break;
    case HEED_EXPORT_KUMOMTA:
        append_kumomta(row, count, out);
        break;
    }
    return true;
}
