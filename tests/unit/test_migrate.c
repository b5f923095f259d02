/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "db/migrate.h"
#include "tests/support/database.h"

#include <string.h>

static void
migrate(HeedDatabase *database)
{
    g_autoptr(GError) error = NULL;

    (void)!heed_migrate(database, NULL, &error);
    g_assert_no_error(error);
}

static void
assert_answer(HeedDatabase *database, const char *sql, const char *want)
{
    g_autofree char *got = heed_test_database_get(database, sql);

    g_assert_cmpstr(got, ==, want);
}

static void
test_from_empty(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(GError) error = NULL;
    unsigned version = 99;

    g_assert_true(heed_migrate_version(test->database, &version, &error));
    g_assert_cmpuint(version, ==, 0);
    migrate(test->database);
    g_assert_true(heed_migrate_version(test->database, &version, &error));
    g_assert_cmpuint(version, ==, heed_migrate_newest());
    /* Again does nothing and harms nothing. */
    migrate(test->database);
    assert_answer(test->database,
                  "SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ',') FROM pg_class"
                  " WHERE relnamespace IN ('heed'::regnamespace, 'heed_data'::regnamespace)",
                  "heed_owner");
    /* Everything in the future's first months has its partition. */
    assert_answer(test->database,
                  "SELECT count(*) FROM pg_inherits WHERE inhparent IN "
                  "('heed_data.event'::regclass, 'heed_data.report'::regclass, "
                  "'heed_data.raw_message'::regclass) AND inhrelid::regclass::text ~ '[0-9]$'",
                  "9");
}

/* From each earlier version. */
static void
test_from_earlier(void)
{
    for (unsigned version = 1; version < heed_migrate_newest(); version++) {
        g_autoptr(HeedTestDatabase) test = heed_test_database_new();
        g_autoptr(GError) error = NULL;
        unsigned reached = 0;

        g_assert_true(heed_migrate_to(test->database, NULL, version, &error));
        g_assert_true(heed_migrate_version(test->database, &reached, &error));
        g_assert_cmpuint(reached, ==, version);
        migrate(test->database);
        g_assert_true(heed_migrate_version(test->database, &reached, &error));
        g_assert_cmpuint(reached, ==, heed_migrate_newest());
    }
}

static void
test_refusals(void)
{
    static const char *const changes[] = {
        "UPDATE heed_data.migration SET checksum = sha256('x') WHERE version = 1",
        "INSERT INTO heed_data.migration VALUES (9999, '9999_future.sql', sha256('x'), now(), '9')",
        "DELETE FROM heed_data.migration WHERE version = 1",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autoptr(HeedTestDatabase) test = heed_test_database_new();
        g_autoptr(GError) error = NULL;

        migrate(test->database);
        heed_test_database_do(test->database, changes[i]);
        g_assert_false(heed_migrate(test->database, NULL, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    }
}

static gpointer
migrate_in_thread(gpointer data)
{
    const HeedTestDatabase *test = data;
    g_autoptr(HeedDatabase) database = heed_test_database_connect(test);

    migrate(database);
    return NULL;
}

static void
test_at_once(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    GThread *threads[4];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("migrate", migrate_in_thread, test);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        (void)g_thread_join(threads[i]);
    assert_answer(test->database, "SELECT count(*) = count(DISTINCT name) FROM heed_data.migration",
                  "t");
}

/* As the reader: each view answers, each table and function is refused. */
static void
test_reader(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autofree char *conninfo = NULL;
    g_autoptr(HeedDatabase) reader = NULL;
    g_autoptr(HeedRows) rows = NULL;
    g_autoptr(GError) error = NULL;
    size_t views = 0;
    unsigned version = 0;

    migrate(test->database);
    conninfo = heed_test_database_conninfo_for(test, "heed_reader");
    reader = heed_database_open(&(HeedDatabaseOptions){.conninfo = conninfo}, &error);
    g_assert_no_error(error);
    g_assert_true(heed_migrate_version(reader, &version, &error));
    g_assert_cmpuint(version, ==, heed_migrate_newest());
    rows = heed_database_query(test->database, "list the relations",
                               "SELECT relnamespace = 'heed'::regnamespace,"
                               " format('SELECT * FROM %I.%I', relnamespace::regnamespace, relname)"
                               " FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm')"
                               " AND relnamespace::regnamespace::text LIKE 'heed%'",
                               NULL, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        bool read = heed_database_run(reader, "read", heed_rows_text(rows, i, 1), NULL, &error);

        if (heed_rows_bool(rows, i, 0)) {
            g_assert_no_error(error);
            g_assert_true(read);
            views++;
        } else {
            g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
        }
        g_clear_error(&error);
    }
    g_assert_cmpuint(views, >=, 14);
    g_assert_false(
        heed_database_run(reader, "fold", "SELECT heed_data.fold_rollups()", NULL, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
    g_clear_error(&error);
    g_assert_false(heed_database_run(reader, "make", "CREATE TABLE heed.t ()", NULL, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
}

/* What ingest may not do. */
static void
test_ingest(void)
{
    static const char *const refused[] = {
        "DROP TABLE heed_data.event",
        "TRUNCATE heed_data.event",
        "DELETE FROM heed_data.report_seen",
        "DELETE FROM heed_data.decision",
        "UPDATE heed_data.decision SET why = ''",
        "UPDATE heed_data.event SET verdict = 'hard'",
        "DELETE FROM heed_data.raw_message",
        "DELETE FROM heed_data.rollup",
        "CREATE TABLE heed_data.t ()",
        "SELECT heed_data.make_partition('event', 'x', now(), now())",
        "INSERT INTO heed_data.migration VALUES (3, '', '', now(), '')",
    };
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autofree char *conninfo = NULL;
    g_autoptr(HeedDatabase) ingest = NULL;
    g_autoptr(GError) error = NULL;

    migrate(test->database);
    conninfo = heed_test_database_conninfo_for(test, "heed_ingest");
    ingest = heed_database_open(&(HeedDatabaseOptions){.conninfo = conninfo}, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_assert_false(heed_database_run(ingest, "try", refused[i], NULL, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
        g_clear_error(&error);
    }
    heed_test_database_do(ingest, "SELECT heed_data.ensure_partitions('event'),"
                                  " heed_data.drop_raw_messages(30), heed_data.fold_rollups()");
}

static void
test_comments(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();

    migrate(test->database);
    assert_answer(test->database,
                  "SELECT string_agg(format('%s.%s', c.relname, a.attname), ' ') FROM pg_class c"
                  " JOIN pg_attribute a ON a.attrelid = c.oid WHERE"
                  " c.relnamespace = 'heed'::regnamespace AND c.relkind = 'v' AND a.attnum > 0"
                  " AND (col_description(c.oid, a.attnum) IS NULL"
                  " OR obj_description(c.oid, 'pg_class') IS NULL)",
                  "");
}

/* Other names, no roles at all, and a user who may not make them. */
static void
test_role_options(void)
{
    g_autoptr(HeedTestDatabase) named = heed_test_database_new();
    g_autoptr(HeedTestDatabase) without = heed_test_database_new();
    g_autoptr(HeedTestDatabase) plain = heed_test_database_new();
    const HeedRoles names = {
        .owner = "Mail's \"owner\"", .ingest = "mail ingest", .reader = "r3ader"};
    const HeedRoles missing = {.owner = "not_there"};
    const HeedRoles none = {.none = true};
    g_autoptr(GError) error = NULL;
    g_autofree char *conninfo = heed_test_database_conninfo_for(plain, "plain_user");
    g_autoptr(HeedDatabase) user = NULL;
    g_autofree char *grant = g_strdup_printf(
        "CREATE ROLE plain_user LOGIN; GRANT CREATE ON DATABASE %s TO plain_user", plain->name);

    g_assert_true(heed_migrate(named->database, &names, &error));
    assert_answer(named->database,
                  "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'event'",
                  names.owner);
    /* The tables have an owner already, who is another. */
    g_assert_false(heed_migrate(named->database, NULL, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
    g_clear_error(&error);
    g_assert_true(heed_migrate(without->database, &none, &error));
    assert_answer(without->database,
                  "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'event'", "heed");
    heed_test_database_do(plain->database, grant);
    user = heed_database_open(&(HeedDatabaseOptions){.conninfo = conninfo}, &error);
    g_assert_no_error(error);
    g_assert_false(heed_migrate(user, &missing, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
    g_assert_nonnull(strstr(error->message, "not_there"));
    g_clear_error(&error);
    g_assert_true(heed_migrate(user, &none, &error));
    g_assert_no_error(error);
}

/* A view that changed without a migration. */
static void
test_views(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(GError) error = NULL;
    static const char *const changes[] = {"COMMENT ON SCHEMA heed IS 'The views of Heed: others'",
                                          "COMMENT ON SCHEMA heed IS NULL"};
    bool done = true;

    g_assert_true(heed_migrate_is_done(test->database, &done, &error));
    g_assert_false(done);
    migrate(test->database);
    g_assert_true(heed_migrate_is_done(test->database, &done, &error));
    g_assert_true(done);
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        heed_test_database_do(test->database, "DROP VIEW heed.suppression");
        heed_test_database_do(test->database, changes[i]);
        g_assert_true(heed_migrate_is_done(test->database, &done, &error));
        g_assert_false(done);
        migrate(test->database);
        g_assert_true(heed_migrate_is_done(test->database, &done, &error));
        g_assert_true(done);
        assert_answer(test->database, "SELECT count(*) FROM heed.suppression", "0");
    }
}

/* Killed between the tables and the views: a program of the version before must see the former. */
static void
test_half_way(void)
{
    g_autoptr(HeedTestDatabase) done_here = heed_test_database_new();
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *comment = NULL;
    g_autofree char *remark = NULL;
    bool done = true;

    migrate(done_here->database);
    comment = heed_test_database_get(
        done_here->database, "SELECT obj_description(to_regnamespace('heed'), 'pg_namespace')");
    remark = g_strdup_printf("COMMENT ON SCHEMA heed IS '%s'", comment);
    g_assert_true(heed_migrate_to(test->database, NULL, heed_migrate_newest() - 2, &error));
    heed_test_database_do(test->database, remark);
    g_assert_true(heed_migrate_to(test->database, NULL, heed_migrate_newest() - 1, &error));
    g_assert_true(heed_migrate_is_done(test->database, &done, &error));
    g_assert_false(done);
}

/* A program of a newer version, that migrates as soon as the other's last look at the tables ends.
 */
static void *
migrate_further(void *data)
{
    HeedDatabase *newer = data;

    while (true) {
        g_autofree char *looking = heed_test_database_get(
            newer, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711");

        if (strcmp(looking, "1") == 0)
            break;
        g_usleep(1000);
    }
    heed_test_database_do(newer,
                          "DO $$ BEGIN"
                          " PERFORM pg_advisory_xact_lock(hashtextextended('heed.migrate', 0));"
                          " COMMENT ON SCHEMA heed IS 'newer'; END $$");
    return NULL;
}

static void
test_overtaken(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(HeedDatabase) newer = NULL;
    GThread *thread = NULL;

    migrate(test->database);
    /* The last look waits until the other one waits for it. */
    heed_test_database_do(
        test->database,
        "CREATE FUNCTION public.wait() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$"
        " BEGIN PERFORM pg_advisory_xact_lock(4711);"
        " WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted) LOOP"
        " PERFORM pg_sleep(0.001); END LOOP; END $$;"
        " CREATE EVENT TRIGGER wait ON ddl_command_start WHEN TAG IN ('CREATE TABLE')"
        " EXECUTE FUNCTION public.wait()");
    newer = heed_test_database_connect(test);
    thread = g_thread_new("newer", migrate_further, newer);
    migrate(test->database);
    (void)g_thread_join(thread);
    assert_answer(test->database, "SELECT obj_description('heed'::regnamespace)", "newer");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/migrate/from-empty", test_from_empty);
    g_test_add_func("/migrate/from-earlier", test_from_earlier);
    g_test_add_func("/migrate/refusals", test_refusals);
    g_test_add_func("/migrate/at-once", test_at_once);
    g_test_add_func("/migrate/reader", test_reader);
    g_test_add_func("/migrate/ingest", test_ingest);
    g_test_add_func("/migrate/comments", test_comments);
    g_test_add_func("/migrate/views", test_views);
    g_test_add_func("/migrate/half-way", test_half_way);
    g_test_add_func("/migrate/overtaken", test_overtaken);
    g_test_add_func("/migrate/role-options", test_role_options);
    return g_test_run();
}
