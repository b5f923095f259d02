/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_THROTTLE_ENTRIES_H
#define HEED_CLI_THROTTLE_ENTRIES_H

/* From advice to what stands in a mail server's configuration: one limit for each destination, and
 * the domains and hosts that are meant by it. */

#include "cli/throttle_config.h"
#include "suppress/throttle_advice.h"

/*
 * Entries (HeedThrottleEntry *, owned by the array) for advice (HeedThrottleAdvice *), by name, so
 * that what did not change is written the same. *out_left_out: how many names cannot stand in a
 * configuration.
 */
GPtrArray *heed_throttle_entries(const GPtrArray *advice,
                                 HeedDatabase *database,
                                 unsigned *out_left_out,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
