/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "db/cluster_host.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* How long a server may take to end before it is taken for one that starts. */
#define SETTLE_TRIES        50
#define SETTLE_MICROSECONDS (G_USEC_PER_SEC / 5)

/* The roles that people and programs of this machine may be: the superuser, and those of
 * db/roles/. */
static const char *const users[] = {"heed", "heed_owner", "heed_ingest", "heed_reader"};

bool
heed_cluster_make(const HeedCluster *cluster,
                  const char *programs,
                  const char *folder,
                  GError **error)
{
    g_autofree char *making = g_strconcat(folder, ".new", NULL);
    g_autofree char *initdb = g_build_filename(programs, "initdb", NULL);
    const char *const clear[] = {"/bin/rm", "-rf", "--", making, NULL};
    const char *const make[] = {initdb,
                                "--pgdata",
                                making,
                                "--username=heed",
                                "--auth-local=peer",
                                "--auth-host=reject",
                                "--encoding=UTF8",
                                "--locale=C",
                                "--data-checksums",
                                "--no-instructions",
                                NULL};

    /* What is there was begun and never finished. */
    if (!heed_cluster_run(cluster, clear, HEED_CLUSTER_OUTPUT_NONE, error) ||
        !heed_cluster_run(cluster, make, HEED_CLUSTER_OUTPUT_NONE, error))
        return false;
    if (g_rename(making, folder) < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot rename '%s': %s", making,
                    g_strerror(errno));
        return false;
    }
    return true;
}

/* As a quoted value of postgresql.conf. */
static char *
quote(const char *text)
{
    GString *quoted = g_string_new("'");

    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            g_string_append_c(quoted, *text);
        g_string_append_c(quoted, *text);
    }
    g_string_append_c(quoted, '\'');
    return g_string_free(quoted, FALSE);
}

/* Our settings are few and written anew at each start, so that a new program brings its own;
 * whoever wants others has postgresql.auto.conf (ALTER SYSTEM), which wins. */
static bool
write_settings(const HeedCluster *cluster, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "postgresql.conf", NULL);
    g_autofree char *hba = g_build_filename(folder, "pg_hba.conf", NULL);
    g_autofree char *ident = g_build_filename(folder, "pg_ident.conf", NULL);
    g_autofree char *socket = quote(cluster->socket_dir);
    g_autofree char *settings =
        g_strdup_printf("# Written by heed at each start. Your own settings: ALTER SYSTEM.\n"
                        "listen_addresses = ''\n"
                        "port = 5432\n"
                        "unix_socket_directories = %s\n"
                        "unix_socket_permissions = 0700\n"
                        "cluster_name = 'heed'\n"
                        "max_connections = 50\n"
                        "shared_buffers = 96MB\n"
                        "max_wal_size = 1GB\n"
                        "wal_compression = on\n"
                        "timezone = 'UTC'\n"
                        "log_timezone = 'UTC'\n"
                        "lc_messages = 'C'\n"
                        "# Statements and rows hold addresses: they stay out of the log.\n"
                        "log_error_verbosity = terse\n"
                        "log_min_error_statement = panic\n"
                        "log_checkpoints = off\n",
                        socket);
    g_autoptr(GString) map = g_string_new("# Written by heed at each start.\n");
    const char *const people[] = {cluster->account, "root"};
    size_t count = strcmp(cluster->account, "root") == 0 ? 1 : 2;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < G_N_ELEMENTS(users); j++)
            g_string_append_printf(map, "heed \"%s\" %s\n", people[i], users[j]);
    return heed_cluster_write(cluster, path, settings, error) &&
           heed_cluster_write(cluster, hba,
                              "# Written by heed at each start.\n"
                              "local all all peer map=heed\n",
                              error) &&
           heed_cluster_write(cluster, ident, map->str, error);
}

/* The process that says it serves the folder; 0 for none. */
static pid_t
recorded_pid(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "postmaster.pid", NULL);
    g_autofree char *text = NULL;
    gint64 pid = 0;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    text[strcspn(text, "\n")] = '\0';
    return g_ascii_string_to_signed(text, 10, 2, G_MAXINT32, &pid, NULL) ? (pid_t)pid : 0;
}

/* Servers work in the folder they serve. A number alone proves nothing: after a restart of the
 * machine it may be any process's, and it stays a dead one's until somebody asks for its end. */
static bool
serves(const char *pid, const char *folder)
{
    g_autofree char *link = g_build_filename("/proc", pid, "cwd", NULL);
    struct stat place;
    struct stat wanted;

    return stat(link, &place) == 0 && stat(folder, &wanted) == 0 && place.st_dev == wanted.st_dev &&
           place.st_ino == wanted.st_ino;
}

static bool
postmaster_serves(const char *folder)
{
    pid_t pid = recorded_pid(folder);
    g_autofree char *name = g_strdup_printf("%ld", (long)pid);

    return pid > 0 && serves(name, folder);
}

/* The postmaster, or what is left of one that was killed: its children end by themselves, soon. */
static bool
anybody_serves(const char *folder)
{
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *name = NULL;

    while (processes != NULL && (name = g_dir_read_name(processes)) != NULL)
        if (g_ascii_isdigit(name[0]) && serves(name, folder))
            return true;
    return false;
}

/* PostgreSQL takes any living process of its own account, and any that is dead but not yet asked
 * for, for the server that its files speak of. Nobody serves the folder, so they speak of none. */
static void
forget_the_dead(const HeedCluster *cluster, const char *folder)
{
    g_autofree char *record = g_build_filename(folder, "postmaster.pid", NULL);
    g_autofree char *socket = g_build_filename(cluster->socket_dir, ".s.PGSQL.5432", NULL);
    g_autofree char *lock = g_strconcat(socket, ".lock", NULL);

    (void)g_unlink(record);
    (void)g_unlink(socket);
    (void)g_unlink(lock);
}

bool
heed_cluster_start_server(const HeedCluster *cluster,
                          const char *programs,
                          const char *folder,
                          GError **error)
{
    g_autofree char *control = g_build_filename(programs, "pg_ctl", NULL);
    g_autofree char *log = g_build_filename(cluster->home, "server.log", NULL);
    const char *const start[] = {control,  "start",    "--pgdata",  folder, "--log", log,
                                 "--wait", "--silent", "--timeout", "300",  NULL};

    g_autoptr(GError) reason = NULL;

    for (unsigned tries = 0; tries < SETTLE_TRIES && anybody_serves(folder); tries++)
        g_usleep(SETTLE_MICROSECONDS);
    /* One that is neither ending nor answering yet: it recovers from a crash. */
    if (postmaster_serves(folder))
        return true;
    if (!write_settings(cluster, folder, error))
        return false;
    if (!anybody_serves(folder))
        forget_the_dead(cluster, folder);
    if (!heed_cluster_run(cluster, start, HEED_CLUSTER_OUTPUT_NONE, &reason)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_UNAVAILABLE,
                    "the private database does not start, '%s' says why: %s", log, reason->message);
        return false;
    }
    return true;
}

bool
heed_cluster_stop_server(const HeedCluster *cluster,
                         const char *programs,
                         const char *folder,
                         GError **error)
{
    g_autofree char *control = g_build_filename(programs, "pg_ctl", NULL);
    const char *const stop[] = {control,  "stop",     "--pgdata",  folder, "--mode", "fast",
                                "--wait", "--silent", "--timeout", "60",   NULL};

    if (!postmaster_serves(folder))
        return true;
    return heed_cluster_run(cluster, stop, HEED_CLUSTER_OUTPUT_NONE, error);
}
