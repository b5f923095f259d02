/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_OVERVIEW_H
#define HEED_DB_OVERVIEW_H

/* What `heed status` shows. Each answer is bounded by the number of mailboxes, kinds or classes. */

#include "db/connection.h"

/* Rows of: name, url, last poll, last success, last message (epoch or NULL), last error, messages
 * stored, messages still to be acknowledged. */
HeedRows *heed_overview_mailboxes(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Rows of: name, path, last look, last success, last new line (epoch or NULL), last error, lines,
 * lines not read, bytes behind, delivered, deferred, failed. */
HeedRows *heed_overview_logs(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Rows of: kind, reports, distinct failures; of all time, from the roll-ups. */
HeedRows *heed_overview_kinds(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Rows of: scope ('' is everywhere), verdict, reason, addresses; what is suppressed now. */
HeedRows *heed_overview_suppressions(HeedDatabase *database, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* One row of: mail in quarantine, bytes of the database, the server's version, the database's name,
 * complaints of all time that name no recipient. */
HeedRows *heed_overview_database(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
