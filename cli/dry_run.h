/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_DRY_RUN_H
#define HEED_CLI_DRY_RUN_H

/*
 * `--dry-run`: everything is fetched and parsed, nothing is stored or acknowledged; what would be
 * stored is printed, a line a recipient. Where there is a database its checkpoints say what is new;
 * it is only read from.
 */

#include "cli/config.h"
#include "db/connection.h"
#include "ingest/pipeline.h"

/* Runs the pipeline, whose dry_run is set here; the configuration says the streams. Database may be
 * NULL: everything is new then. Returns the exit status. */
int heed_cli_dry_run(HeedDatabase *database,
                     const HeedConfig *config,
                     HeedPipelineOptions *pipeline,
                     GError **error);

/* Logs into the mailboxes, fetches at most some messages and prints nothing: do they work? Failures
 * are logged; the exit status. */
int heed_cli_try(HeedPipelineOptions *pipeline, GError **error);

#endif
