/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "suppress/export.h"
#include "suppress/policy.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#include <string.h>

static HeedTestDatabase *test;

#define WRITERS   3U
#define ADDRESSES 60

/* What somebody keeps who applies deltas: the rows of each address. */
typedef struct Copy {
    HeedExportOptions options;
    GHashTable *rows; /* address to its rows, sorted; both owned */
    HeedCursor cursor;
    HeedCursor since;
} Copy;

static void
copy_clear(Copy *copy)
{
    g_clear_pointer(&copy->rows, g_hash_table_unref);
    heed_cursor_clear(&copy->cursor);
    heed_cursor_clear(&copy->since);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Copy, copy_clear)

/* Caller frees with free(). */
static char *export(const HeedExportOptions *options, HeedCursor *cursor)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    g_auto(HeedExported) exported = {0};
    g_autoptr(GError) error = NULL;
    bool done = heed_export(test->database, options, out, &exported, &error);

    g_assert_cmpint(fclose(out), ==, 0);
    heed_assert_done(done, error);
    heed_cursor_clear(cursor);
    *cursor = exported.cursor;
    exported.cursor = (HeedCursor){0};
    return bytes;
}

/* Takes the address and what is kept of a line apart; whether it is an addition. */
static bool
read_line(const Copy *copy, const char *line, char **out_address, const char **out_row)
{
    bool added = true;

    *out_row = line;
    if (copy->options.since != NULL) {
        added = line[0] == '+' || g_str_has_prefix(line, "added,");
        *out_row = copy->options.format == HEED_EXPORT_CSV ? strchr(line, ',') + 1 : line + 1;
    }
    if (copy->options.format == HEED_EXPORT_CSV) {
        g_auto(GStrv) fields = g_strsplit(*out_row, ",", 3);

        *out_address = g_strdup(fields[1]);
    } else {
        *out_address = g_strdup(*out_row);
    }
    return added;
}

/* Fills an empty copy, or brings it up to date. */
static void
refresh(Copy *copy)
{
    char *text = export(&copy->options, &copy->cursor);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = copy->options.format == HEED_EXPORT_CSV;
         lines[i] != NULL && lines[i][0] != '\0'; i++) {
        g_autofree char *address = NULL;
        const char *row = NULL;
        bool added = read_line(copy, lines[i], &address, &row);
        const char *before;

        /* All that was told of an address before is void. */
        if (g_hash_table_add(seen, g_strdup(address)))
            g_hash_table_remove(copy->rows, address);
        if (!added)
            continue;
        before = g_hash_table_lookup(copy->rows, address);
        row = g_strconcat(before != NULL ? before : "", row, "\n", NULL);
        g_hash_table_replace(copy->rows, g_steal_pointer(&address), (char *)(uintptr_t)row);
    }
    heed_cursor_clear(&copy->since);
    {
        g_autofree char *cursor = heed_cursor_text(&copy->cursor);

        g_assert_true(heed_cursor_parse(cursor, &copy->since, NULL));
    }
    copy->options.since = &copy->since;
    free(text);
}

static Copy
make_copy(HeedExportFormat format, const char *scope)
{
    Copy copy = {.options = {.format = format, .scope = scope, .with_cursor = true},
                 .rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};

    return copy;
}

static int
compare_rows(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* All rows, sorted. Caller frees. */
static char *
contents(const Copy *copy)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    g_autoptr(GString) all = g_string_new(NULL);
    GHashTableIter walk;
    void *row;

    g_hash_table_iter_init(&walk, copy->rows);
    while (g_hash_table_iter_next(&walk, NULL, &row))
        g_ptr_array_add(rows, row);
    g_ptr_array_sort(rows, compare_rows);
    for (guint i = 0; i < rows->len; i++)
        g_string_append(all, g_ptr_array_index(rows, i));
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static void
assert_whole(const Copy *copy)
{
    g_auto(Copy) whole = make_copy(copy->options.format, copy->options.scope);
    g_autofree char *got = contents(copy);
    g_autofree char *want = NULL;

    refresh(&whole);
    want = contents(&whole);
    g_assert_cmpstr(got, ==, want);
}

static char *
delta(Copy *copy)
{
    HeedCursor ignored = {0};
    char *text = export(&copy->options, &ignored);
    char *copied = g_strdup(text);

    heed_cursor_clear(&ignored);
    free(text);
    return copied;
}

static void
suppress(HeedDatabase *database, const char *scope, const char *address)
{
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO heed_data.address_state (scope, address, domain, suppressed, reason, verdict, "
        "policy_version) VALUES ('%s', '%s', 'example.com', true, 'bad-mailbox', 'hard', 1)",
        scope, address);

    heed_test_database_do(database, sql);
}

static void
begin_anew(void)
{
    heed_test_database_do(test->database, "DELETE FROM heed_data.address_state");
}

/* What was open when the cursor was made, and commits later. */
static void
test_late_commit(void)
{
    g_autoptr(HeedDatabase) late = heed_test_database_connect(test);
    g_autoptr(HeedDatabase) never = heed_test_database_connect(test);
    g_auto(Copy) copy = make_copy(HEED_EXPORT_TEXT, NULL);
    g_autofree char *nothing = NULL;
    g_autofree char *got = NULL;

    begin_anew();
    heed_test_database_do(late, "BEGIN");
    suppress(late, "", "late@example.com");
    heed_test_database_do(never, "BEGIN");
    suppress(never, "", "never@example.com");
    suppress(test->database, "", "before@example.com");
    refresh(&copy);
    nothing = delta(&copy);
    g_assert_cmpstr(nothing, ==, "");
    heed_test_database_do(late, "COMMIT");
    heed_test_database_do(never, "ROLLBACK");
    got = delta(&copy);
    g_assert_cmpstr(got, ==, "+late@example.com\n");
    refresh(&copy);
    assert_whole(&copy);
}

static void
test_ends(void)
{
    g_auto(Copy) copy = make_copy(HEED_EXPORT_TEXT, NULL);
    g_autofree char *got = NULL;

    begin_anew();
    suppress(test->database, "", "a@example.com");
    suppress(test->database, "", "b@example.com");
    heed_test_database_do(test->database, "UPDATE heed_data.address_state SET until = "
                                          "clock_timestamp() + '300 ms' WHERE address ~ '^b'");
    refresh(&copy);
    g_usleep(400000);
    got = delta(&copy);
    g_assert_cmpstr(got, ==, "-b@example.com\n");
}

static void
test_scopes(void)
{
    g_auto(Copy) any = make_copy(HEED_EXPORT_CSV, NULL);
    g_auto(Copy) news = make_copy(HEED_EXPORT_TEXT, "news");
    g_auto(Copy) shop = make_copy(HEED_EXPORT_JSON, "shop");
    g_autofree char *of_news = NULL;
    g_autofree char *of_any = NULL;
    g_autofree char *of_shop = NULL;

    begin_anew();
    suppress(test->database, "", "a@example.com");
    suppress(test->database, "shop", "b@example.com");
    suppress(test->database, "news", "b@example.com");
    refresh(&any);
    refresh(&news);
    refresh(&shop);
    heed_test_database_do(test->database,
                          "INSERT INTO heed_data.address_state (scope, address, domain, "
                          "suppressed, allowed, policy_version) VALUES ('news', 'a@example.com', "
                          "'example.com', false, true, 1); DELETE FROM heed_data.address_state "
                          "WHERE scope = 'shop'");
    of_any = delta(&any);
    of_news = delta(&news);
    of_shop = delta(&shop);
    g_assert_cmpstr(of_any, ==,
                    "change,scope,address,domain,reason,verdict,since,until,evidence_count,"
                    "last_event_at\n"
                    "added,,a@example.com,example.com,bad-mailbox,hard,,,0,\n"
                    "added,news,b@example.com,example.com,bad-mailbox,hard,,,0,\n");
    g_assert_cmpstr(of_news, ==, "-a@example.com\n+b@example.com\n");
    g_assert_nonnull(strstr(of_shop, "{\"change\":\"removed\",\"scope\":null,\"address\":\"b@"));
}

static int writing;

/* One transaction of some changes, in order of the addresses. */
static void
write_some(HeedDatabase *database, GRand *random)
{
    static const char *const changes[] = {
        "INSERT INTO heed_data.address_state AS s (scope, address, domain, suppressed, reason, "
        "verdict, policy_version) VALUES ('SCOPE', 'NAME@example.com', 'example.com', true, "
        "'bad-mailbox', 'hard', 1) ON CONFLICT (scope, address) DO UPDATE SET suppressed = true, "
        "allowed = false, until = NULL, evidence_count = s.evidence_count + 1",
        "UPDATE heed_data.address_state SET suppressed = false WHERE scope = 'SCOPE' AND address = "
        "'NAME@example.com'",
        "DELETE FROM heed_data.address_state WHERE scope = 'SCOPE' AND address = 'NAME@example.com'",
        "UPDATE heed_data.address_state SET suppressed = false, allowed = true WHERE scope = 'SCOPE' "
        "AND address = 'NAME@example.com'",
        "UPDATE heed_data.address_state SET until = clock_timestamp() + '200 ms' WHERE scope = "
        "'SCOPE' AND address = 'NAME@example.com'"};
    static const char *const scopes[] = {"", "news", "shop"};

    int address = g_rand_int_range(random, 0, 20);

    heed_test_database_do(database, "BEGIN");
    for (; address < ADDRESSES; address += g_rand_int_range(random, 1, ADDRESSES / 2)) {
        int change = g_rand_int_range(random, 0, (int)G_N_ELEMENTS(changes));
        const char *scope = scopes[g_rand_int_range(random, 0, (int)G_N_ELEMENTS(scopes))];
        g_autofree char *name = g_strdup_printf("a%02d", address);
        g_autoptr(GString) sql = g_string_new(changes[change]);

        (void)g_string_replace(sql, "SCOPE", scope, 0);
        (void)g_string_replace(sql, "NAME", name, 0);

        heed_test_database_do(database, sql->str);
    }
    g_usleep((gulong)g_rand_int_range(random, 0, 20000));
    heed_test_database_do(database, g_rand_int_range(random, 0, 5) == 0 ? "ROLLBACK" : "COMMIT");
}

static void *
write_on(void *data)
{
    g_autoptr(HeedDatabase) database = heed_test_database_connect(test);
    g_autoptr(GRand) random = g_rand_new_with_seed(GPOINTER_TO_UINT(data));

    while (__atomic_load_n(&writing, __ATOMIC_SEQ_CST) != 0)
        write_some(database, random);
    return NULL;
}

/* A whole export and all deltas are the next whole export, whatever others write meanwhile. */
static void
test_concurrent(void)
{
    g_auto(Copy) text = make_copy(HEED_EXPORT_TEXT, NULL);
    g_auto(Copy) any = make_copy(HEED_EXPORT_CSV, NULL);
    g_auto(Copy) news = make_copy(HEED_EXPORT_CSV, "news");
    GThread *threads[WRITERS];
    int64_t end = g_get_monotonic_time() + 3 * G_USEC_PER_SEC;

    begin_anew();
    __atomic_store_n(&writing, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < WRITERS; i++)
        threads[i] = g_thread_new("writer", write_on, GUINT_TO_POINTER((guint)g_test_rand_int()));
    while (g_get_monotonic_time() < end) {
        refresh(&text);
        refresh(&any);
        refresh(&news);
    }
    __atomic_store_n(&writing, 0, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < WRITERS; i++)
        (void)g_thread_join(threads[i]);
    g_usleep(300000); /* what ends has ended, so that the last two exports are alike */
    refresh(&text);
    refresh(&any);
    refresh(&news);
    g_assert_cmpuint(g_hash_table_size(any.rows), >, 0);
    assert_whole(&text);
    assert_whole(&any);
    assert_whole(&news);
}

/* Only what an export says of a row makes it a change. */
static void
test_no_change(void)
{
    g_auto(Copy) copy = make_copy(HEED_EXPORT_CSV, NULL);
    g_autofree char *got = NULL;

    begin_anew();
    suppress(test->database, "", "a@example.com");
    refresh(&copy);
    heed_test_database_do(test->database,
                          "UPDATE heed_data.address_state SET rule = 'other', policy_version = 2; "
                          "INSERT INTO heed_data.address_state (scope, address, domain, "
                          "suppressed, policy_version) VALUES ('', 'waits@example.com', "
                          "'example.com', false, 1); UPDATE heed_data.address_state SET "
                          "evidence_count = 1 WHERE NOT suppressed");
    got = delta(&copy);
    g_assert_cmpstr(strchr(got, '\n'), ==, "\n");
}

static void
test_cursors_that_are_none(void)
{
    static const char *const texts[] = {"",
                                        "x",
                                        "1/d/-/1:1:",
                                        "2/d/-/1:1:/5",
                                        "1//-/1:1:/5",
                                        "1/d/x/1:1:/5",
                                        "1/d/=%zz/1:1:/5",
                                        "1/d/-/1:1/5",
                                        "1/d/-/0:1:/5",
                                        "1/d/-/2:1:/5",
                                        "1/d/-/1:9:9/5",
                                        "1/d/-/1:9:4,4/5",
                                        "1/d/-/1:9:4,/5",
                                        "1/d/-/1:9:,4/5",
                                        "1/d/-/1:9:4x/5",
                                        "1/d/-/1:99999999999999999999:/5",
                                        "1/d/-/1:1:/",
                                        "1/d/-/1:1:/-5",
                                        "1/d/-/1:1:/5/6"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(HeedCursor) cursor = {0};
        g_autoptr(GError) error = NULL;

        g_assert_false(heed_cursor_parse(texts[i], &cursor, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_USAGE);
        g_assert_null(cursor.snapshot);
    }
}

static void
test_cursors_of_others(void)
{
    static const struct {
        const char *cursor;
        const char *now;
        const char *want;
    } pairs[] = {
        {"1/d.1.5/-/7:9:8/5", "1/d.1.5/-/7:9:8/5", NULL},
        {"1/d.1.5/=a%2Fb%20c/7:9:8/5", "1/d.1.5/=a%2Fb%20c/10:10:/6", NULL},
        {"1/d.1.5/-/7:9:8/5", "1/d.2.5/-/10:10:/6", "another database"},
        {"1/d.1.5/-/7:9:8/5", "1/d.1.5/-/7:8:/6", "another database"},
        {"1/d.1.5/-/7:9:8/5", "1/d.1.5/=/10:10:/6", "another --scope"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_auto(HeedCursor) cursor = {0};
        g_auto(HeedCursor) now = {0};
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;

        g_assert_true(heed_cursor_parse(pairs[i].cursor, &cursor, NULL));
        g_assert_true(heed_cursor_parse(pairs[i].now, &now, NULL));
        text = heed_cursor_text(&cursor);
        g_assert_cmpstr(text, ==, pairs[i].cursor);
        g_assert_true(heed_cursor_check(&cursor, &now, &error) == (pairs[i].want == NULL));
        if (pairs[i].want == NULL)
            continue;
        g_assert_error(error, HEED_ERROR, HEED_ERROR_DATA);
        g_assert_nonnull(strstr(error->message, pairs[i].want));
    }
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_new();
    heed_policy_free(heed_history_prepare(test));
    g_test_add_func("/export-since/late-commit", test_late_commit);
    g_test_add_func("/export-since/ends", test_ends);
    g_test_add_func("/export-since/scopes", test_scopes);
    g_test_add_func("/export-since/no-change", test_no_change);
    g_test_add_func("/export-since/concurrent", test_concurrent);
    g_test_add_func("/export-since/cursors-that-are-none", test_cursors_that_are_none);
    g_test_add_func("/export-since/cursors-of-others", test_cursors_of_others);
    status = g_test_run();
    heed_test_database_free(test);
    return status;
}
