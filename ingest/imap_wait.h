/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_IMAP_WAIT_H
#define HEED_INGEST_IMAP_WAIT_H

/* Waiting for new mail, inside an IDLE (RFC 2177) where the server has it. */

#include "ingest/imap_session.h"

/* Waits at most so long, or some minutes where that is longer; also ends when wake_fd becomes
 * readable. Then the folder is selected anew, for a fresh UIDNEXT. */
bool heed_imap_wait(HeedImap *imap, unsigned seconds, int wake_fd, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
