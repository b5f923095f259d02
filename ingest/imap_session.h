/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_IMAP_SESSION_H
#define HEED_INGEST_IMAP_SESSION_H

/*
 * One IMAP session (RFC 9051, spoken as IMAP4rev1, RFC 3501) through libetpan over our own stream:
 * connected, authenticated, a folder selected. Knows how libetpan's results become errors for
 * people; what the commands are for is imap_fetch.c's and imap_acknowledge.c's.
 *
 * A refused password is HEED_ERROR_PERMISSION, a folder that cannot be opened UNAVAILABLE, an
 * answer that is not IMAP is DATA; see tls_stream.h for the connection's own errors.
 *
 * Traps of libetpan 1.9.4 that are kept clear of here: mailimap_capability() crashes on a server
 * that agrees without naming any, mailimap_compress() kills the session.
 */

#include "ingest/imap_guard.h"
#include "ingest/mailbox.h"
#include "ingest/tls_stream.h"

typedef struct HeedImap {
    const HeedMailbox *mailbox; /* borrowed */
    HeedTlsStream *stream;
    mailimap *session;
    HeedImapGuard guard;
    bool has_move;    /* RFC 6851 */
    bool has_uidplus; /* RFC 4315 */
    bool has_idle;    /* RFC 2177 */
    char delimiter;   /* of the server's hierarchy; '\0': none */
    uint32_t uid_validity;
    uint32_t uid_next;
    uint32_t exists;
} HeedImap;

/* Connects, authenticates and selects the mailbox's folder, read-only where every action is to
 * leave mail alone. */
bool heed_imap_open(HeedImap *imap, const HeedMailbox *mailbox, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Says good-bye if the connection is well. A zeroed or closed one is fine. */
void heed_imap_close(HeedImap *imap);

/* Selects the folder again, for a fresh UIDNEXT. */
bool heed_imap_select(HeedImap *imap, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Before each command of libetpan. 0: the limit of base/limits.h. */
void heed_imap_begin(HeedImap *imap, uint64_t byte_budget);

/*
 * Judges the result of a libetpan command; what names it for people ("cannot fetch mail"). False
 * with an error unless it went well. When the answer was no IMAP the connection is given up.
 */
bool heed_imap_check(HeedImap *imap, int result, const char *what, GError **error);

/* Has the server answered NO or BAD and can go on? Else it is the connection that failed. */
bool heed_imap_is_usable(const HeedImap *imap);

/* The folder's name for commands. Caller frees. */
char *heed_imap_folder_name(const HeedImap *imap, const char *folder);

/* Of two uids (const uint32_t *), for sorting and searching arrays of them. */
gint heed_imap_compare_uids(gconstpointer one, gconstpointer other);

/* Uids in ascending order as compact ranges. */
struct mailimap_set *heed_imap_uid_set(const uint32_t *uids, size_t count);

#endif
