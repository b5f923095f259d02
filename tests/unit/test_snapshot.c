/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "suppress/snapshot.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

static HeedTestDatabase *test;
static GString *made; /* a snapshot of 5000 addresses, with reasons */
static int64_t made_from, made_until;

/* Where things stand in a snapshot; snapshot.h. */
#define AT_VERSION    8
#define AT_TEXT_BYTES 12
#define AT_SLOTS      32
#define AT_REASONS    60
#define AT_SUM        64
#define AT_SCOPE      104
#define AT_TABLE      4096

static GString *
make(const char *scope)
{
    g_autofree char *bytes = NULL;
    size_t length = 0;
    uint64_t count = 0;
    g_autoptr(GError) error = NULL;
    FILE *out = open_memstream(&bytes, &length);
    bool done = heed_snapshot_write(test->database, scope, out, &count, &error);
    GString *copy;

    g_assert_cmpint(fclose(out), ==, 0);
    heed_assert_done(done, error);
    copy = g_string_new_len(bytes, (gssize)length);
    free(g_steal_pointer(&bytes));
    return copy;
}

/* Reads them from a block of exactly their size. */
static HeedSuppressedSet *
read_copy(const GString *bytes, void **out_block, HeedSnapshotInfo *info, GError **error)
{
    *out_block = g_memdup2(bytes->str, bytes->len);
    return heed_snapshot_read(*out_block, bytes->len, info, error);
}

static const char *
find(const HeedSuppressedSet *set, const char *address)
{
    return heed_suppressed_set_find(set, address, strlen(address));
}

static void
test_what_was_written(void)
{
    g_autofree void *block = NULL;
    g_auto(HeedSnapshotInfo) info = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedSuppressedSet) set = read_copy(made, &block, &info, &error);

    g_assert_no_error(error);
    g_assert_null(info.scope);
    g_assert_cmpint(info.moment, >=, made_from);
    g_assert_cmpint(info.moment, <=, made_until);
    g_assert_cmpuint(heed_suppressed_set_count(set), ==, 5002);
    for (unsigned i = 1; i <= 5000; i++) {
        g_autofree char *address = g_strdup_printf("user%u@example.net", i);

        g_assert_cmpstr(find(set, address), ==, i % 2 == 0 ? "hard bad-mailbox" : "manual");
    }
    g_assert_cmpstr(find(set, "\"two words\"@example.com"), ==, "complaint abuse");
    g_assert_null(find(set, "old@example.com"));
    g_assert_null(find(set, "user5001@example.net"));
}

static void
test_scope(void)
{
    g_autoptr(GString) bytes = make("news");
    g_autofree void *block = NULL;
    g_auto(HeedSnapshotInfo) info = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedSuppressedSet) set = read_copy(bytes, &block, &info, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(info.scope, ==, "news");
    g_assert_cmpuint(heed_suppressed_set_count(set), ==, 5000);
    g_assert_null(find(set, "user1@example.net")); /* allowed for news */
    g_assert_null(find(set, "shop@example.com"));
    g_assert_nonnull(find(set, "user2@example.net"));
}

/* Nothing of an address is in the file, and no two files have a key in common. */
static void
test_unreadable(void)
{
    g_autoptr(GString) other = make(NULL);
    unsigned equal = 0;

    g_assert_null(memmem(made->str, made->len, "user", 4));
    g_assert_null(memmem(made->str, made->len, "example", 7));
    g_assert_cmpuint(other->len, ==, made->len);
    for (size_t at = AT_TABLE; at < made->len; at += 8)
        equal += made->str[at] != 0 && memcmp(made->str + at, other->str + at, 8) == 0;
    g_assert_cmpuint(equal, ==, 0);
}

static void
refuse(const GString *bytes, const char *want)
{
    g_autofree void *block = NULL;
    g_auto(HeedSnapshotInfo) info = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedSuppressedSet) set = read_copy(bytes, &block, &info, &error);

    g_assert_null(set);
    g_assert_null(info.scope);
    g_assert_error(error, HEED_ERROR, HEED_ERROR_DATA);
    if (want != NULL)
        g_assert_nonnull(strstr(error->message, want));
}

/* One bit of each byte before the table and of some in it. */
static void
test_damaged(void)
{
    g_autoptr(GString) bytes = g_string_new_len(made->str, (gssize)made->len);

    for (size_t at = 0; at < bytes->len; at += at < 256 ? 1 : 509) {
        bytes->str[at] ^= 4;
        refuse(bytes, NULL);
        bytes->str[at] ^= 4;
    }
}

static void
test_cut(void)
{
    static const size_t lengths[] = {0, 7, 8, 103, 104, 105, 4095, 4096, 4104, 8192};

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GString) bytes = g_string_new_len(made->str, (gssize)lengths[i]);

        refuse(bytes, lengths[i] < 104 ? "no snapshot" : "another size");
    }
    {
        g_autoptr(GString) bytes = g_string_new_len(made->str, (gssize)made->len);

        g_string_append_len(bytes, "12345678", 8);
        refuse(bytes, "another size");
    }
}

static void
put32(GString *bytes, size_t at, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(bytes->str + at, &value, sizeof(value));
}

/* Gives it the checksum it should have. */
static void
mend(GString *bytes)
{
    uint64_t sum;

    memset(bytes->str + AT_SUM, 0, sizeof(sum));
    sum = GUINT64_TO_LE(XXH3_64bits(bytes->str, bytes->len));
    memcpy(bytes->str + AT_SUM, &sum, sizeof(sum));
}

typedef struct Craft {
    const char *name;
    size_t at;
    uint32_t value;
    const char *want;
} Craft;

/* What has a good checksum all the same. */
static const Craft crafted[] = {
    {"version", AT_VERSION, 1, "version 1, and this program reads 2"},
    {"long-texts", AT_TEXT_BYTES, 0xffffffff, "another size"},
    {"longer-texts", AT_TEXT_BYTES, 5000, "another size"},
    {"no-texts", AT_TEXT_BYTES, 0, "its texts are none"},
    {"open-text", AT_TEXT_BYTES, 3, "its texts are none"},
    {"no-slots", AT_SLOTS, 0, "another size"},
    {"other-slots", AT_SLOTS, 5000, "another size"},
    {"many-slots", AT_SLOTS + 4, 1, "another size"},
    {"later-than-ever", 20, 0x80000000, "damaged"},
    {"scoped", 56, 2, "damaged"},
    {"many-reasons", AT_REASONS, 255, "damaged"},
    {"more-reasons", AT_REASONS, 9, "its texts are none"},
    {"control-character", AT_SCOPE + 4, 0x1b1b1b1b, "its texts are none"},
    {"not-utf8", AT_SCOPE + 4, 0xff41ff41, "its texts are none"},
};

static void
test_crafted(const void *data)
{
    const Craft *craft = data;
    g_autoptr(GString) bytes = g_string_new_len(made->str, (gssize)made->len);

    put32(bytes, craft->at, craft->value);
    mend(bytes);
    refuse(bytes, craft->want);
}

/* A table without an end would be looked through for ever. */
static void
test_full_table(void)
{
    g_autoptr(GString) bytes = g_string_new_len(made->str, (gssize)made->len);

    memset(bytes->str + AT_TABLE, 0x41, bytes->len - AT_TABLE);
    mend(bytes);
    refuse(bytes, "too full");
}

static void
test_files(void)
{
    g_autofree char *folder = g_dir_make_tmp("heed-snapshot.XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "list.snapshot", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(path, made->str, (gssize)made->len, NULL));
    {
        g_auto(HeedSnapshotInfo) info = {0};
        g_autoptr(HeedSuppressedSet) set = heed_snapshot_open(path, &info, &error);

        g_assert_no_error(error);
        g_assert_nonnull(find(set, "user1@example.net"));
    }
    for (unsigned i = 0; i < 3; i++) {
        g_auto(HeedSnapshotInfo) info = {0};
        int want = i == 0 ? HEED_ERROR_DATA : HEED_ERROR_NO_INPUT;

        if (i == 0)
            g_assert_true(g_file_set_contents(path, "", 0, NULL));
        else if (i == 1)
            g_assert_cmpint(remove(path), ==, 0);
        g_assert_null(heed_snapshot_open(i == 2 ? folder : path, &info, &error));
        g_assert_error(error, HEED_ERROR, want);
        g_assert_true(g_str_has_prefix(error->message, "'"));
        g_clear_error(&error);
    }
    g_assert_cmpint(remove(folder), ==, 0);
}

static void
test_full_disk(void)
{
    g_autoptr(HeedFile) out = fopen("/dev/full", "w");
    g_autoptr(GError) error = NULL;
    uint64_t count;

    g_assert_nonnull(out);
    g_assert_false(heed_snapshot_write(test->database, NULL, out, &count, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_IO);
}

static void
fill(void)
{
    heed_test_database_do(
        test->database,
        "INSERT INTO heed_data.address_state (scope, address, domain, suppressed, allowed, reason, "
        "verdict, until, policy_version) "
        "SELECT '', 'user' || n || '@example.net', 'example.net', true, false, "
        "CASE WHEN n % 2 = 0 THEN 'bad-mailbox' ELSE 'manual' END, "
        "CASE WHEN n % 2 = 0 THEN 'hard' ELSE 'manual' END, NULL::timestamptz, 1 "
        "FROM generate_series(1, 5000) AS n "
        "UNION ALL VALUES ('news', '\"two words\"@example.com', 'example.com', true, false, "
        "'abuse', 'complaint', NULL::timestamptz, 1), "
        "('shop', 'shop@example.com', 'example.com', true, false, 'abuse', 'complaint', "
        "'2099-01-01Z', 1), "
        "('', 'old@example.com', 'example.com', true, false, 'mailbox-full', 'soft', "
        "'2020-01-01Z', 1), "
        "('news', 'user1@example.net', 'example.net', false, true, NULL, NULL, NULL, 1)");
    /* As if there were few: the first table is too small. */
    heed_test_database_do(test->database,
                          "ANALYZE heed_data.address_state; UPDATE pg_class SET reltuples = 1 "
                          "WHERE relname = 'address_state'");
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_new();
    heed_policy_free(heed_history_prepare(test));
    fill();
    made_from = g_get_real_time() / G_USEC_PER_SEC;
    made = make(NULL);
    made_until = g_get_real_time() / G_USEC_PER_SEC;
    g_test_add_func("/snapshot/what-was-written", test_what_was_written);
    g_test_add_func("/snapshot/scope", test_scope);
    g_test_add_func("/snapshot/unreadable", test_unreadable);
    g_test_add_func("/snapshot/damaged", test_damaged);
    g_test_add_func("/snapshot/cut", test_cut);
    for (size_t i = 0; i < G_N_ELEMENTS(crafted); i++) {
        g_autofree char *path = g_strdup_printf("/snapshot/crafted/%s", crafted[i].name);

        g_test_add_data_func(path, &crafted[i], test_crafted);
    }
    g_test_add_func("/snapshot/full-table", test_full_table);
    g_test_add_func("/snapshot/files", test_files);
    g_test_add_func("/snapshot/full-disk", test_full_disk);
    status = g_test_run();
    g_string_free(made, TRUE);
    heed_test_database_free(test);
    return status;
}
