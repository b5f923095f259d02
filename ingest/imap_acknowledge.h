/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_IMAP_ACKNOWLEDGE_H
#define HEED_INGEST_IMAP_ACKNOWLEDGE_H

/*
 * What is done with the server's copies of stored messages. Repeating it does no harm: uids that
 * are gone are passed over by every command used (RFC 9051 6.4.9).
 *
 * Moving is UID MOVE, else UID COPY, \Deleted and UID EXPUNGE; the folder is created and
 * subscribed when it is missing, below INBOX where the server wants that. After a crash between
 * COPY and EXPUNGE, or a connection lost there, what has been copied is not copied again
 * (imap_copies.h).
 *
 * Without UIDPLUS, EXPUNGE takes every message that is marked \Deleted, other people's too. It is
 * sent only when ours are the only ones; else ours stay, marked, until somebody expunges. So all of
 * ours are copied before the first is marked.
 */

#include "ingest/imap_session.h"
#include "ingest/source.h"

/* Carries out the mailbox's on_done for each. Again: an attempt at these has failed. */
bool
heed_imap_acknowledge(HeedImap *imap, const HeedAck *acks, size_t count, bool again, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
