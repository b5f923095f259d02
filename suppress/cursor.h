/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_CURSOR_H
#define HEED_SUPPRESS_CURSOR_H

/*
 * Where an export stands, so that a later one can tell what has changed since. A cursor is the
 * snapshot that the export saw: transactions that were open then are known by number, and whatever
 * they commit later has not been told. Times would lose it.
 *
 * As text: "1/DATABASE/SCOPE/SNAPSHOT/MICROSECONDS". For users it is opaque.
 */

#include "db/connection.h"

typedef struct HeedCursor {
    char *database; /* owned, as all: which one, and in which life */
    char *scope;    /* NULL: any */
    char *snapshot; /* PostgreSQL's pg_snapshot */
    int64_t moment; /* microseconds since 1970 */
} HeedCursor;

void heed_cursor_clear(HeedCursor *cursor);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedCursor, heed_cursor_clear)

/* HEED_ERROR_USAGE for what is none. */
bool heed_cursor_parse(const char *text, HeedCursor *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Caller frees. */
char *heed_cursor_text(const HeedCursor *cursor);

/* Of the transaction that is open. */
bool heed_cursor_now(HeedDatabase *database, const char *scope, HeedCursor *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether an export that stands at now can tell what changed since. HEED_ERROR_DATA when the cursor
 * is of another database, or of this one in another life, or of another scope. */
bool heed_cursor_check(const HeedCursor *cursor, const HeedCursor *now, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
