/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/database.h"

#include "db/migrate.h"
#include "tests/support/check.h"

#include <unistd.h>

static const char *
server(void)
{
    const char *conninfo = g_getenv("HEED_TEST_DATABASE");

    if (conninfo == NULL)
        g_error("HEED_TEST_DATABASE is not set: run this test through tests/support/with-postgres");
    return conninfo;
}

static HeedDatabase *
open_or_die(const char *conninfo)
{
    const HeedDatabaseOptions options = {.conninfo = conninfo};
    g_autoptr(GError) error = NULL;
    HeedDatabase *database = heed_database_open(&options, &error);

    g_assert_no_error(error);
    return database;
}

HeedTestDatabase *
heed_test_database_new(void)
{
    static unsigned number;
    HeedTestDatabase *test = g_new0(HeedTestDatabase, 1);
    g_autoptr(HeedDatabase) outer = open_or_die(server());
    g_autofree char *sql = NULL;

    test->name = g_strdup_printf("test_%ld_%u", (long)getpid(), number++);
    sql = g_strdup_printf("CREATE DATABASE %s STRATEGY wal_log", test->name);
    heed_test_database_do(outer, sql);
    test->conninfo = g_strdup_printf("%s&dbname=%s", server(), test->name);
    test->database = open_or_die(test->conninfo);
    return test;
}

HeedTestDatabase *
heed_test_database_migrated(void)
{
    HeedTestDatabase *test = heed_test_database_new();
    g_autoptr(GError) error = NULL;

    heed_assert_done(heed_migrate(test->database, NULL, &error), error);
    return test;
}

char *
heed_test_database_conninfo_for(const HeedTestDatabase *test, const char *user)
{
    return g_strdup_printf("%s&user=%s", test->conninfo, user);
}

HeedDatabase *
heed_test_database_connect(const HeedTestDatabase *test)
{
    return open_or_die(test->conninfo);
}

char *
heed_test_database_get(HeedDatabase *database, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedRows) rows = heed_database_query(database, "test", sql, NULL, &error);

    g_assert_no_error(error);
    return g_strdup(heed_rows_count(rows) > 0 && !heed_rows_is_null(rows, 0, 0)
                        ? heed_rows_text(rows, 0, 0)
                        : "");
}

void
heed_test_database_do(HeedDatabase *database, const char *sql)
{
    g_autoptr(GError) error = NULL;

    (void)!heed_database_script(database, "test", sql, &error);
    g_assert_no_error(error);
}

void
heed_test_database_free(HeedTestDatabase *test)
{
    if (test == NULL)
        return;
    heed_database_close(test->database);
    {
        g_autoptr(HeedDatabase) outer = open_or_die(server());
        g_autofree char *sql = g_strdup_printf("DROP DATABASE %s WITH (FORCE)", test->name);

        heed_test_database_do(outer, sql);
    }
    g_free(test->name);
    g_free(test->conninfo);
    g_free(test);
}
