/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "db/cluster.h"
#include "db/cluster_host.h"
#include "db/migrate.h"
#include "tests/support/database.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that the account of the server may enter, and a data folder in it. */
typedef struct Place {
    char *parent;
    char *data_dir;
} Place;

static Place
place_new(const char *name)
{
    Place place = {.parent = g_dir_make_tmp("heed-cluster-XXXXXX", NULL)};

    g_assert_cmpint(g_chmod(place.parent, 0755), ==, 0);
    place.data_dir = g_build_filename(place.parent, name, NULL);
    return place;
}

static HeedCluster *
open_cluster(const char *data_dir)
{
    g_autoptr(GError) error = NULL;
    HeedCluster *cluster = heed_cluster_new(data_dir, &error);

    g_assert_no_error(error);
    return cluster;
}

static void
start(HeedCluster *cluster)
{
    g_autoptr(GError) error = NULL;

    (void)!heed_cluster_start(cluster, &error);
    g_assert_no_error(error);
}

static void
assert_state(HeedCluster *cluster, bool exists, bool running)
{
    g_auto(HeedClusterState) state = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(heed_cluster_state(cluster, &state, &error));
    g_assert_cmpint(state.exists, ==, exists);
    g_assert_cmpint(state.running, ==, running);
    g_assert_cmpint(state.major != NULL, ==, exists);
}

static HeedDatabase *
connect_to(const HeedCluster *cluster)
{
    g_autofree char *url = heed_cluster_url(cluster); /* what people are given serves as well */
    const HeedDatabaseOptions options = {.conninfo = url};
    g_autoptr(GError) error = NULL;
    HeedDatabase *database = heed_database_open(&options, &error);

    g_assert_no_error(error);
    return database;
}

/* Stops what runs and removes all. */
static void
place_clear(Place *place)
{
    g_autoptr(HeedCluster) cluster = open_cluster(place->data_dir);
    g_autoptr(GError) error = NULL;
    const char *argv[] = {"rm", "-rf", "--", place->parent, NULL};

    (void)!heed_cluster_stop(cluster, &error);
    g_assert_no_error(error);
    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
                               NULL, NULL, NULL, NULL, NULL));
    g_free(place->parent);
    g_free(place->data_dir);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static pid_t
postmaster(const Place *place)
{
    g_autofree char *path =
        g_build_filename(place->data_dir, "postgresql", "15", "postmaster.pid", NULL);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

static gpointer
start_in_thread(gpointer data)
{
    g_autoptr(HeedCluster) cluster = open_cluster(data);

    start(cluster);
    return NULL;
}

static void
assert_setting(HeedDatabase *database, const char *name, const char *want)
{
    g_autofree char *sql = g_strdup_printf("SHOW %s", name);
    g_autofree char *got = heed_test_database_get(database, sql);

    g_assert_cmpstr(got, ==, want);
}

static void
assert_owner(const char *path, mode_t mode)
{
    const struct passwd *account = getpwnam("heed");
    struct stat status;

    g_assert_nonnull(account);
    g_assert_cmpint(lstat(path, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 07777, ==, mode);
    g_assert_cmpuint(status.st_uid, ==, geteuid() == 0 ? account->pw_uid : geteuid());
}

static gpointer
make_folders_in_thread(gpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)!heed_cluster_make_folders(data, &error);
    g_assert_no_error(error);
    return NULL;
}

/* By several at once, each finds them whole. */
static void
test_folders(void)
{
    g_auto(Place) place = place_new("data");
    GThread *threads[4];

    for (unsigned round = 0; round < 10; round++) {
        g_autofree char *name = g_strdup_printf("data%u", round);
        g_autofree char *data_dir = g_build_filename(place.parent, name, NULL);
        g_autofree char *home = g_build_filename(data_dir, "postgresql", NULL);
        g_autoptr(HeedCluster) cluster = open_cluster(data_dir);

        for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
            threads[i] = g_thread_new("make", make_folders_in_thread, cluster);
        for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
            (void)g_thread_join(threads[i]);
        assert_owner(home, 0700);
    }
}

/* From nothing, by several at once; then stopped, killed, and started with a stranger's number in
 * its file. What was written stays. */
static void
test_life(void)
{
    g_auto(Place) place = place_new("data");
    g_autoptr(HeedCluster) cluster = open_cluster(place.data_dir);
    g_autofree char *socket_dir = g_build_filename(place.data_dir, "run", NULL);
    g_autofree char *pid_file =
        g_build_filename(place.data_dir, "postgresql", "15", "postmaster.pid", NULL);
    g_autofree char *mine = g_strdup_printf("%ld\n", (long)getpid());
    g_autoptr(GError) error = NULL;
    GThread *threads[3];

    assert_state(cluster, false, false);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("start", start_in_thread, place.data_dir);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        (void)g_thread_join(threads[i]);
    assert_state(cluster, true, true);
    assert_owner(socket_dir, 0700);
    {
        g_autoptr(HeedDatabase) database = connect_to(cluster);

        g_assert_true(heed_migrate(database, NULL, &error));
        assert_setting(database, "fsync", "on");
        assert_setting(database, "listen_addresses", "");
        assert_setting(database, "lc_collate", "C");
        assert_setting(database, "data_checksums", "on");
    }
    g_assert_true(heed_cluster_stop(cluster, &error));
    g_assert_true(heed_cluster_stop(cluster, &error));
    assert_state(cluster, true, false);
    start(cluster);
    g_assert_cmpint(kill(postmaster(&place), SIGKILL), ==, 0);
    start(cluster);
    assert_state(cluster, true, true);
    g_assert_true(heed_cluster_stop(cluster, &error));
    g_assert_true(g_file_set_contents(pid_file, mine, -1, NULL));
    start(cluster);
    {
        g_autoptr(HeedDatabase) database = connect_to(cluster);
        unsigned version = 0;

        g_assert_true(heed_migrate_version(database, &version, &error));
        g_assert_cmpuint(version, ==, heed_migrate_newest());
    }
}

/* The environment of whoever calls leads nobody astray. */
static void
test_long_path_and_environment(void)
{
    g_autofree char *name = g_strnfill(120, 'x');
    g_auto(Place) place = place_new(name);
    g_autoptr(HeedCluster) cluster = NULL;
    const char *const variables[][2] = {{"PGHOST", "192.0.2.1"},
                                        {"PGHOSTADDR", "192.0.2.1"},
                                        {"PGPORT", "1"},
                                        {"PGDATABASE", "nowhere"},
                                        {"PGUSER", "nobody"},
                                        {"PGDATA", "/nonexistent"},
                                        {"PGOPTIONS", "-c nonsense"},
                                        {"PGCHANNELBINDING", "require"},
                                        {"PGTARGETSESSIONATTRS", "standby"},
                                        {"PGREQUIREPEER", "nobody"},
                                        {"PGGSSENCMODE", "require"},
                                        {"PGSSLMODE", "verify-full"},
                                        {"PGSSLMINPROTOCOLVERSION", "nonsense"},
                                        {"PGSERVICE", "another"},
                                        {"PGSERVICEFILE", "/nonexistent"},
                                        {"XDG_RUNTIME_DIR", "/nonexistent"}};

    for (size_t i = 0; i < G_N_ELEMENTS(variables); i++)
        g_assert_true(g_setenv(variables[i][0], variables[i][1], TRUE));
    cluster = open_cluster(place.data_dir);
    start(cluster);
    assert_state(cluster, true, true);
    for (size_t i = 0; i < G_N_ELEMENTS(variables); i++)
        g_unsetenv(variables[i][0]);
    g_assert_true(heed_cluster_stop(cluster, NULL));
    {
        g_autofree char *url = heed_cluster_url(cluster);
        g_auto(GStrv) words = g_strsplit_set(url, "=&", 3);

        g_assert_nonnull(strstr(words[1], "/heed-"));
        g_assert_cmpint(g_rmdir(words[1]), ==, 0);
    }
}

/* With this as standard output, which is closed. */
static bool
dump_to(HeedCluster *cluster, int file, GError **error)
{
    int saved = dup(STDOUT_FILENO);
    bool dumped = false;

    g_assert_cmpint(file, >=, 0);
    g_assert_cmpint(dup2(file, STDOUT_FILENO), ==, STDOUT_FILENO);
    (void)close(file);
    dumped = heed_cluster_dump(cluster, error);
    g_assert_cmpint(dup2(saved, STDOUT_FILENO), ==, STDOUT_FILENO);
    (void)close(saved);
    return dumped;
}

static void
test_dump(void)
{
    g_auto(Place) place = place_new("data");
    g_autoptr(HeedCluster) cluster = open_cluster(place.data_dir);
    g_autofree char *path = g_build_filename(place.parent, "dump", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    int ends[2];

    g_assert_true(dump_to(cluster, g_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), &error));
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_true(g_str_has_prefix(text, "PGDMP"));
    {
        g_autoptr(HeedDatabase) database = connect_to(cluster);

        /* Of a dump that fits its buffer, pg_dump 15 does not notice that it is lost. */
        heed_test_database_do(database, "CREATE TABLE public.t AS SELECT md5(i::text) "
                                        "FROM generate_series(1, 9000) AS i");
    }
    g_assert_false(dump_to(cluster, g_open("/dev/full", O_WRONLY | O_CLOEXEC, 0), &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_IO);
    g_clear_error(&error);
    g_assert_cmpint(pipe(ends), ==, 0);
    (void)close(ends[0]);
    g_assert_false(dump_to(cluster, ends[1], &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_IO);
    g_clear_error(&error);
    g_assert_false(heed_cluster_upgrade(cluster, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
}

static void
run(const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    int status = 0;

    (void)!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                        NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_true(g_spawn_check_wait_status(status, NULL));
}

/* A folder of programs that say they are PostgreSQL 99, and are those that are installed. */
static char *
make_newer_programs(const char *parent)
{
    static const char script[] =
        "cd \"$1\" && ln -s \"$2\"/* . && rm postgres && printf '#!/bin/sh\\n"
        "[ \"$1\" = --version ] && exec echo \"postgres (PostgreSQL) 99.1\"\\n"
        "exec \"%s/postgres\" \"$@\"\\n' \"$2\" >postgres && chmod 755 postgres";
    g_autofree char *real = heed_cluster_find_programs(0, NULL);
    char *folder = g_build_filename(parent, "bin", NULL);
    const char *const argv[] = {"sh", "-c", script, "sh", folder, real, NULL};

    g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
    g_assert_cmpint(g_chmod(folder, 0755), ==, 0);
    run(argv);
    return folder;
}

/* Between two names of one version, since there is only one here: that a newer server reads the
 * dump is PostgreSQL's promise; that all of it arrives, and the old data stays, is ours. */
static void
test_upgrade(void)
{
    g_auto(Place) place = place_new("data");
    g_autofree char *programs = make_newer_programs(place.parent);
    g_autofree char *path = g_strdup_printf("%s:%s", programs, g_getenv("PATH"));
    g_autofree char *old = g_build_filename(place.data_dir, "postgresql", "15", "PG_VERSION", NULL);
    g_autoptr(HeedCluster) cluster = open_cluster(place.data_dir);
    g_autoptr(GError) error = NULL;

    start(cluster);
    {
        g_autoptr(HeedDatabase) database = connect_to(cluster);

        g_assert_true(heed_migrate(database, NULL, &error));
        heed_test_database_do(database, "INSERT INTO heed_data.mailbox (name, url) "
                                        "VALUES ('kept', 'maildir:/kept')");
    }
    g_assert_true(g_setenv("PATH", path, TRUE));
    (void)!heed_cluster_upgrade(cluster, &error);
    g_assert_no_error(error);
    {
        g_auto(HeedClusterState) state = {0};
        g_autoptr(HeedDatabase) database = connect_to(cluster);
        g_autofree char *kept = heed_test_database_get(
            database, "SELECT name || current_setting('data_directory') FROM heed_data.mailbox");

        g_assert_true(heed_cluster_state(cluster, &state, &error));
        g_assert_cmpstr(state.major, ==, "99");
        g_assert_true(g_str_has_prefix(kept, "kept/"));
        g_assert_true(g_str_has_suffix(kept, "/postgresql/99"));
        assert_setting(database, "fsync", "on");
        /* Roles and rights come along. */
        heed_test_database_do(database, "SET ROLE heed_reader; SELECT * FROM heed.suppression");
    }
    g_assert_true(g_file_test(old, G_FILE_TEST_IS_REGULAR));
    g_assert_false(heed_cluster_upgrade(cluster, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    g_clear_error(&error);
    g_assert_true(heed_cluster_stop(cluster, &error));
    start(cluster);
    assert_state(cluster, true, true);
}

static void
make_folder(const char *path, mode_t mode)
{
    const struct passwd *account = getpwnam("heed");

    g_assert_cmpint(g_mkdir(path, mode), ==, 0);
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
    if (geteuid() == 0)
        g_assert_cmpint(chown(path, account->pw_uid, account->pw_gid), ==, 0);
}

static void
test_refusals(void)
{
    g_autofree char *parent = g_dir_make_tmp("heed-cluster-XXXXXX", NULL);
    g_autofree char *data_dir = g_build_filename(parent, "data", NULL);
    g_autofree char *home = g_build_filename(data_dir, "postgresql", NULL);
    g_autofree char *other = g_build_filename(home, "14", NULL);
    g_autofree char *version = g_build_filename(other, "PG_VERSION", NULL);
    g_autofree char *run = g_build_filename(data_dir, "run", NULL);
    g_autoptr(HeedCluster) cluster = open_cluster(data_dir);
    g_autoptr(GError) error = NULL;
    const char *argv[] = {"rm", "-rf", "--", parent, NULL};

    if (geteuid() == 0) {
        /* The account may not enter the folder above. */
        g_assert_false(heed_cluster_start(cluster, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
        g_clear_error(&error);
        g_assert_cmpint(g_rmdir(data_dir), ==, 0);
    }
    g_assert_cmpint(g_chmod(parent, 0755), ==, 0);
    make_folder(data_dir, 0700);
    /* A socket's folder that others may enter. */
    make_folder(run, 0755);
    g_assert_false(heed_cluster_start(cluster, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
    g_clear_error(&error);
    g_assert_cmpint(g_chmod(run, 0700), ==, 0);
    /* Made by another version, whose programs are not here. */
    make_folder(other, 0700);
    g_assert_true(g_file_set_contents(version, "14\n", -1, NULL));
    g_assert_false(heed_cluster_start(cluster, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "heed db upgrade"));
    g_assert_nonnull(strstr(error->message, "postgresql-14"));
    g_clear_error(&error);
    g_assert_false(heed_cluster_upgrade(cluster, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "postgresql-14"));
    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
                               NULL, NULL, NULL, NULL, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cluster/folders", test_folders);
    g_test_add_func("/cluster/life", test_life);
    g_test_add_func("/cluster/long-path-and-environment", test_long_path_and_environment);
    g_test_add_func("/cluster/dump", test_dump);
    g_test_add_func("/cluster/upgrade", test_upgrade);
    g_test_add_func("/cluster/refusals", test_refusals);
    return g_test_run();
}
