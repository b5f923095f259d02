/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_COLUMNS_H
#define HEED_PARSERS_LOG_COLUMNS_H

/*
 * Logs that are comma-separated values (RFC 4180) with a header row; for parsers/log_*.c alone. One
 * line is one record: a quoted value that goes on in the next line is a line that was cut off. A
 * log of millions of lines is not copied value by value (as suppress/csv.h does with a mailing
 * list): values are spans of the line, or of the scratch where they had doubled quotes.
 */

#include "parsers/log_reading.h"

#include "base/limits.h"

typedef struct HeedLogColumns {
    size_t count;
    /* Which name each column has, by its index; the number of names where it is none of them. */
    size_t names[HEED_LIMIT_LOG_COLUMNS];
} HeedLogColumns;

typedef struct HeedLogRow {
    size_t count;
    HeedSpan values[HEED_LIMIT_LOG_COLUMNS];
} HeedLogRow;

/* Takes the line apart; further columns than HEED_LIMIT_LOG_COLUMNS are left out. The scratch must
 * have room for the line so as not to move. False where the line ends within quotes. */
bool heed_log_row_read(HeedSpan line, GString *scratch, HeedLogRow *out);

/* Takes the row for the header. Where a name stands twice, the first column counts. */
void heed_log_columns_set(HeedLogColumns *columns,
                          const HeedLogRow *header,
                          const char *const *names,
                          size_t count);

/* Puts the row's values where their columns' names say, `count` of them; one that is not there is
 * NULL. */
void heed_log_columns_pick(const HeedLogColumns *columns,
                           const HeedLogRow *row,
                           HeedSpan *out_values,
                           size_t count);

#endif
