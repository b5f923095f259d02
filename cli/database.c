/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/database.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/signals.h"
#include "suppress/policy.h"

HeedRoles
heed_cli_roles(const HeedConfig *config)
{
    return (HeedRoles){
        .owner = config->role_owner, .ingest = config->role_ingest, .reader = config->role_reader};
}

static HeedCluster *
private_cluster(const HeedInvocation *invocation, GError **error)
{
    g_autofree char *folder = heed_config_data_dir(invocation->data_dir);

    return heed_cluster_new(folder, error);
}

HeedCluster *
heed_cli_cluster(const HeedInvocation *invocation, const HeedConfig *config, GError **error)
{
    if (config->database == NULL)
        return private_cluster(invocation, error);
    g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                "%s names a database of your own: it is started, stopped, dumped and upgraded with "
                "PostgreSQL's own tools",
                config->path);
    return NULL;
}

static HeedDatabase *
open_private(const HeedInvocation *invocation, const HeedDatabaseOptions *how, GError **error)
{
    g_autoptr(HeedCluster) cluster = private_cluster(invocation, error);

    return cluster == NULL ? NULL : heed_cluster_open(cluster, how, error);
}

static HeedDatabase *
open_as(const HeedInvocation *invocation,
        const HeedConfig *config,
        const char *role,
        unsigned patience,
        GError **error)
{
    HeedDatabaseOptions how = {
        .conninfo = config->database, .role = role, .patience_seconds = patience};

    if (patience > 0)
        how.stop = heed_cli_catch_signals();

    return config->database == NULL ? open_private(invocation, &how, error)
                                    : heed_database_open(&how, error);
}

HeedDatabase *
heed_cli_database_bare(const HeedInvocation *invocation, const HeedConfig *config, GError **error)
{
    return open_as(invocation, config, NULL, 0, error);
}

static const char *
role_name(const HeedConfig *config, HeedAccess access)
{
    switch (access) {
    case HEED_ACCESS_INGEST:
    case HEED_ACCESS_STORE:
        return config->role_ingest != NULL ? config->role_ingest : "heed_ingest";
    case HEED_ACCESS_READER:
        return config->role_reader != NULL ? config->role_reader : "heed_reader";
    case HEED_ACCESS_OWNER:
    default:
        return config->role_owner != NULL ? config->role_owner : "heed_owner";
    }
}

static void
refuse_version(unsigned version, GError **error)
{
    unsigned newest = heed_migrate_newest();

    if (version == 0)
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "the database has no tables of heed yet: heed db init makes them");
    else if (version < newest)
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "the database is at version %u and this program at %u: heed db migrate",
                    version, newest);
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "the database is at version %u, newer than this program's %u: use a newer heed",
                    version, newest);
}

static bool
migrate_private(HeedDatabase *database, const HeedConfig *config, unsigned version, GError **error)
{
    HeedRoles roles = heed_cli_roles(config);

    if (version != 0 && version < heed_migrate_newest())
        heed_log(HEED_LOG_NOTICE, "bringing the private database from version %u to %u", version,
                 heed_migrate_newest());
    return heed_migrate(database, &roles, error);
}

/* Whether its tables are this program's; else migrates them, if it may. Views may lag behind. */
static bool
make_ready(HeedDatabase *database, const HeedConfig *config, bool may_migrate, GError **error)
{
    unsigned version = 0;
    bool done = false;

    if (!heed_migrate_is_done(database, &done, error))
        return false;
    if (done)
        return true;
    if (!heed_migrate_version(database, &version, error))
        return false;
    if (may_migrate && version <= heed_migrate_newest())
        return migrate_private(database, config, version, error);
    if (version == heed_migrate_newest())
        return true;
    refuse_version(version, error);
    return false;
}

/* The private cluster is ours to bring up to date, which is done as the cluster's owner; by one
 * connection, since each costs the server a process. */
HeedDatabase *
heed_cli_database(const HeedInvocation *invocation,
                  const HeedConfig *config,
                  HeedAccess access,
                  GError **error)
{
    const char *role = role_name(config, access);
    bool is_private = config->database == NULL;
    g_autoptr(HeedDatabase) database =
        open_as(invocation, config, is_private ? NULL : role, 0, error);

    if (database == NULL || !make_ready(database, config, is_private, error) ||
        (is_private && !heed_database_become(database, role, error)))
        return NULL;
    if (access != HEED_ACCESS_STORE)
        return g_steal_pointer(&database);
    g_clear_pointer(&database, heed_database_close);
    return open_as(invocation, config, role, HEED_CLI_PATIENCE_SECONDS, error);
}

HeedDatabase *
heed_cli_database_configured(const HeedInvocation *invocation,
                             HeedAccess access,
                             HeedConfig **out_config,
                             GError **error)
{
    *out_config = heed_config_load(invocation->config, error);
    return *out_config == NULL ? NULL : heed_cli_database(invocation, *out_config, access, error);
}

HeedDatabase *
heed_cli_database_decide(const HeedInvocation *invocation, GError **error)
{
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database =
        heed_cli_database_configured(invocation, HEED_ACCESS_INGEST, &config, error);

    return database != NULL && heed_policy_begin(database, config->policy, error)
               ? g_steal_pointer(&database)
               : NULL;
}

static bool
private_exists(const HeedInvocation *invocation, GError **error)
{
    g_autoptr(HeedCluster) cluster = private_cluster(invocation, error);
    g_auto(HeedClusterState) state = {0};

    return cluster != NULL && heed_cluster_state(cluster, &state, error) && state.exists;
}

void
heed_cli_database_if_there(const HeedInvocation *invocation,
                           const HeedConfig *config,
                           HeedDatabase **out,
                           char **out_why)
{
    g_autoptr(GError) error = NULL;

    *out = NULL;
    *out_why = NULL;
    if (config->database != NULL || private_exists(invocation, &error))
        *out = open_as(invocation, config, role_name(config, HEED_ACCESS_INGEST), 0, &error);
    if (*out != NULL && !make_ready(*out, config, false, &error))
        g_clear_pointer(out, heed_database_close);
    if (*out == NULL)
        *out_why = g_strdup(error != NULL ? error->message : "there is no private database yet");
}
