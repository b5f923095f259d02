/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/imap_wait.h"

/* RFC 2177: servers may end an IDLE after 30 minutes; many middle boxes forget one sooner. */
#define IDLE_SECONDS (9U * 60)

static bool
idle(HeedImap *imap, unsigned seconds, int wake_fd, GError **error)
{
    heed_imap_begin(imap, 0);
    if (!heed_imap_check(imap, mailimap_idle(imap->session), "cannot wait for mail", error))
        return false;
    (void)heed_tls_stream_wait(imap->stream, imap->session->imap_stream, seconds, wake_fd);
    heed_imap_begin(imap, 0);
    return heed_imap_check(imap, mailimap_idle_done(imap->session), "cannot wait for mail", error);
}

bool
heed_imap_wait(HeedImap *imap, unsigned seconds, int wake_fd, GError **error)
{
    seconds = MIN(seconds, IDLE_SECONDS);
    if (imap->has_idle) {
        if (!idle(imap, seconds, wake_fd, error))
            return false;
    } else {
        (void)heed_tls_stream_wait(imap->stream, imap->session->imap_stream, seconds, wake_fd);
    }
    /* EXISTS says that mail has come, not what its uids are; that is UIDNEXT. */
    return heed_imap_select(imap, error);
}
