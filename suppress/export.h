/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_EXPORT_H
#define HEED_SUPPRESS_EXPORT_H

/* The suppression list, streamed from a snapshot of the database. */

#include "db/connection.h"

#include <stdio.h>

typedef enum HeedExportFormat {
    HEED_EXPORT_TEXT, /* an address a line */
    HEED_EXPORT_CSV,  /* RFC 4180 with a header: the columns of the view */
    HEED_EXPORT_JSON  /* one object a line */
} HeedExportFormat;

/*
 * Writes what is suppressed now, ordered by address. Scope NULL: whatever is suppressed in any
 * scope, each address once in text; else what is suppressed everywhere or in that scope.
 * HEED_ERROR_IO when out cannot be written.
 */
bool heed_export(HeedDatabase *database,
                 HeedExportFormat format,
                 const char *scope,
                 FILE *out,
                 uint64_t *out_count,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
