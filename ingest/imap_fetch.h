/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_IMAP_FETCH_H
#define HEED_INGEST_IMAP_FETCH_H

/* The two FETCHes: what is there between two uids, and the messages themselves, and a SEARCH. None
 * sets \Seen. */

#include "ingest/imap_session.h"

/* One message as the server described it. */
typedef struct HeedImapEntry {
    uint32_t uid;
    uint32_t size;
    int64_t received_at; /* INTERNALDATE, or HEED_DATE_UNKNOWN */
} HeedImapEntry;

/* Appends the messages of the set to out (of HeedImapEntry), sorted by uid. Takes the set over. */
bool heed_imap_fetch_entries(HeedImap *imap, struct mailimap_set *set, GArray *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Adds those of the set that exist to out, a set of uids (GUINT_TO_POINTER). Takes the set over. */
bool
heed_imap_search_uids(HeedImap *imap, struct mailimap_set *set, GHashTable *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/*
 * Fetches the bodies of some messages into out, a table of uid (GUINT_TO_POINTER) to GBytes. Those
 * that the server left out are not in it. With limit, the first limit octets of each.
 */
bool heed_imap_fetch_bodies(HeedImap *imap,
                            const HeedImapEntry *entries,
                            size_t count,
                            uint32_t limit,
                            GHashTable *out,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
