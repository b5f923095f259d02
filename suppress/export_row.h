/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_EXPORT_ROW_H
#define HEED_SUPPRESS_EXPORT_ROW_H

/* One row of an export in each of its formats. For export.c. */

#include "suppress/export.h"

/* The columns of a row, in the order of export.c's query. */
typedef enum HeedExportColumn {
    HEED_COLUMN_CHANGE, /* "added" or "removed"; NULL in an export that is no delta */
    HEED_COLUMN_ADDRESS,
    HEED_COLUMN_SCOPE,
    HEED_COLUMN_DOMAIN,
    HEED_COLUMN_REASON,
    HEED_COLUMN_VERDICT,
    HEED_COLUMN_SINCE,
    HEED_COLUMN_UNTIL,
    HEED_COLUMN_EVIDENCE_COUNT,
    HEED_COLUMN_LAST_EVENT_AT,
    HEED_COLUMNS
} HeedExportColumn;

/* NULL for what is NULL in the database, and what the query leaves out. */
typedef struct HeedExportRow {
    const char *text[HEED_COLUMNS];
    size_t length[HEED_COLUMNS];
} HeedExportRow;

/* What stands before the first row and behind the last one. */
void heed_export_begin(HeedExportFormat format, bool is_delta, GString *out);
void heed_export_end(HeedExportFormat format, uint64_t count, GString *out);

/* Appends the row, its line end included; count is how many there were before. False when the
 * format cannot say it. */
bool
heed_export_append(HeedExportFormat format, const HeedExportRow *row, uint64_t count, GString *out);

#endif
