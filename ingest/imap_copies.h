/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_IMAP_COPIES_H
#define HEED_INGEST_IMAP_COPIES_H

/*
 * Whoever dies between COPY and EXPUNGE leaves messages at both places. Before the next run copies
 * them again it looks whether they are there: for each a message of its own among the last of the
 * folder, of the same size, internal date and octets, so that nothing is lost that is not there
 * once more.
 */

#include "ingest/imap_session.h"

/*
 * Adds to out (GUINT_TO_POINTER) those of the uids (of uint32_t, ascending) in the open folder
 * whose copies stand in the other one; looks at that in a connection of its own. Finds fewer where
 * anything hinders it. False only when the connection of imap is lost.
 */
bool heed_imap_find_copied(HeedImap *imap,
                           const char *folder,
                           const GArray *uids,
                           GHashTable *out,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
