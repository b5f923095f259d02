/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/cursor.h"

#include "base/error.h"
#include "suppress/queries.h"

#include <inttypes.h>
#include <string.h>

#define VERSION   "1"
#define ANY_SCOPE "-"
#define PARTS     5U

/* A snapshot lists what is open; a server has some hundred connections, some thousand at most. */
#define LONGEST_CURSOR (256U * 1024)

void
heed_cursor_clear(HeedCursor *cursor)
{
    g_clear_pointer(&cursor->database, g_free);
    g_clear_pointer(&cursor->scope, g_free);
    g_clear_pointer(&cursor->snapshot, g_free);
}

/* A number below 2^63, at the front of the text, which moves on behind it. */
static bool
read_number(const char **text, uint64_t *out)
{
    const char *position = *text;
    uint64_t number = 0;

    while (g_ascii_isdigit(*position)) {
        if (number > (INT64_MAX - 9U) / 10U)
            return false;
        number = number * 10U + (uint64_t)g_ascii_digit_value(*position++);
    }
    if (position == *text)
        return false;
    *text = position;
    *out = number;
    return true;
}

static bool
read_colon(const char **text)
{
    return *(*text)++ == ':';
}

/* "XMIN:XMAX:XIP,XIP…", ascending: what the server would refuse is refused here, in our words. */
static bool
is_snapshot(const char *text)
{
    uint64_t first;
    uint64_t next;
    uint64_t open;
    uint64_t last = 0;

    if (!read_number(&text, &first) || !read_colon(&text) || !read_number(&text, &next) ||
        !read_colon(&text) || first == 0 || next < first)
        return false;
    while (*text != '\0') {
        if (!read_number(&text, &open) || open < first || open >= next || open <= last)
            return false;
        last = open;
        if (*text == ',' && *++text == '\0')
            return false;
    }
    return true;
}

static bool
read_parts(char **parts, HeedCursor *out)
{
    const char *moment = parts[4];
    uint64_t number;
    bool any = strcmp(parts[2], ANY_SCOPE) == 0;

    if (strcmp(parts[0], VERSION) != 0 || parts[1][0] == '\0' || (!any && parts[2][0] != '=') ||
        !is_snapshot(parts[3]) || !read_number(&moment, &number) || *moment != '\0')
        return false;
    if (!any && (out->scope = g_uri_unescape_string(parts[2] + 1, NULL)) == NULL)
        return false;
    out->database = g_strdup(parts[1]);
    out->snapshot = g_strdup(parts[3]);
    out->moment = (int64_t)number;
    return true;
}

bool
heed_cursor_parse(const char *text, HeedCursor *out, GError **error)
{
    g_auto(GStrv) parts = NULL;
    g_auto(HeedCursor) cursor = {0};

    if (strlen(text) <= LONGEST_CURSOR)
        parts = g_strsplit(text, "/", PARTS + 1);
    if (parts == NULL || g_strv_length(parts) != PARTS || !read_parts(parts, &cursor)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "the cursor is none: it is what heed export --cursor FILE wrote");
        return false;
    }
    *out = cursor;
    cursor = (HeedCursor){0};
    return true;
}

char *
heed_cursor_text(const HeedCursor *cursor)
{
    g_autofree char *scope =
        cursor->scope != NULL ? g_uri_escape_string(cursor->scope, NULL, FALSE) : NULL;

    return g_strdup_printf(VERSION "/%s/%s%s/%s/%" PRId64, cursor->database,
                           scope != NULL ? "=" : ANY_SCOPE, scope != NULL ? scope : "",
                           cursor->snapshot, cursor->moment);
}

bool
heed_cursor_now(HeedDatabase *database, const char *scope, HeedCursor *out, GError **error)
{
    g_autoptr(HeedRows) row =
        heed_database_query_row(database, "find out where the export stands",
                                heed_suppress_query("cursor_now.sql"), NULL, error);

    if (row == NULL)
        return false;
    *out = (HeedCursor){.database = g_strdup(heed_rows_text(row, 0, 0)),
                        .scope = g_strdup(scope),
                        .snapshot = g_strdup(heed_rows_text(row, 0, 1)),
                        .moment = heed_rows_int(row, 0, 2)};
    return true;
}

/* The first transaction that a snapshot knows nothing of. */
static uint64_t
horizon(const HeedCursor *cursor)
{
    const char *text = strchr(cursor->snapshot, ':') + 1;
    uint64_t number = 0;

    (void)read_number(&text, &number);
    return number;
}

bool
heed_cursor_check(const HeedCursor *cursor, const HeedCursor *now, GError **error)
{
    if (strcmp(cursor->database, now->database) != 0 || horizon(cursor) > horizon(now)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA,
                            "the cursor is of another database, or of this one before it was "
                            "restored or failed over: export everything once");
        return false;
    }
    if (g_strcmp0(cursor->scope, now->scope) != 0) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA,
                            "the cursor is of an export with another --scope");
        return false;
    }
    return true;
}
