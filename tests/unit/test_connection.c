/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "parsers/report.h"
#include "tests/support/database.h"

#include <string.h>

static void
test_scalars(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedRows) rows = NULL;
    g_autoptr(GBytes) bytes = NULL;

    heed_params_text(params, "naïve 'text'\n");
    heed_params_text(params, NULL);
    heed_params_int(params, INT64_MIN);
    heed_params_bool(params, true);
    heed_params_bytes(params, "a\0b", 3);
    heed_params_time(params, 1767323045);
    heed_params_time(params, HEED_DATE_UNKNOWN);
    heed_params_bytes(params, "", 0);
    rows = heed_database_query_row(
        test->database, "read back",
        "SELECT $1, $2::text, $3, $4, $5, extract(epoch FROM $6)::bigint, $7, $6::text, $8", params,
        &error);
    g_assert_no_error(error);
    g_assert_cmpstr(heed_rows_text(rows, 0, 0), ==, "naïve 'text'\n");
    g_assert_true(heed_rows_is_null(rows, 0, 1));
    g_assert_null(heed_rows_text(rows, 0, 1));
    g_assert_cmpint(heed_rows_int(rows, 0, 1), ==, 0);
    g_assert_false(heed_rows_bool(rows, 0, 1));
    g_assert_cmpint(heed_rows_int(rows, 0, 2), ==, INT64_MIN);
    g_assert_true(heed_rows_bool(rows, 0, 3));
    bytes = heed_rows_bytes(rows, 0, 4);
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, 3);
    g_assert_true(memcmp(g_bytes_get_data(bytes, NULL), "a\0b", 3) == 0);
    g_assert_cmpint(heed_rows_time(rows, 0, 5), ==, 1767323045);
    g_assert_cmpint(heed_rows_time(rows, 0, 6), ==, HEED_DATE_UNKNOWN);
    g_assert_cmpstr(heed_rows_text(rows, 0, 7), ==, "2026-01-02 03:04:05+00");
    g_assert_false(heed_rows_is_null(rows, 0, 8));
}

static void
test_arrays(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedRows) rows = NULL;
    HeedArrayParam *texts = heed_params_text_array(params);
    HeedArrayParam *numbers = heed_params_int_array(params);
    HeedArrayParam *flags = heed_params_bool_array(params);
    HeedArrayParam *blobs = heed_params_bytes_array(params);
    HeedArrayParam *times = heed_params_time_array(params);

    (void)heed_params_text_array(params);
    heed_array_add_text(texts, "{\"a\",b}");
    heed_array_add_text(texts, NULL);
    heed_array_add_int(numbers, -1);
    heed_array_add_int(numbers, INT64_MAX);
    heed_array_add_bool(flags, true);
    heed_array_add_null(flags);
    heed_array_add_bytes(blobs, "\xff\0", 2);
    heed_array_add_bytes(blobs, NULL, 0);
    heed_array_add_time(times, INT64_MAX);
    heed_array_add_time(times, HEED_DATE_UNKNOWN);
    rows = heed_database_query(test->database, "read back",
                               "SELECT t, n, f, b, d, cardinality($6) FROM "
                               "unnest($1, $2, $3, $4, $5) AS r (t, n, f, b, d)",
                               params, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(heed_rows_count(rows), ==, 2);
    g_assert_cmpstr(heed_rows_text(rows, 0, 0), ==, "{\"a\",b}");
    g_assert_cmpint(heed_rows_int(rows, 0, 1), ==, -1);
    g_assert_cmpint(heed_rows_int(rows, 1, 1), ==, INT64_MAX);
    g_assert_true(heed_rows_bool(rows, 0, 2));
    g_assert_cmpstr(heed_rows_text(rows, 0, 3), ==, "\\xff00");
    g_assert_cmpstr(heed_rows_text(rows, 0, 4), ==, "9999-12-31 23:59:59+00");
    g_assert_cmpint(heed_rows_int(rows, 0, 5), ==, 0);
    for (size_t column = 0; column < 5; column++)
        g_assert_cmpint(heed_rows_is_null(rows, 1, column), ==, column != 1);
}

#define RAISE(state) "DO $$BEGIN RAISE 'x' USING ERRCODE = '" state "'; END$$"

static void
test_error_codes(void)
{
    static const struct {
        const char *sql;
        HeedError code;
        const char *message;
    } rows[] = {
        {"SELEC 1", HEED_ERROR_INTERNAL, "try: syntax error at or near \"SELEC\" (42601)"},
        /* The value is quoted by the server, and not by us. */
        {"SELECT 'a@example.com'::bigint", HEED_ERROR_INTERNAL,
         "try: the database refused a value (22P02)"},
        {"INSERT INTO t VALUES ('secret@example.com'), ('secret@example.com')", HEED_ERROR_INTERNAL,
         "try: duplicate key value violates unique constraint \"t_pkey\" (23505)"},
        {RAISE("40001"), HEED_ERROR_CONFLICT, "try: x (40001)"},
        {RAISE("40P01"), HEED_ERROR_CONFLICT, "try: x (40P01)"},
        {RAISE("53100"), HEED_ERROR_TEMPORARY, "try: x (53100)"},
        {RAISE("53300"), HEED_ERROR_TEMPORARY, "try: x (53300)"},
        {RAISE("57P03"), HEED_ERROR_TEMPORARY, "try: x (57P03)"},
        {RAISE("28000"), HEED_ERROR_PERMISSION, "try: x (28000)"},
        {RAISE("42501"), HEED_ERROR_PERMISSION, "try: x (42501)"},
        {RAISE("42883"), HEED_ERROR_UNAVAILABLE, "try: x (42883)"},
        {"SELECT FROM gone", HEED_ERROR_UNAVAILABLE,
         "try: relation \"gone\" does not exist (42P01)"},
        {"SELECT gone FROM t", HEED_ERROR_UNAVAILABLE,
         "try: column \"gone\" does not exist (42703)"},
        {"SET TRANSACTION READ ONLY; CREATE TABLE u ()", HEED_ERROR_TEMPORARY,
         "try: cannot execute CREATE TABLE in a read-only transaction (25006)"},
    };

    g_autoptr(HeedTestDatabase) test = heed_test_database_new();

    heed_test_database_do(test->database, "CREATE TABLE public.t (a text PRIMARY KEY);"
                                          "SET search_path = public");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(heed_database_script(test->database, "try", rows[i].sql, &error));
        g_assert_error(error, HEED_ERROR, (int)rows[i].code);
        g_assert_cmpstr(error->message, ==, rows[i].message);
    }
}

static void
test_shapes(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    const char *queries[] = {"SELECT 1 WHERE false", "SELECT generate_series(1, 2)"};

    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(heed_database_query_row(test->database, "count", queries[i], NULL, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_INTERNAL);
    }
}

static void
test_connecting(void)
{
    static const struct {
        const char *conninfo; /* the part behind the server's own */
        HeedError code;
    } rows[] = {
        {"&dbname=nowhere", HEED_ERROR_CONFIG},
        {"&user=nobody_we_know", HEED_ERROR_PERMISSION},
        {"&host=/nonexistent", HEED_ERROR_TEMPORARY},
        {"&nonsense=se%63ret", HEED_ERROR_CONFIG},
        {"&target_session_attrs=standby", HEED_ERROR_TEMPORARY},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *conninfo =
            g_strconcat(g_getenv("HEED_TEST_DATABASE"), rows[i].conninfo, NULL);
        const HeedDatabaseOptions options = {.conninfo = conninfo};
        g_autoptr(GError) error = NULL;

        g_assert_null(heed_database_open(&options, &error));
        g_assert_error(error, HEED_ERROR, (int)rows[i].code);
        g_assert_null(strstr(error->message, "secret"));
        g_assert_null(strchr(error->message, '\n'));
    }
}

/* The first host is not there, the second is. */
static void
test_several_hosts(void)
{
    const char *server = g_getenv("HEED_TEST_DATABASE");
    const char *host = strstr(server, "host=") + strlen("host=");
    g_autofree char *conninfo =
        g_strdup_printf("postgresql:///postgres?host=/nonexistent,%s", host);
    const HeedDatabaseOptions options = {.conninfo = conninfo};
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedDatabase) database = heed_database_open(&options, &error);

    g_assert_no_error(error);
    g_assert_nonnull(database);
}

static void
test_session(void)
{
    static const struct {
        const char *setting;
        const char *want;
    } rows[] = {
        {"TimeZone", "UTC"},
        {"application_name", "heed"},
        {"search_path", "heed_data, heed, pg_temp"},
        {"synchronous_commit", "on"},
        {"client_encoding", "UTF8"},
    };

    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autofree char *alter =
        g_strdup_printf("ALTER DATABASE %s SET synchronous_commit = off", test->name);
    g_autoptr(HeedDatabase) other = NULL;

    heed_test_database_do(test->database, alter);
    other = heed_test_database_connect(test);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *sql = g_strdup_printf("SHOW %s", rows[i].setting);
        g_autofree char *got = heed_test_database_get(other, sql);

        g_assert_cmpstr(got, ==, rows[i].want);
    }
}

/* The role is taken on where the session may, and else left. */
static void
test_role(void)
{
    static const struct {
        const char *user;
        const char *role;
        const char *want;
    } rows[] = {
        {"heed", "role_one", "role_one"},
        {"role_one", "role_two", "role_one"},
        {"role_three", "role_two", "role_two"},
        {"heed", "role_of_nobody", "heed"},
    };

    g_autoptr(HeedTestDatabase) test = heed_test_database_new();

    heed_test_database_do(test->database, "CREATE ROLE role_one LOGIN; CREATE ROLE role_two LOGIN;"
                                          "CREATE ROLE role_three LOGIN IN ROLE role_two");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *conninfo = heed_test_database_conninfo_for(test, rows[i].user);
        const HeedDatabaseOptions options = {.conninfo = conninfo, .role = rows[i].role};
        g_autoptr(GError) error = NULL;
        g_autoptr(HeedDatabase) database = heed_database_open(&options, &error);
        g_autofree char *got = NULL;

        g_assert_no_error(error);
        got = heed_test_database_get(database, "SELECT current_user");
        g_assert_cmpstr(got, ==, rows[i].want);
    }
}

/* Taken on later it is kept, too, when the connection is made again. */
static void
test_become(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    heed_test_database_do(test->database, "CREATE ROLE role_late");
    g_assert_true(heed_database_become(test->database, "role_late", &error));
    before = heed_test_database_get(test->database, "SELECT current_user");
    g_assert_cmpstr(before, ==, "role_late");
    g_assert_true(heed_database_reconnect(test->database, &error));
    after = heed_test_database_get(test->database, "SELECT current_user");
    g_assert_cmpstr(after, ==, "role_late");
}

static void
test_transactions(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *count = NULL;

    heed_test_database_do(test->database, "CREATE TABLE public.t (a int)");
    {
        g_autoptr(HeedTransaction) dropped = heed_transaction_begin(test->database, &error);

        g_assert_nonnull(dropped);
        heed_test_database_do(test->database, "INSERT INTO public.t VALUES (1)");
        g_assert_null(heed_transaction_begin(test->database, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_INTERNAL);
        g_clear_error(&error);
    }
    {
        g_autoptr(HeedTransaction) kept = heed_transaction_begin(test->database, &error);

        heed_test_database_do(test->database, "INSERT INTO public.t VALUES (2)");
        g_assert_true(heed_transaction_commit(kept, &error));
    }
    {
        g_autoptr(HeedTransaction) failed = heed_transaction_begin(test->database, &error);

        g_assert_false(heed_database_script(test->database, "fail", "SELECT 1/0", NULL));
        g_assert_false(heed_transaction_commit(failed, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_INTERNAL);
        g_clear_error(&error);
    }
    heed_test_database_do(test->database, "SET default_transaction_read_only = on");
    {
        g_autoptr(HeedTransaction) read_only = heed_transaction_begin(test->database, &error);

        g_assert_nonnull(read_only);
        g_assert_false(
            heed_database_script(test->database, "write", "DELETE FROM public.t", &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY);
        g_clear_error(&error);
    }
    heed_test_database_do(test->database, "RESET default_transaction_read_only");
    {
        g_autoptr(HeedTransaction) snapshot =
            heed_transaction_begin_snapshot(test->database, &error);

        g_assert_nonnull(snapshot);
        g_assert_true(heed_database_setting(test->database, "scope", "a", &error));
        g_assert_false(
            heed_database_script(test->database, "write", "DELETE FROM public.t", &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY);
        g_clear_error(&error);
    }
    count = heed_test_database_get(test->database, "SELECT string_agg(a::text, ',') FROM public.t");
    g_assert_cmpstr(count, ==, "2");
}

typedef struct Copied {
    uint64_t rows;
    uint64_t stop_after;
    GString *text;
} Copied;

static bool
copy_row(const char *row, size_t length, void *data)
{
    Copied *copied = data;

    if (copied->rows < 3)
        g_string_append_printf(copied->text, "%.*s|", (int)length, row);
    return ++copied->rows != copied->stop_after;
}

static void
test_copy_out(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    Copied copied = {.text = text};

    g_assert_true(heed_database_copy_out(test->database, "stream",
                                         "SELECT E'a\\tb\\\\', '', coalesce(NULL, 'c')"
                                         " UNION ALL SELECT 'd', 'e', 'f'",
                                         copy_row, &copied, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(text->str, ==, "a\\tb\\\\\t\tc|d\te\tf|");
    copied.rows = 0;
    copied.stop_after = 5;
    g_assert_true(heed_database_copy_out(test->database, "stream",
                                         "SELECT generate_series(1, 100000000)", copy_row, &copied,
                                         &error));
    g_assert_cmpuint(copied.rows, ==, 5);
    g_assert_false(heed_database_copy_out(test->database, "stream",
                                          "SELECT 1/(3-g) FROM generate_series(1, 4) g", copy_row,
                                          &copied, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_INTERNAL);
    g_clear_error(&error);
    g_assert_false(
        heed_database_copy_out(test->database, "stream", "SELEC", copy_row, &copied, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_INTERNAL);
    heed_test_database_do(test->database, "SELECT 1");
}

static void
test_unescape(void)
{
    static const struct {
        const char *input;
        const char *want;
    } rows[] = {
        {"plain", "plain"}, {"a\\tb\\nc", "a\tb\nc"}, {"\\\\N", "\\N"}, {"end\\", "end\\"},
        {"", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t length = strlen(rows[i].input);
        g_autofree char *field = g_memdup2(rows[i].input, MAX(length, 1));

        length = heed_copy_unescape(field, length);
        g_assert_cmpuint(length, ==, strlen(rows[i].want));
        g_assert_true(memcmp(field, rows[i].want, length) == 0);
    }
}

/* A connection that the server ended is noticed, and made again. */
static void
test_reconnect(void)
{
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(HeedDatabase) other = heed_test_database_connect(test);
    g_autofree char *pid = heed_test_database_get(other, "SELECT pg_backend_pid()");
    g_autofree char *end = g_strdup_printf("SELECT pg_terminate_backend(%s)", pid);
    g_autoptr(GError) error = NULL;

    {
        g_autoptr(HeedTransaction) transaction = heed_transaction_begin(other, &error);

        g_assert_nonnull(transaction);
        heed_test_database_do(test->database, end);
        g_usleep(G_USEC_PER_SEC / 5);
        g_assert_false(heed_database_run(other, "ask", "SELECT 1", NULL, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY);
        g_clear_error(&error);
    }
    g_assert_false(heed_database_run(other, "ask", "SELECT 1", NULL, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY);
    g_clear_error(&error);
    g_assert_true(heed_database_reconnect(other, &error));
    heed_test_database_do(other, "SELECT 1");
    /* No patience was asked for: trouble at once again is too much. */
    g_assert_false(heed_database_reconnect(other, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY);
}

/* Patience is spent, not more and not less, and a request to stop ends it. */
static void
test_patience(void)
{
    int stop = 0;
    const HeedDatabaseOptions options = {
        .conninfo = "host=/nonexistent", .patience_seconds = 1, .stop = &stop};
    g_autoptr(GError) error = NULL;
    int64_t start = g_get_monotonic_time();

    g_assert_null(heed_database_open(&options, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, G_USEC_PER_SEC / 2);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
    g_clear_error(&error);
    stop = 1;
    g_assert_null(heed_database_open(&options, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CANCELLED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connection/scalars", test_scalars);
    g_test_add_func("/connection/arrays", test_arrays);
    g_test_add_func("/connection/error-codes", test_error_codes);
    g_test_add_func("/connection/shapes", test_shapes);
    g_test_add_func("/connection/connecting", test_connecting);
    g_test_add_func("/connection/several-hosts", test_several_hosts);
    g_test_add_func("/connection/session", test_session);
    g_test_add_func("/connection/role", test_role);
    g_test_add_func("/connection/become", test_become);
    g_test_add_func("/connection/transactions", test_transactions);
    g_test_add_func("/connection/copy-out", test_copy_out);
    g_test_add_func("/connection/unescape", test_unescape);
    g_test_add_func("/connection/reconnect", test_reconnect);
    g_test_add_func("/connection/patience", test_patience);
    return g_test_run();
}
