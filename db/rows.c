/* SPDX-License-Identifier: Apache-2.0 */
#include "db/session.h"
#include "parsers/report.h"

struct HeedRows {
    PGresult *result;
};

HeedRows *
heed_rows_new(PGresult *result)
{
    HeedRows *rows = g_new0(HeedRows, 1);

    rows->result = result;
    return rows;
}

void
heed_rows_free(HeedRows *rows)
{
    if (rows == NULL)
        return;
    PQclear(rows->result);
    g_free(rows);
}

size_t
heed_rows_count(const HeedRows *rows)
{
    return (size_t)PQntuples(rows->result);
}

bool
heed_rows_is_null(const HeedRows *rows, size_t row, size_t column)
{
    return PQgetisnull(rows->result, (int)row, (int)column) != 0;
}

const char *
heed_rows_text(const HeedRows *rows, size_t row, size_t column)
{
    if (heed_rows_is_null(rows, row, column))
        return NULL;
    return PQgetvalue(rows->result, (int)row, (int)column);
}

int64_t
heed_rows_int(const HeedRows *rows, size_t row, size_t column)
{
    const char *text = heed_rows_text(rows, row, column);

    return text != NULL ? g_ascii_strtoll(text, NULL, 10) : 0;
}

bool
heed_rows_bool(const HeedRows *rows, size_t row, size_t column)
{
    const char *text = heed_rows_text(rows, row, column);

    return text != NULL && text[0] == 't';
}

GBytes *
heed_rows_bytes(const HeedRows *rows, size_t row, size_t column)
{
    const char *text = heed_rows_text(rows, row, column);
    size_t length = 0;
    unsigned char *bytes = NULL;

    if (text == NULL)
        return NULL;
    bytes = PQunescapeBytea((const unsigned char *)text, &length);
    return g_bytes_new_with_free_func(bytes, length, (GDestroyNotify)PQfreemem, bytes);
}

int64_t
heed_rows_time(const HeedRows *rows, size_t row, size_t column)
{
    if (heed_rows_is_null(rows, row, column))
        return HEED_DATE_UNKNOWN;
    return heed_rows_int(rows, row, column);
}
