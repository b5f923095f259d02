/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_EXPORT_H
#define HEED_SUPPRESS_EXPORT_H

/* The suppression list, streamed from a snapshot of the database. docs/export.md has the formats,
 * with examples. */

#include "db/connection.h"

#include <stdio.h>

typedef enum HeedExportFormat {
    HEED_EXPORT_TEXT,    /* an address a line */
    HEED_EXPORT_CSV,     /* RFC 4180 with a header: the columns of the view */
    HEED_EXPORT_JSON,    /* one object a line */
    HEED_EXPORT_SHA256,  /* the digest of an address a line, in lower-case hex, ordered by it */
    HEED_EXPORT_MD5,     /* the same */
    HEED_EXPORT_POSTFIX, /* a map for check_recipient_access: postmap(1), access(5) */
    HEED_EXPORT_EXIM,    /* a file for lsearch lookups */
    HEED_EXPORT_KUMOMTA  /* one JSON object, of addresses and reasons: kumo.serde.json_load */
} HeedExportFormat;

typedef struct HeedExported {
    uint64_t count;  /* rows */
    uint64_t untold; /* addresses that the format has no way to say; not in count */
} HeedExported;

/*
 * Writes what is suppressed now, ordered by address. Scope NULL: whatever is suppressed in any
 * scope, each address once but for CSV and JSON; else what is suppressed everywhere or in that
 * scope. HEED_ERROR_IO when out cannot be written.
 */
bool heed_export(HeedDatabase *database,
                 HeedExportFormat format,
                 const char *scope,
                 FILE *out,
                 HeedExported *result,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
