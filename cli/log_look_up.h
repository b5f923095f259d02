/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_LOG_LOOK_UP_H
#define HEED_CLI_LOG_LOOK_UP_H

/* Which file is it, and how far is it read? */

#include "cli/log_look.h"

/* The rows of those of the files (of HeedLogFile *) that were read to their end and have not
 * changed since, as int64_t; 0 for the others. */
bool heed_log_look_up_unchanged(const HeedLooking *look,
                                const GPtrArray *files,
                                GArray *out_ids,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Opens the file in hand and notes where it lies. HEED_ERROR_NO_INPUT. */
bool heed_log_look_up_open(HeedInHand *hand, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Finds out how far the file is read, by its head, and leases it. *out_mine: nobody else reads it
 * now. */
bool heed_log_look_up_find(HeedLooking *look, HeedInHand *hand, bool *out_mine, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* When it was written to last, in seconds since 1970; of a pipe now. */
int64_t heed_log_look_up_written(const HeedInHand *hand);

/* Somebody wrote to it a moment ago. */
bool heed_log_look_up_is_recent(const HeedInHand *hand);

/* Nobody writes to it any more: its last line is whole. */
bool heed_log_look_up_is_settled(const HeedLooking *look, const HeedInHand *hand);

/* Whether a file that ends before the place up to which it was read is a copy of it, shorter or not
 * complete yet, or was truncated after copying a moment ago; then it says nothing of that place. */
bool heed_log_look_up_is_of_another(const HeedInHand *hand);

#endif
