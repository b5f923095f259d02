/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_LOG_SUMS_H
#define HEED_DB_LOG_SUMS_H

/* Appends what a stretch of a log comes to, in the caller's transaction. */

#include "db/connection.h"
#include "parsers/log_sums.h"

/* Volumes, by stream (one for each of them, NULL for none), and attempts. Nobody waits for anybody:
 * deltas are only ever appended here, and folded by heed_store_maintain(). */
bool heed_log_sums_write(HeedDatabase *database,
                         const HeedLogSums *sums,
                         const char *const *streams,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The deliveries: of each address the last one, and one more where a failure lies between two. The
 * failures of the same stretch are stored before, their addresses in the array (char *, owned);
 * those of which something is known that a delivery may clear are added: they are to be folded.
 * Nobody else folds meanwhile: heed_policy_lock_deliveries() comes before.
 */
bool heed_log_deliveries_write(HeedDatabase *database,
                               const HeedLogSums *sums,
                               GPtrArray *inout_addresses,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
