/* SPDX-License-Identifier: Apache-2.0 */
/* setgroups() is not in POSIX. */
#define _DEFAULT_SOURCE

#include "base/error.h"
#include "db/cluster_host.h"

#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define OLDEST_MAJOR        15U
#define LONGEST_WORDS_BYTES 600U

/* In the child, between fork and exec. */
static void
become_account(gpointer data)
{
    const HeedCluster *cluster = data;

    if (!cluster->is_root)
        return;
    if (setgroups(0, NULL) < 0 || setgid(cluster->gid) < 0 || setuid(cluster->uid) < 0)
        _exit(EX_NOPERM);
}

/* PostgreSQL's own variables would send its programs elsewhere. */
static char **
environment(const HeedCluster *cluster)
{
    char **environ_copy = g_get_environ();
    g_auto(GStrv) names = g_strdupv(environ_copy);

    for (size_t i = 0; names[i] != NULL; i++) {
        if (!g_str_has_prefix(names[i], "PG"))
            continue;
        names[i][strcspn(names[i], "=")] = '\0';
        environ_copy = g_environ_unsetenv(environ_copy, names[i]);
    }
    environ_copy = g_environ_setenv(environ_copy, "HOME", cluster->home, TRUE);
    environ_copy = g_environ_setenv(environ_copy, "LC_ALL", "C", TRUE);
    return g_environ_setenv(environ_copy, "TZ", "UTC", TRUE);
}

/* Of a program that failed, by its wait status and its words, which are of the C locale. */
static void
set_failure(const char *name, int status, const char *words, GError **error)
{
    g_autofree char *line = g_utf8_make_valid(words, -1);

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "%s failed: nobody reads its output", name);
        return;
    }
    g_strdelimit(g_strstrip(line), "\n\r\t", ' ');
    if (strlen(line) > LONGEST_WORDS_BYTES)
        memmove(line, line + strlen(line) - LONGEST_WORDS_BYTES, LONGEST_WORDS_BYTES + 1);
    g_set_error(error, HEED_ERROR,
                strstr(line, "could not write to ") != NULL ? HEED_ERROR_IO
                                                            : HEED_ERROR_UNAVAILABLE,
                "%s failed: %s", name, line[0] != '\0' ? line : "it said nothing");
}

bool
heed_cluster_run(const HeedCluster *cluster,
                 const char *const *argv,
                 HeedClusterOutput output,
                 GError **error)
{
    HeedCluster self = *cluster;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) arguments = NULL;
    g_auto(GStrv) variables = environment(cluster);
    g_autofree char *words = NULL;
    g_autofree char *name = g_path_get_basename(argv[0]);
    g_autoptr(GError) reason = NULL;
    int status = 0;

    for (size_t i = 0; argv[i] != NULL; i++)
        g_strv_builder_add(builder, argv[i]);
    arguments = g_strv_builder_end(builder);
    /* From the root folder: the account may not enter the one we are in. */
    if (!g_spawn_sync("/", arguments, variables,
                      output == HEED_CLUSTER_OUTPUT_NONE ? G_SPAWN_STDOUT_TO_DEV_NULL
                                                         : G_SPAWN_DEFAULT,
                      become_account, &self, NULL, &words, &status, &reason)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_UNAVAILABLE, "cannot run '%s': %s", argv[0],
                    reason->message);
        return false;
    }
    if (g_spawn_check_wait_status(status, NULL))
        return true;
    set_failure(name, status, words, error);
    return false;
}

/* The major version of the programs in a folder; 0 when they are not all there. */
static unsigned
major_of(const char *folder)
{
    g_autofree char *server = g_build_filename(folder, "postgres", NULL);
    g_autofree char *initdb = g_build_filename(folder, "initdb", NULL);
    g_autofree char *control = g_build_filename(folder, "pg_ctl", NULL);
    char *argv[] = {server, (char[]){"--version"}, NULL};
    g_autofree char *words = NULL;
    const char *number = NULL;

    if (!g_file_test(server, G_FILE_TEST_IS_EXECUTABLE) ||
        !g_file_test(initdb, G_FILE_TEST_IS_EXECUTABLE) ||
        !g_file_test(control, G_FILE_TEST_IS_EXECUTABLE) ||
        !g_spawn_sync("/", argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &words, NULL, NULL,
                      NULL))
        return 0;
    /* "postgres (PostgreSQL) 15.4 (Debian …)" */
    number = strstr(words, ") ");
    return number != NULL ? (unsigned)g_ascii_strtoull(number + 2, NULL, 10) : 0;
}

static void
add_numbered(GPtrArray *folders, const char *parent, const char *prefix)
{
    g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
    const char *name = NULL;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (g_str_has_prefix(name, prefix))
            g_ptr_array_add(folders, g_build_filename(parent, name, "bin", NULL));
}

/* Debian's and Red Hat's places, what pg_config says, and the PATH. */
static GPtrArray *
places(void)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
    char *argv[] = {(char[]){"pg_config"}, (char[]){"--bindir"}, NULL};
    g_autofree char *words = NULL;
    g_autofree char *found = g_find_program_in_path("postgres");

    add_numbered(folders, "/usr/lib/postgresql", "");
    add_numbered(folders, "/usr", "pgsql-");
    if (g_spawn_sync("/", argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                     &words, NULL, NULL, NULL))
        g_ptr_array_add(folders, g_strdup(g_strstrip(words)));
    if (found != NULL)
        g_ptr_array_add(folders, g_path_get_dirname(found));
    return folders;
}

char *
heed_cluster_find_programs(unsigned major, unsigned *out_major)
{
    g_autoptr(GPtrArray) folders = places();
    const char *best = NULL;
    unsigned best_major = 0;

    for (guint i = 0; i < folders->len; i++) {
        const char *folder = g_ptr_array_index(folders, i);
        unsigned found = major_of(folder);

        if (major != 0 ? found != major : found < OLDEST_MAJOR)
            continue;
        if (found > best_major) {
            best = folder;
            best_major = found;
        }
    }
    if (best != NULL && out_major != NULL)
        *out_major = best_major;
    return g_strdup(best);
}

char *
heed_cluster_own_programs(const HeedCluster *cluster, unsigned major, GError **error)
{
    g_autofree char *programs = heed_cluster_find_programs(major, NULL);
    g_autofree char *others = NULL;
    unsigned other = 0;

    if (programs != NULL)
        return g_steal_pointer(&programs);
    others = heed_cluster_find_programs(0, &other);
    if (others != NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "the private database in '%s' was made by PostgreSQL %u, and here is %u: "
                    "install postgresql-%u beside it, then heed db upgrade",
                    cluster->home, major, other, major);
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "PostgreSQL %u, which made the private database in '%s', is not installed "
                    "(Debian: apt-get install postgresql-%u)",
                    major, cluster->home, major);
    return NULL;
}
