/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_OVERVIEW_H
#define HEED_DB_OVERVIEW_H

/* What `heed status` shows. Each answer is bounded by the number of mailboxes, kinds or classes. */

#include "db/connection.h"

/* The columns of heed_overview_mailboxes(). */
enum {
    HEED_MAILBOX_NAME,
    HEED_MAILBOX_URL,
    HEED_MAILBOX_LAST_POLL, /* epoch or NULL, as are the next two */
    HEED_MAILBOX_LAST_SUCCESS,
    HEED_MAILBOX_LAST_MESSAGE,
    HEED_MAILBOX_LAST_ERROR, /* NULL: none */
    HEED_MAILBOX_MESSAGES,   /* stored */
    HEED_MAILBOX_OPEN        /* still to be acknowledged */
};

/* The mailboxes that were ever polled, by name. */
HeedRows *heed_overview_mailboxes(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Columns of heed_overview_logs(); times are seconds since 1970, or NULL. */
typedef enum HeedLogColumn {
    HEED_LOG_COLUMN_NAME,
    HEED_LOG_COLUMN_PATH,
    HEED_LOG_COLUMN_LAST_READ,
    HEED_LOG_COLUMN_LAST_SUCCESS,
    HEED_LOG_COLUMN_LAST_LINE,
    HEED_LOG_COLUMN_LAST_ERROR,
    HEED_LOG_COLUMN_LINES,
    HEED_LOG_COLUMN_UNREAD,
    HEED_LOG_COLUMN_BEHIND, /* bytes */
    HEED_LOG_COLUMN_DELIVERED,
    HEED_LOG_COLUMN_DEFERRED,
    HEED_LOG_COLUMN_FAILED,
    HEED_LOG_COLUMN_FORMAT
} HeedLogColumn;

/* The logs that were read under a name of the configuration. */
HeedRows *heed_overview_logs(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Rows of: kind, reports and distinct failures of all that is kept, reports of today and of 7 days
 * that end today; days of UTC, from the roll-ups. */
HeedRows *heed_overview_kinds(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Rows of: scope ('' is everywhere), verdict, reason, addresses; what is suppressed now. */
HeedRows *heed_overview_suppressions(HeedDatabase *database, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The columns of heed_overview_database(). */
enum {
    HEED_STORE_QUARANTINED,
    HEED_STORE_BYTES,
    HEED_STORE_SERVER_VERSION,
    HEED_STORE_NAME,
    HEED_STORE_UNMATCHED /* complaints of all time that name no recipient */
};

/* One row. */
HeedRows *heed_overview_database(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
