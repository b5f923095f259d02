/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/database.h"

#include <stdio.h>
#include <sysexits.h>

/* The configuration, once the options are read; NULL with an error. */
static HeedConfig *
begin(HeedInvocation *invocation, const GOptionEntry *entries, GError **error)
{
    return heed_invocation_parse(invocation, entries, error)
               ? heed_config_load(invocation->config, error)
               : NULL;
}

static int
on_cluster(HeedInvocation *invocation,
           bool (*act)(HeedCluster *cluster, GError **error),
           const char *done,
           GError **error)
{
    g_autoptr(HeedConfig) config = begin(invocation, NULL, error);
    g_autoptr(HeedCluster) cluster =
        config == NULL ? NULL : heed_cli_cluster(invocation, config, error);

    if (cluster != NULL && act(cluster, error) && done != NULL)
        heed_log(HEED_LOG_NOTICE, "%s", done);
    return EX_OK;
}

int
heed_cmd_db_start(HeedInvocation *invocation, GError **error)
{
    return on_cluster(invocation, heed_cluster_start, "the private database is running", error);
}

int
heed_cmd_db_stop(HeedInvocation *invocation, GError **error)
{
    return on_cluster(invocation, heed_cluster_stop, "the private database is stopped", error);
}

int
heed_cmd_db_dump(HeedInvocation *invocation, GError **error)
{
    int status = on_cluster(invocation, heed_cluster_dump, NULL, error);

    if (g_error_matches(*error, HEED_ERROR, HEED_ERROR_IO))
        heed_output_end_unread();
    return status;
}

int
heed_cmd_db_upgrade(HeedInvocation *invocation, GError **error)
{
    return on_cluster(invocation, heed_cluster_upgrade,
                      "the private database is upgraded; the old one is kept beside it", error);
}

/* The help is that of the option --no-roles. */
static int
migrate(HeedInvocation *invocation, const char *help, GError **error)
{
    gboolean no_roles = FALSE;
    const GOptionEntry entries[] = {
        {"no-roles", 0, 0, G_OPTION_ARG_NONE, &no_roles, help, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = begin(invocation, entries, error);
    g_autoptr(HeedDatabase) database =
        config == NULL ? NULL : heed_cli_database_bare(invocation, config, error);
    HeedRoles roles;
    unsigned before = 0;

    if (database == NULL)
        return EX_OK;
    roles = heed_cli_roles(config);
    roles.none = no_roles;
    if (!heed_migrate_version(database, &before, error) || !heed_migrate(database, &roles, error))
        return EX_OK;
    heed_log(HEED_LOG_NOTICE,
             before == heed_migrate_newest() ? "the database was at version %u already"
                                             : "the database is at version %u",
             heed_migrate_newest());
    return EX_OK;
}

int
heed_cmd_db_init(HeedInvocation *invocation, GError **error)
{
    return migrate(invocation, "Make no roles: for servers that grant none", error);
}

int
heed_cmd_db_migrate(HeedInvocation *invocation, GError **error)
{
    return migrate(invocation, "Grant to no roles: as it was initialised", error);
}

static bool
print_private(HeedInvocation *invocation, const HeedConfig *config, bool *out_go_on, GError **error)
{
    g_autofree char *folder = heed_config_data_dir(invocation->data_dir);
    g_autoptr(HeedCluster) cluster = heed_cli_cluster(invocation, config, error);
    g_auto(HeedClusterState) state = {0};

    if (cluster == NULL || !heed_cluster_state(cluster, &state, error))
        return false;
    (void)printf("private database in %s: ", folder);
    if (!state.exists)
        (void)puts("not made yet; the first poll makes it");
    else
        (void)printf("PostgreSQL %s, %s\n", state.major, state.running ? "running" : "stopped");
    if (state.running) {
        g_autofree char *url = heed_cluster_url(cluster);

        (void)printf("connection: %s\n", url);
    }
    *out_go_on = state.running;
    return true;
}

int
heed_cmd_db_status(HeedInvocation *invocation, GError **error)
{
    g_autoptr(HeedConfig) config = begin(invocation, NULL, error);
    g_autoptr(HeedDatabase) database = NULL;
    bool go_on = true;
    unsigned version = 0;

    if (config == NULL)
        return EX_OK;
    if (config->database == NULL && !print_private(invocation, config, &go_on, error))
        return EX_OK;
    if (!go_on)
        return EX_OK;
    database = heed_cli_database_bare(invocation, config, error);
    if (database == NULL || !heed_migrate_version(database, &version, error))
        return EX_OK;
    if (config->database != NULL)
        (void)puts("database of your own: reachable");
    (void)printf("schema: version %u of %u%s\n", version, heed_migrate_newest(),
                 version < heed_migrate_newest() ? " (heed db migrate)" : "");
    return EX_OK;
}
