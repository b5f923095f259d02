/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_STATUS_H
#define HEED_CLI_STATUS_H

/* What `heed status` shows, and its two forms. */

#include "cli/config.h"
#include "db/connection.h"

#include <stdbool.h>
#include <stdint.h>

/* The answers of db/overview.h, owned; and of the guard, and of the policy. */
typedef struct HeedStatus {
    const HeedConfig *config; /* borrowed */
    int64_t now;              /* seconds since 1970 */
    HeedRows *mailboxes;
    HeedRows *logs;
    HeedRows *kinds;
    HeedRows *suppressions;
    HeedRows *database;
    HeedRows *holds; /* that last */
    bool stale;      /* suppressions were computed by another policy */
} HeedStatus;

/* For a terminal of 80 columns and 24 rows; on standard output. */
void heed_status_print_text(const HeedStatus *status);

/* One JSON object with all of it; on standard output. */
void heed_status_print_json(const HeedStatus *status);

#endif
