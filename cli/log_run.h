/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_LOG_RUN_H
#define HEED_CLI_LOG_RUN_H

/*
 * One look at a log: its files, the oldest first, what of each is not stored yet, into the store.
 * What is wrong with one file is said and stops no other.
 */

#include "cli/log_store.h"
#include "ingest/log_set.h"

/* What is to be looked at. All borrowed. */
typedef struct HeedLogLook {
    HeedDatabase *database; /* policy established; NULL: a dry run that knows nothing */
    const HeedConfig *config;
    const HeedLogSection *section; /* its name NULL: files that are named on the command line */
    char *const *paths;            /* those; else NULL */
    bool dry_run;
    const int *stop; /* may be NULL */
} HeedLogLook;

/*
 * Looks, once. Adds to the totals. The exit status: 65 when nothing of what is there could be read,
 * 66 when it is not there, 75 when somebody else reads it. Error for what hinders all logs: the
 * database, or being told to stop.
 */
int heed_cli_look_at_log(const HeedLogLook *options, HeedLogTotals *totals, GError **error);

/* "12 lines: 3 delivered, 1 deferred, 2 failed; …". Caller frees. */
char *heed_log_totals_text(const HeedLogTotals *totals, bool dry_run);

#endif
