/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_RETRY_H
#define HEED_CLI_RETRY_H

/* Doing a transaction again that lost a race, or whose database went away. */

#include "db/connection.h"

/* The attempts at one piece of work. */
typedef struct HeedAttempts {
    unsigned conflicts;
    unsigned failures; /* of the database */
} HeedAttempts;

/*
 * Whether to try again after the error, which is cleared then: at once after a lost race, after
 * reconnecting (*out_reconnected: leases are gone) when the database went away. One that can be
 * reached but does not take anything (disk full, read-only after a failover) gets the same
 * patience.
 */
bool heed_cli_try_again(HeedDatabase *database,
                        HeedAttempts *attempts,
                        bool *out_reconnected,
                        GError **error);

#endif
