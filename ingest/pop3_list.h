/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_POP3_LIST_H
#define HEED_INGEST_POP3_LIST_H

/*
 * The messages of a maildrop as the server lists them (UIDL and LIST), in some 40 bytes each: POP3
 * has no way to ask for a part. The uid is the UIDL, which the server must know; a message's number
 * is its place in the list, from 1 on the server, from 0 here.
 */

#include "ingest/pop3_session.h"

typedef struct HeedPop3Entry {
    guint32 uid; /* where it begins in uids */
    guint32 size;
    bool given; /* out already; it may be on its way into the store */
} HeedPop3Entry;

typedef struct HeedPop3List {
    GArray *entries; /* of HeedPop3Entry */
    GString *uids;
    bool has_gap; /* the list that was read last left a message out */
} HeedPop3List;

/* An empty list, and its end. */
void heed_pop3_list_init(HeedPop3List *list);
void heed_pop3_list_clear(HeedPop3List *list);

/* An entry; borrowed, as is its uid, until the list is read anew. */
HeedPop3Entry *heed_pop3_list_entry(const HeedPop3List *list, size_t index);
const char *heed_pop3_list_uid(const HeedPop3List *list, size_t index);

/* Reads the whole list. What was given out before stays so. HEED_ERROR_DATA where a message has no
 * unique id; after any error the list is of no use until it is read again. */
bool heed_pop3_list_read(HeedPop3List *list, HeedPop3 *pop3, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* In a new connection: is the list still right, but for what has come since? The last message of
 * ours says so, for numbers only ever move up. An empty one is not. */
bool
heed_pop3_list_is_right(const HeedPop3List *list, HeedPop3 *pop3, bool *out_right, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#define HEED_POP3_REMOVED UINT32_MAX

/* Takes entries out, those for which removed says so; those behind them move up, as on the server.
 * Of each entry that was, its new index or HEED_POP3_REMOVED; caller frees. */
guint32 *heed_pop3_list_remove(HeedPop3List *list, const bool *removed);

#endif
