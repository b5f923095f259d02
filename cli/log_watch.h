/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_LOG_WATCH_H
#define HEED_CLI_LOG_WATCH_H

/* Several logs, once or again and again: what `ingest --as` and `poll` do with them. */

#include "cli/log_run.h"

typedef struct HeedLogPoll {
    HeedDatabase *database;   /* borrowed; NULL in a dry run: nothing is known */
    const HeedConfig *config; /* borrowed */
    const GPtrArray *logs;    /* of HeedLogSection *, borrowed */
    char *const *paths;       /* files of the only one, named by hand; or NULL */
    bool dry_run;
    bool watch; /* until *stop */
    const int *stop;
} HeedLogPoll;

/* Looks at each; says what came of it. The exit status; error for what ended it. */
int heed_cli_poll_logs(const HeedLogPoll *poll, GError **error);

/* The same beside something else, by a connection of its own. An error that ends it asks all of the
 * process to stop (signals.h). */
typedef struct HeedLogBeside HeedLogBeside;
HeedLogBeside *heed_cli_begin_logs(const HeedLogPoll *poll, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* Waits for its end. Accepts NULL. */
int heed_cli_end_logs(HeedLogBeside *beside, GError **error);

#endif
