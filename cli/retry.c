/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/retry.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/database.h"
#include "cli/terminal.h"

/* Lost races of one batch; more than a few in a row mean that something else is wrong. */
#define MOST_CONFLICTS 12U

bool
heed_cli_try_again(HeedDatabase *database,
                   HeedAttempts *attempts,
                   bool *out_reconnected,
                   GError **error)
{
    *out_reconnected = false;
    if (g_error_matches(*error, HEED_ERROR, HEED_ERROR_CONFLICT) &&
        ++attempts->conflicts < MOST_CONFLICTS) {
        g_clear_error(error);
        /* Two that collided must not meet again: up to 10, 20, 40 … ms apart. */
        g_usleep((gulong)g_random_int_range(1000, 5000 << MIN(attempts->conflicts, 7)));
        return true;
    }
    if (!g_error_matches(*error, HEED_ERROR, HEED_ERROR_TEMPORARY))
        return false;
    heed_progress_clear();
    if (attempts->failures++ == 0)
        heed_log(HEED_LOG_WARNING, "%s; trying again for %u seconds", (*error)->message,
                 HEED_CLI_PATIENCE_SECONDS);
    g_clear_error(error);
    *out_reconnected = heed_database_reconnect(database, error);
    return *out_reconnected;
}
