/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_POP3_DELETE_H
#define HEED_INGEST_POP3_DELETE_H

/*
 * Deleting what is stored. Deletions take effect only when the server answers QUIT with +OK: all
 * are marked, QUIT is sent, and only then are they done.
 *
 * Several messages may have one UIDL (RFC 1939 7: copies; careless servers: any): as many are
 * deleted as were acknowledged, of those that were given out here, which is in the same order;
 * which one an earlier run has stored nobody knows, so that all of them stay.
 */

#include "ingest/pop3_list.h"
#include "ingest/source.h"

/* What the mailbox's settings want deleted of these; may be empty. Borrows the uids of acks. Caller
 * frees. */
GHashTable *heed_pop3_deletions(const HeedMailbox *mailbox, const HeedAck *acks, size_t count);

/*
 * Deletes and quits; out_deleted, of false for each entry, says which. False with the connection
 * lost: nothing is deleted, or all of it and we do not know; either way it can be done again.
 */
bool heed_pop3_delete(HeedPop3 *pop3,
                      const HeedPop3List *list,
                      GHashTable *wanted,
                      bool *out_deleted,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
