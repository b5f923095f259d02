/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_DATABASE_H
#define HEED_CLI_DATABASE_H

/*
 * The way from a command line and a configuration to a database that is there, running and at this
 * program's schema. The private cluster is made, started and migrated on demand; a database of the
 * user's own is only ever migrated by `heed db init` and `heed db migrate`.
 */

#include "cli/command.h"
#include "cli/config.h"
#include "db/cluster.h"
#include "db/connection.h"
#include "db/migrate.h"

/* As whom, and with what patience. */
typedef enum HeedAccess {
    HEED_ACCESS_OWNER,  /* migrates */
    HEED_ACCESS_INGEST, /* reads and writes all that is not for users */
    HEED_ACCESS_STORE, /* the same for a long run: connects again for HEED_CLI_PATIENCE_SECONDS; the
                          first connection must work at once, since a cron job's next run is soon */
    HEED_ACCESS_READER /* the views */
} HeedAccess;

/* How long the store goes on trying when the database restarts or fails over. */
#define HEED_CLI_PATIENCE_SECONDS 60U

/* The private cluster of this call's data folder. HEED_ERROR_CONFIG when the configuration names a
 * database of the user's own, since there is nothing to start or stop then. */
HeedCluster *heed_cli_cluster(const HeedInvocation *invocation,
                              const HeedConfig *config,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Opens it for work. HEED_ERROR_CONFIG, with what to do, when its schema is missing, older or
 * newer. */
HeedDatabase *heed_cli_database(const HeedInvocation *invocation,
                                const HeedConfig *config,
                                HeedAccess access,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a command that needs nothing before: reads the configuration too. *out_config is set
 * (caller frees) even where the database is not to be had, and NULL where it is that which fails.
 */
HeedDatabase *heed_cli_database_configured(const HeedInvocation *invocation,
                                           HeedAccess access,
                                           HeedConfig **out_config,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a command by which people decide: opens it for HEED_ACCESS_INGEST and begins with
 * the configured policy. */
HeedDatabase *heed_cli_database_decide(const HeedInvocation *invocation, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* As heed_cli_database(), without a look at the schema, in no role: for `heed db`. */
HeedDatabase *heed_cli_database_bare(const HeedInvocation *invocation,
                                     const HeedConfig *config,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * For a dry run, which makes nothing: *out is NULL when there is no private cluster yet, or when
 * the database is not to be had now; *out_why then says so in a few words (caller frees).
 */
void heed_cli_database_if_there(const HeedInvocation *invocation,
                                const HeedConfig *config,
                                HeedDatabase **out,
                                char **out_why);

/* The names of the roles; borrowed from the configuration. */
HeedRoles heed_cli_roles(const HeedConfig *config);

#endif
