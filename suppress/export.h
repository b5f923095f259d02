/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_EXPORT_H
#define HEED_SUPPRESS_EXPORT_H

/* The suppression list, streamed from a snapshot of the database. docs/export.md has the formats,
 * with examples. */

#include "suppress/cursor.h"

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

/* What has an "added" and a "removed": those before HEED_EXPORT_POSTFIX. */
bool heed_export_has_deltas(HeedExportFormat format);

typedef struct HeedExportOptions {
    HeedExportFormat format;
    const char *scope; /* NULL: whatever is suppressed in any scope, each address once but for CSV
                          and JSON; else what is suppressed everywhere or in that scope */
    const HeedCursor *since; /* NULL: all; else what changed since (a format with deltas). All that
                                was told of an address before is void when it is in a delta. */
    bool with_cursor;        /* whether it will be asked what changed since this one */
} HeedExportOptions;

typedef struct HeedExported {
    uint64_t count;    /* rows */
    uint64_t removed;  /* of them, in a delta: addresses that are suppressed no more */
    uint64_t untold;   /* addresses that the format has no way to say; not in count */
    HeedCursor cursor; /* with_cursor: where this export stands */
} HeedExported;

void heed_exported_clear(HeedExported *exported);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedExported, heed_exported_clear)

/*
 * Writes what is suppressed now, ordered by address. HEED_ERROR_IO when out cannot be written,
 * HEED_ERROR_DATA when the cursor does not fit (heed_cursor_check()).
 */
bool heed_export(HeedDatabase *database,
                 const HeedExportOptions *options,
                 FILE *out,
                 HeedExported *result,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
