/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "db/cluster_host.h"

#include <errno.h>
#include <glib/gstdio.h>

bool
heed_cluster_dump(HeedCluster *cluster, GError **error)
{
    unsigned major = 0;
    g_autofree char *programs = NULL;
    g_autofree char *dump = NULL;

    if (!heed_cluster_start(cluster, error))
        return false;
    major = heed_cluster_major(cluster);
    programs = heed_cluster_own_programs(cluster, major, error);
    if (programs == NULL)
        return false;
    dump = g_build_filename(programs, "pg_dump", NULL);
    {
        const char *const argv[] = {dump, "--format=custom", "--dbname", cluster->conninfo, NULL};

        return heed_cluster_run(cluster, argv, HEED_CLUSTER_OUTPUT_STDOUT, error);
    }
}

typedef struct Upgrade {
    HeedCluster *cluster;
    char *old_programs;
    char *new_programs;
    unsigned old_major;
    unsigned new_major;
    char *roles; /* file */
    char *dump;  /* file */
} Upgrade;

static void
upgrade_clear(Upgrade *upgrade)
{
    if (upgrade->roles != NULL)
        (void)g_unlink(upgrade->roles);
    if (upgrade->dump != NULL)
        (void)g_unlink(upgrade->dump);
    g_free(upgrade->old_programs);
    g_free(upgrade->new_programs);
    g_free(upgrade->roles);
    g_free(upgrade->dump);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Upgrade, upgrade_clear)

static bool
find(Upgrade *upgrade, GError **error)
{
    HeedCluster *cluster = upgrade->cluster;

    upgrade->old_major = heed_cluster_major(cluster);
    if (upgrade->old_major == 0) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_CONFIG,
                            "there is no private database to upgrade");
        return false;
    }
    upgrade->new_programs = heed_cluster_find_programs(0, &upgrade->new_major);
    if (upgrade->new_programs == NULL || upgrade->new_major <= upgrade->old_major) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "the private database is one of PostgreSQL %u, and no newer one is installed",
                    upgrade->old_major);
        return false;
    }
    upgrade->old_programs = heed_cluster_own_programs(cluster, upgrade->old_major, error);
    upgrade->roles = g_build_filename(cluster->home, "upgrade.roles", NULL);
    upgrade->dump = g_build_filename(cluster->home, "upgrade.dump", NULL);
    return upgrade->old_programs != NULL;
}

/* Both by the new programs, which read every older server. */
static bool
dump(const Upgrade *upgrade, GError **error)
{
    g_autofree char *roles_program = g_build_filename(upgrade->new_programs, "pg_dumpall", NULL);
    g_autofree char *dump_program = g_build_filename(upgrade->new_programs, "pg_dump", NULL);
    const char *const roles[] = {roles_program,
                                 "--roles-only",
                                 "--no-role-passwords",
                                 "--dbname",
                                 upgrade->cluster->conninfo,
                                 "--file",
                                 upgrade->roles,
                                 NULL};
    const char *const data[] = {
        dump_program, "--format=custom", "--dbname", upgrade->cluster->conninfo,
        "--file",     upgrade->dump,     NULL};

    return heed_cluster_run(upgrade->cluster, roles, HEED_CLUSTER_OUTPUT_NONE, error) &&
           heed_cluster_run(upgrade->cluster, data, HEED_CLUSTER_OUTPUT_NONE, error);
}

/* The superuser is there already, so of the roles' errors none matters: the restore would fail. */
static bool
restore(const Upgrade *upgrade, GError **error)
{
    g_autofree char *psql = g_build_filename(upgrade->new_programs, "psql", NULL);
    g_autofree char *create = g_build_filename(upgrade->new_programs, "createdb", NULL);
    g_autofree char *program = g_build_filename(upgrade->new_programs, "pg_restore", NULL);
    const char *socket = upgrade->cluster->socket_dir;
    const char *const roles[] = {psql, "-X",   "-q", "-h",           socket,     "-p", "5432",
                                 "-U", "heed", "-f", upgrade->roles, "postgres", NULL};
    const char *const database[] = {create, "-h", socket, "-p", "5432", "-U", "heed", "heed", NULL};
    const char *const data[] = {
        program, "--exit-on-error", "--dbname", upgrade->cluster->conninfo, upgrade->dump, NULL};

    return heed_cluster_run(upgrade->cluster, roles, HEED_CLUSTER_OUTPUT_NONE, error) &&
           heed_cluster_run(upgrade->cluster, database, HEED_CLUSTER_OUTPUT_NONE, error) &&
           heed_cluster_run(upgrade->cluster, data, HEED_CLUSTER_OUTPUT_NONE, error);
}

/* The new cluster gets its name only when all is in it: until then the old one is the one. */
static bool
build(const Upgrade *upgrade, GError **error)
{
    const HeedCluster *cluster = upgrade->cluster;
    g_autofree char *making = heed_cluster_folder(cluster, upgrade->new_major, ".upgrade");
    g_autofree char *folder = heed_cluster_folder(cluster, upgrade->new_major, "");
    const char *const clear[] = {"/bin/rm", "-rf", "--", making, NULL};
    bool good = false;

    if (!heed_cluster_run(cluster, clear, HEED_CLUSTER_OUTPUT_NONE, error) ||
        !heed_cluster_make(cluster, upgrade->new_programs, making, error) ||
        !heed_cluster_start_server(cluster, upgrade->new_programs, making, error))
        return false;
    good = restore(upgrade, error);
    if (!heed_cluster_stop_server(cluster, upgrade->new_programs, making, good ? error : NULL) ||
        !good)
        return false;
    if (g_rename(making, folder) < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot rename '%s': %s", making,
                    g_strerror(errno));
        return false;
    }
    return heed_cluster_start_server(cluster, upgrade->new_programs, folder, error);
}

bool
heed_cluster_upgrade(HeedCluster *cluster, GError **error)
{
    g_auto(Upgrade) upgrade = {.cluster = cluster};
    g_autofree char *old_folder = NULL;
    g_auto(HeedFd) lock = -1;

    if (!find(&upgrade, error) || !heed_cluster_start(cluster, error))
        return false;
    lock = heed_cluster_lock(cluster, error);
    if (lock < 0 || !dump(&upgrade, error))
        return false;
    old_folder = heed_cluster_folder(cluster, upgrade.old_major, "");
    return heed_cluster_stop_server(cluster, upgrade.old_programs, old_folder, error) &&
           build(&upgrade, error);
}
