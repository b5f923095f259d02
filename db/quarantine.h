/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_QUARANTINE_H
#define HEED_DB_QUARANTINE_H

/* Mail that could not be read: `heed quarantine list|show|retry`. Its bytes come through
 * db/kept_mail.h. */

#include "db/connection.h"

/*
 * A page of what is unresolved (or all), ids above after, oldest first, at most 1000 rows of: id,
 * arrived (epoch), mailbox's name, source, reason, detail, size, attempts, resolved (epoch or
 * NULL).
 */
HeedRows *heed_quarantine_page(HeedDatabase *database, int64_t after, bool all, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* One message's zstd content; NULL without an error when there is no such id. Caller unrefs. */
bool heed_quarantine_content(HeedDatabase *database, int64_t id, GBytes **out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The lowest of the ids (int64_t) that is nobody's; 0 when there are all of them. */
bool heed_quarantine_find_unknown(HeedDatabase *database,
                                  const GArray *ids,
                                  int64_t *out_id,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
