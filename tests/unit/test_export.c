/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "suppress/clean.h"
#include "suppress/export.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#include <string.h>

static HeedTestDatabase *test;

#define COLUMNS "scope,address,domain,reason,verdict,since,until,evidence_count,last_event_at\n"

#define POSTFIX " REJECT 5.7.1 suppressed: hard bad-mailbox\n"
#define EXIM    ": suppressed: hard bad-mailbox\n"
#define KUMOMTA ":\"suppressed: hard bad-mailbox\""

typedef struct Row {
    const char *name;
    HeedExportFormat format;
    const char *scope;
    uint64_t count;
    const char *want;
} Row;

static const Row rows[] = {
    {"text", HEED_EXPORT_TEXT, NULL, 5,
     "\"a\\\\b\"@example.com\n\"c,\\\"d\"@example.com\nB@example.com\na@example.com\n"
     "n@example.com\n"},
    {"text-everywhere", HEED_EXPORT_TEXT, "", 3,
     "\"a\\\\b\"@example.com\n\"c,\\\"d\"@example.com\na@example.com\n"},
    {"text-scope", HEED_EXPORT_TEXT, "news", 4,
     "\"c,\\\"d\"@example.com\nB@example.com\na@example.com\nn@example.com\n"},
    {"sha256", HEED_EXPORT_SHA256, "", 3,
     "08168cd80dfd534ab0f10af10f1303fe00af2d43ab5c1432360d137f8197e17a\n"
     "56e1bf662213f604a5dde2d788a3430f02d6d9c6d4a3aebcc0857b4a6a2f193a\n"
     "ec5909e5d5b1ea189ae967629153ba1e0b3f2e9972a5877e7055703128584848\n"},
    {"md5", HEED_EXPORT_MD5, "", 3,
     "356c711fe5694f61a8e2f54fff21c2cd\n"
     "456bd087654df8d23df7bdd926702a8a\n"
     "b418773a2c51fb9777a1648346fa7394\n"},
    {"postfix", HEED_EXPORT_POSTFIX, NULL, 5,
     "\"a\\\\b\"@example.com" POSTFIX "\"c,\\\"d\"@example.com REJECT 5.7.1 suppressed: manual\n"
     "B@example.com REJECT 5.7.1 suppressed: complaint abuse\n"
     "a@example.com" POSTFIX "n@example.com REJECT 5.7.1 suppressed: complaint abuse\n"},
    {"csv", HEED_EXPORT_CSV, "shop", 3,
     COLUMNS ",\"\"\"a\\\\b\"\"@example.com\",example.com,bad-mailbox,hard,2026-01-02T03:04:05Z,,2,"
             "2026-02-02T03:04:05Z\n"
             ",\"\"\"c,\\\"\"d\"\"@example.com\",example.com,manual,manual,2026-01-02T03:04:05Z,,2,"
             "2026-02-02T03:04:05Z\n"
             ",a@example.com,example.com,bad-mailbox,hard,2026-01-02T03:04:05Z,,2,"
             "2026-02-02T03:04:05Z\n"},
    {"csv-all-scopes-of-an-address", HEED_EXPORT_CSV, "fair", 4,
     COLUMNS ",\"\"\"a\\\\b\"\"@example.com\",example.com,bad-mailbox,hard,2026-01-02T03:04:05Z,,2,"
             "2026-02-02T03:04:05Z\n"
             ",\"\"\"c,\\\"\"d\"\"@example.com\",example.com,manual,manual,2026-01-02T03:04:05Z,,2,"
             "2026-02-02T03:04:05Z\n"
             ",a@example.com,example.com,bad-mailbox,hard,2026-01-02T03:04:05Z,,2,"
             "2026-02-02T03:04:05Z\n"
             "fair,a@example.com,example.com,abuse,complaint,2026-01-02T03:04:05Z,"
             "2099-01-01T00:00:00Z,2,\n"},
    {"json", HEED_EXPORT_JSON, "", 3,
     "{\"scope\":\"\",\"address\":\"\\\"a\\\\\\\\b\\\"@example.com\",\"domain\":\"example.com\","
     "\"reason\":\"bad-mailbox\",\"verdict\":\"hard\",\"since\":\"2026-01-02T03:04:05Z\","
     "\"until\":null,\"evidence_count\":2,\"last_event_at\":\"2026-02-02T03:04:05Z\"}\n"
     "{\"scope\":\"\",\"address\":\"\\\"c,\\\\\\\"d\\\"@example.com\",\"domain\":\"example.com\","
     "\"reason\":\"manual\",\"verdict\":\"manual\",\"since\":\"2026-01-02T03:04:05Z\","
     "\"until\":null,\"evidence_count\":2,\"last_event_at\":\"2026-02-02T03:04:05Z\"}\n"
     "{\"scope\":\"\",\"address\":\"a@example.com\",\"domain\":\"example.com\","
     "\"reason\":\"bad-mailbox\",\"verdict\":\"hard\",\"since\":\"2026-01-02T03:04:05Z\","
     "\"until\":null,\"evidence_count\":2,\"last_event_at\":\"2026-02-02T03:04:05Z\"}\n"},
};

/* What addresses can hold that files of others have a meaning for. */
static const char hostile[] =
    "INSERT INTO heed_data.address_state (scope, address, domain, suppressed, reason, verdict, "
    "policy_version) SELECT 'hostile', address, 'example.com', true, 'bad-mailbox', 'hard', 1 "
    "FROM unnest(ARRAY['#hash@example.com', '%s%%1@example.com', '*@example.com', "
    "'\"a b\"@example.com', '\"co:lon\"@example.com', '\"q\\\"u\\\\\"@example.com', "
    "'\"#c\"@example.com', '${run{x}}@example.com', 'a//b@example.com', "
    "'\303\251@example.com']) AS address";

static const Row hostile_rows[] = {
    {"hostile-text", HEED_EXPORT_TEXT, "hostile", 10,
     "\"#c\"@example.com\n\"a b\"@example.com\n\"co:lon\"@example.com\n"
     "\"q\\\"u\\\\\"@example.com\n#hash@example.com\n${run{x}}@example.com\n"
     "%s%%1@example.com\n*@example.com\na//b@example.com\n\303\251@example.com\n"},
    {"hostile-postfix", HEED_EXPORT_POSTFIX, "hostile", 9,
     "\"#c\"@example.com" POSTFIX "\"a b\"@example.com" POSTFIX "\"co:lon\"@example.com" POSTFIX
     "\"q\\\"u\\\\\"@example.com" POSTFIX "${run{x}}@example.com" POSTFIX
     "%s%%1@example.com" POSTFIX "*@example.com" POSTFIX "a//b@example.com" POSTFIX
     "\303\251@example.com" POSTFIX},
    {"hostile-exim", HEED_EXPORT_EXIM, "hostile", 10,
     "\"\\\"#c\\\"@example.com\"" EXIM "\"#c@example.com\"" EXIM "\"\\\"a b\\\"@example.com\"" EXIM
     "\"a b@example.com\"" EXIM "\"\\\"co:lon\\\"@example.com\"" EXIM "\"co:lon@example.com\"" EXIM
     "\"\\\"q\\\\\\\"u\\\\\\\\\\\"@example.com\"" EXIM "\"q\\\"u\\\\@example.com\"" EXIM
     "\"#hash@example.com\"" EXIM "${run{x}}@example.com" EXIM "%s%%1@example.com" EXIM
     "*@example.com" EXIM "a//b@example.com" EXIM "\303\251@example.com" EXIM},
    {"hostile-kumomta", HEED_EXPORT_KUMOMTA, "hostile", 10,
     "{\n\"\\\"\\u0023c\\\"@example.com\"" KUMOMTA ",\n\"\\u0023c@example.com\"" KUMOMTA
     ",\n\"\\\"a b\\\"@example.com\"" KUMOMTA ",\n\"a b@example.com\"" KUMOMTA
     ",\n\"\\\"co:lon\\\"@example.com\"" KUMOMTA ",\n\"co:lon@example.com\"" KUMOMTA
     ",\n\"\\\"q\\\\\\\"u\\\\\\\\\\\"@example.com\"" KUMOMTA ",\n\"q\\\"u\\\\@example.com\"" KUMOMTA
     ",\n\"\\u0023hash@example.com\"" KUMOMTA ",\n\"${run{x}}@example.com\"" KUMOMTA
     ",\n\"%s%%1@example.com\"" KUMOMTA ",\n\"*@example.com\"" KUMOMTA
     ",\n\"a\\u002f\\u002fb@example.com\"" KUMOMTA ",\n\"\303\251@example.com\"" KUMOMTA "\n}\n"},
};

/* Suppressed everywhere: a, "a\\b" (but allowed for news), "c,\"d". For news: n, B. For fair: a,
 * with an end. Over since 2020: old. Waiting: w. */
static void
fill(void)
{
    heed_test_database_do(
        test->database,
        "INSERT INTO heed_data.address_state (scope, address, domain, suppressed, allowed, reason, "
        "verdict, since, until, evidence_count, last_event_at, rule, policy_version) "
        "SELECT scope, address, 'example.com', suppressed, allowed, reason, verdict, "
        "'2026-01-02T03:04:05Z', until::timestamptz, 2, last::timestamptz, 'rule', 1 FROM (VALUES "
        "('', 'a@example.com', true, false, 'bad-mailbox', 'hard', NULL, '2026-02-02T03:04:05Z'), "
        "('', E'\"a\\\\\\\\b\"@example.com', true, false, 'bad-mailbox', 'hard', NULL, "
        "'2026-02-02T03:04:05Z'), "
        "('news', E'\"a\\\\\\\\b\"@example.com', false, true, NULL, NULL, NULL, NULL), "
        "('', E'\"c,\\\\\"d\"@example.com', true, false, 'manual', 'manual', NULL, "
        "'2026-02-02T03:04:05Z'), "
        "('news', 'n@example.com', true, false, 'abuse', 'complaint', NULL, NULL), "
        "('news', 'B@example.com', true, false, 'abuse', 'complaint', NULL, NULL), "
        "('fair', 'a@example.com', true, false, 'abuse', 'complaint', '2099-01-01Z', NULL), "
        "('', 'old@example.com', true, false, 'mailbox-full', 'soft', '2020-01-01Z', NULL), "
        "('', 'w@example.com', false, false, NULL, NULL, NULL, NULL)"
        ") AS row (scope, address, suppressed, allowed, reason, verdict, until, last)");
}

static void
test_row(const void *data)
{
    const Row *row = data;
    g_autofree char *got = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&got, &length);
    g_autoptr(GError) error = NULL;
    const HeedExportOptions options = {.format = row->format, .scope = row->scope};
    g_auto(HeedExported) exported = {0};

    heed_assert_done(heed_export(test->database, &options, out, &exported, &error), error);
    g_assert_cmpint(fclose(out), ==, 0);
    g_assert_cmpstr(got, ==, row->want);
    g_assert_cmpuint(exported.count, ==, row->count);
    free(g_steal_pointer(&got));
}

/* A scope of its own, for the time of the row; what holds everywhere is not asked for. */
static void
test_hostile_row(const void *data)
{
    heed_test_database_do(test->database, hostile);
    heed_test_database_do(test->database, "UPDATE heed_data.address_state SET suppressed = false "
                                          "WHERE suppressed AND scope = ''");
    test_row(data);
    heed_test_database_do(test->database,
                          "DELETE FROM heed_data.address_state WHERE scope = 'hostile'; UPDATE "
                          "heed_data.address_state SET suppressed = true WHERE scope = '' AND "
                          "reason IS NOT NULL");
}

static void
test_full_disk(void)
{
    g_autoptr(HeedFile) out = fopen("/dev/full", "w");
    g_autoptr(GError) error = NULL;
    const HeedExportOptions csv = {.format = HEED_EXPORT_CSV};
    const HeedExportOptions text = {.format = HEED_EXPORT_TEXT, .scope = ""};
    HeedExported exported;

    g_assert_nonnull(out);
    g_assert_false(heed_export(test->database, &csv, out, &exported, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_IO);
    g_assert_cmpstr(error->message, ==,
                    "cannot write the suppression list: No space left on device");
    g_clear_error(&error);
    {
        g_autoptr(HeedFile) null = fopen("/dev/null", "w");

        /* The connection is as good as before. */
        g_assert_true(heed_export(test->database, &text, null, &exported, &error));
        g_assert_cmpuint(exported.count, ==, 3);
    }
}

static const char *
find(const HeedSuppressedSet *set, const char *address)
{
    return heed_suppressed_set_find(set, address, strlen(address));
}

/* What cleaning compares with is what the export lists. */
static void
test_set(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedSuppressedSet) any =
        heed_suppressed_set_load(test->database, NULL, HEED_LIST_OF_ADDRESSES, true, &error);
    g_autoptr(HeedSuppressedSet) news = NULL;
    g_autoptr(HeedSuppressedSet) bare = NULL;

    g_assert_no_error(error);
    g_assert_cmpuint(heed_suppressed_set_count(any), ==, 5);
    g_assert_cmpstr(find(any, "a@example.com"), !=, NULL);
    g_assert_cmpstr(find(any, "\"a\\\\b\"@example.com"), ==, "hard bad-mailbox");
    g_assert_cmpstr(find(any, "\"c,\\\"d\"@example.com"), ==, "manual");
    g_assert_cmpstr(find(any, "n@example.com"), ==, "complaint abuse");
    g_assert_null(find(any, "old@example.com"));
    g_assert_null(find(any, "w@example.com"));
    news = heed_suppressed_set_load(test->database, "news", HEED_LIST_OF_ADDRESSES, true, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(heed_suppressed_set_count(news), ==, 4);
    g_assert_null(find(news, "\"a\\\\b\"@example.com"));
    g_assert_cmpstr(find(news, "a@example.com"), ==, "hard bad-mailbox");
    bare = heed_suppressed_set_load(test->database, NULL, HEED_LIST_OF_ADDRESSES, false, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(heed_suppressed_set_count(bare), ==, 5);
    g_assert_cmpstr(find(bare, "\"a\\\\b\"@example.com"), ==, "suppressed");
    g_assert_cmpstr(find(bare, "n@example.com"), ==, "suppressed");
    g_assert_null(find(bare, "old@example.com"));
}

/* More rows than the estimate expects. */
static void
test_underestimated_set(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedSuppressedSet) set = NULL;

    heed_test_database_do(test->database, "ANALYZE heed_data.address_state");
    heed_test_database_do(test->database,
                          "INSERT INTO heed_data.address_state (scope, address, domain, "
                          "suppressed, reason, verdict, rule, policy_version) SELECT '', 'user' || "
                          "n || '@example.net', 'example.net', true, 'bad-mailbox', 'hard', '', 1 "
                          "FROM generate_series(1, 50000) AS n");
    heed_test_database_do(
        test->database,
        "UPDATE pg_class SET reltuples = 1, relpages = 1000 WHERE relname = 'address_state'");
    set = heed_suppressed_set_load(test->database, NULL, HEED_LIST_OF_ADDRESSES, true, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(heed_suppressed_set_count(set), ==, 50005);
    for (unsigned i = 1; i <= 50000; i++) {
        g_autofree char *address = g_strdup_printf("user%u@example.net", i);

        g_assert_cmpstr(find(set, address), ==, "hard bad-mailbox");
    }
}

/* Ranges are read over one connection where the server grants no other. */
static void
test_one_connection(void)
{
    g_autofree char *conninfo = heed_test_database_conninfo_for(test, "heed_one");
    const HeedDatabaseOptions options = {.conninfo = conninfo};
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(HeedSuppressedSet) set = NULL;

    heed_test_database_do(test->database, "CREATE ROLE heed_one LOGIN CONNECTION LIMIT 1; "
                                          "GRANT pg_read_all_data TO heed_one");
    database = heed_database_open(&options, &error);
    g_assert_no_error(error);
    set = heed_suppressed_set_load(database, NULL, HEED_LIST_OF_ADDRESSES, true, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(heed_suppressed_set_count(set), ==, 50005);
    g_clear_pointer(&database, heed_database_close);
    heed_test_database_do(test->database, "DROP ROLE heed_one");
}

/* Moves the suppression from the first of the states to the last and back, until told to stop. */
static void *
move_to_and_fro(void *data)
{
    const int *stop = data;
    g_autoptr(HeedDatabase) database = heed_test_database_connect(test);

    while (__atomic_load_n(stop, __ATOMIC_SEQ_CST) == 0)
        heed_test_database_do(database,
                              "UPDATE heed_data.address_state SET suppressed = NOT suppressed "
                              "WHERE address IN ('user1@example.net', 'user50000@example.net')");
    return NULL;
}

/* What the connections see is of one moment. */
static void
test_one_moment(void)
{
    int stop = 0;
    GThread *mover;

    heed_test_database_do(test->database, "UPDATE heed_data.address_state SET suppressed = false "
                                          "WHERE address = 'user50000@example.net'");
    mover = g_thread_new("mover", move_to_and_fro, &stop);
    for (unsigned i = 0; i < 20; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(HeedSuppressedSet) set = heed_suppressed_set_load(
            test->database, NULL, HEED_LIST_OF_ADDRESSES, i % 2 == 0, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(heed_suppressed_set_count(set), ==, 50004);
        g_assert_true((find(set, "user1@example.net") != NULL) !=
                      (find(set, "user50000@example.net") != NULL));
    }
    __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
    (void)g_thread_join(mover);
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_new();
    heed_policy_free(heed_history_prepare(test));
    fill();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/export/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(hostile_rows); i++) {
        g_autofree char *path = g_strdup_printf("/export/%s", hostile_rows[i].name);

        g_test_add_data_func(path, &hostile_rows[i], test_hostile_row);
    }
    g_test_add_func("/export/full-disk", test_full_disk);
    g_test_add_func("/export/set", test_set);
    g_test_add_func("/export/underestimated-set", test_underestimated_set);
    g_test_add_func("/export/one-connection", test_one_connection);
    g_test_add_func("/export/one-moment", test_one_moment);
    status = g_test_run();
    heed_test_database_free(test);
    return status;
}
