/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_KEPT_MAIL_H
#define HEED_DB_KEPT_MAIL_H

/*
 * The mail itself, as far as it is kept: what was stored, to be read again with better rules, and
 * what is in quarantine. Read in slices, so that memory does not grow with the store.
 */

#include "db/connection.h"

/* One message. */
typedef struct HeedKeptMail {
    char *digest;       /* owned, as all; hex */
    int64_t quarantine; /* its id, 0 for stored mail */
    int64_t mailbox_id; /* 0: files */
    char *mailbox;      /* its name; NULL: files */
    char *source;
    char *stream;
    bool closed;
    bool truncated;
    int64_t received_at;
    uint64_t size;
    GBytes *content; /* zstd */
} HeedKeptMail;

void heed_kept_mail_free(HeedKeptMail *mail);

/* How far a reader has come; zeros at first. */
typedef struct HeedKeptCursor {
    char *arrived_at; /* owned */
    char *digest;     /* owned */
    int64_t quarantine;
} HeedKeptCursor;

void heed_kept_cursor_clear(HeedKeptCursor *cursor);

/* The next slice of stored mail that is still kept, of HeedKeptMail *, oldest first, some MB at
 * most; empty at the end. */
GPtrArray *heed_kept_mail_next_stored(HeedDatabase *database,
                                      HeedKeptCursor *cursor,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same of unresolved mail in quarantine; ids (int64_t) NULL: all of it. */
GPtrArray *heed_kept_mail_next_quarantined(HeedDatabase *database,
                                           HeedKeptCursor *cursor,
                                           const GArray *ids,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
