/* SPDX-License-Identifier: Apache-2.0 */
#include "db/cluster.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "db/cluster_host.h"
#include "db/session.h"

/* A server that is starting refuses for a while. */
#define PATIENCE_SECONDS 60

void
heed_cluster_state_clear(HeedClusterState *state)
{
    g_clear_pointer(&state->major, g_free);
}

/* All that the environment (PGHOSTADDR, PGPORT, PGOPTIONS, PGSSLMODE …), which somebody set for
 * another database, could turn elsewhere or demand in vain is said. */
static char *
conninfo_of(const HeedCluster *cluster, const char *database)
{
    const char *const keywords[][2] = {
        {"host", cluster->socket_dir},
        {"hostaddr", ""},
        {"port", "5432"},
        {"user", "heed"},
        {"dbname", database},
        {"options", ""},
        {"requirepeer", cluster->account},
        {"target_session_attrs", "any"},
        {"channel_binding", "disable"},
        {"gssencmode", "disable"},
        {"sslmode", "disable"},
        {"ssl_min_protocol_version", ""},
        {"ssl_max_protocol_version", ""},
    };
    g_autoptr(GString) conninfo = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(keywords); i++)
        heed_session_add_keyword(conninfo, keywords[i][0], keywords[i][1]);
    return g_strdup(conninfo->str);
}

HeedCluster *
heed_cluster_new(const char *data_dir, GError **error)
{
    g_autoptr(HeedCluster) cluster = g_new0(HeedCluster, 1);

    /* No keyword keeps libpq from a service that the environment names. */
    if (g_getenv("PGSERVICE") != NULL)
        g_unsetenv("PGSERVICE");
    cluster->data_dir = g_canonicalize_filename(data_dir, NULL);
    cluster->home = g_build_filename(cluster->data_dir, "postgresql", NULL);
    if (!heed_cluster_find_account(cluster, error) || !heed_cluster_choose_socket(cluster, error))
        return NULL;
    cluster->conninfo = conninfo_of(cluster, "heed");
    return g_steal_pointer(&cluster);
}

void
heed_cluster_free(HeedCluster *cluster)
{
    if (cluster == NULL)
        return;
    g_free(cluster->data_dir);
    g_free(cluster->home);
    g_free(cluster->socket_dir);
    g_free(cluster->conninfo);
    g_free(cluster->account);
    g_free(cluster);
}

char *
heed_cluster_url(const HeedCluster *cluster)
{
    g_autofree char *folder = g_uri_escape_string(cluster->socket_dir, "/", false);

    return g_strdup_printf("postgresql:///heed?host=%s&user=heed", folder);
}

static bool
answers(const char *conninfo, unsigned patience, GError **error)
{
    const HeedDatabaseOptions options = {.conninfo = conninfo, .patience_seconds = patience};
    g_autoptr(HeedDatabase) database = heed_database_open(&options, error);

    return database != NULL;
}

/* The database in the cluster, which initdb does not make. */
static bool
make_database(const HeedCluster *cluster, GError **error)
{
    g_autofree char *conninfo = conninfo_of(cluster, "postgres");
    const HeedDatabaseOptions options = {.conninfo = conninfo,
                                         .patience_seconds = PATIENCE_SECONDS};
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(HeedRows) rows = NULL;

    database = heed_database_open(&options, error);
    if (database == NULL)
        return false;
    rows = heed_database_query(database, "look for the database",
                               "SELECT FROM pg_catalog.pg_database WHERE datname = 'heed'", NULL,
                               error);
    if (rows == NULL)
        return false;
    return heed_rows_count(rows) > 0 ||
           heed_database_run(database, "make the database", "CREATE DATABASE heed", NULL, error);
}

/* Under the lock. */
static bool
start(HeedCluster *cluster, GError **error)
{
    unsigned major = heed_cluster_major(cluster);
    g_autofree char *programs = NULL;
    g_autofree char *folder = NULL;

    if (major != 0) {
        programs = heed_cluster_own_programs(cluster, major, error);
        if (programs == NULL)
            return false;
        folder = heed_cluster_folder(cluster, major, "");
    } else {
        programs = heed_cluster_find_programs(0, &major);
        if (programs == NULL) {
            g_set_error_literal(error, HEED_ERROR, HEED_ERROR_CONFIG,
                                "no PostgreSQL server is installed for the private database "
                                "(Debian: apt-get install postgresql-15), and no other database is "
                                "configured");
            return false;
        }
        folder = heed_cluster_folder(cluster, major, "");
        if (!heed_cluster_make(cluster, programs, folder, error))
            return false;
    }
    return heed_cluster_start_server(cluster, programs, folder, error) &&
           make_database(cluster, error) && answers(cluster->conninfo, PATIENCE_SECONDS, error);
}

bool
heed_cluster_start(HeedCluster *cluster, GError **error)
{
    g_auto(HeedFd) lock = -1;

    if (heed_cluster_socket_is_safe(cluster) && answers(cluster->conninfo, 0, NULL))
        return true;
    if (!heed_cluster_make_folders(cluster, error))
        return false;
    lock = heed_cluster_lock(cluster, error);
    if (lock < 0)
        return false;
    /* While we waited for the lock, somebody may have done it. */
    return answers(cluster->conninfo, 0, NULL) || start(cluster, error);
}

HeedDatabase *
heed_cluster_open(HeedCluster *cluster, const HeedDatabaseOptions *how, GError **error)
{
    HeedDatabaseOptions ours = *how;

    ours.conninfo = cluster->conninfo;
    /* It runs nearly always, and a connection made to see that is as dear as the one wanted. */
    if (how->patience_seconds == 0 && heed_cluster_socket_is_safe(cluster)) {
        HeedDatabase *database = heed_database_open(&ours, NULL);

        if (database != NULL)
            return database;
    }
    return heed_cluster_start(cluster, error) ? heed_database_open(&ours, error) : NULL;
}

bool
heed_cluster_stop(HeedCluster *cluster, GError **error)
{
    unsigned major = heed_cluster_major(cluster);
    g_autofree char *folder = heed_cluster_folder(cluster, major, "");
    g_autofree char *programs = NULL;
    g_auto(HeedFd) lock = -1;

    if (major == 0)
        return true;
    programs = heed_cluster_own_programs(cluster, major, error);
    if (programs == NULL)
        return false;
    lock = heed_cluster_lock(cluster, error);
    return lock >= 0 && heed_cluster_stop_server(cluster, programs, folder, error);
}

bool
heed_cluster_state(HeedCluster *cluster, HeedClusterState *out, GError **error)
{
    unsigned major = heed_cluster_major(cluster);

    (void)error;
    out->exists = major != 0;
    out->running = heed_cluster_socket_is_safe(cluster) && answers(cluster->conninfo, 0, NULL);
    out->major = major != 0 ? g_strdup_printf("%u", major) : NULL;
    return true;
}
