/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "suppress/clean.h"
#include "suppress/suppressed_set.h"
#include "tests/support/check.h"

#include <gio/gio.h>
#include <string.h>

typedef struct Row {
    const char *name;
    const char *list;
    const char *column;
    const char *want;
    const char *removed; /* without its header */
} Row;

/* Suppressed in all of them: gone@example.com, "two words"@example.com, no@xn--bcher-kva.example.
 */
static const Row rows[] = {
    {"empty", "", NULL, "", ""},
    {"plain", "a@example.com\ngone@example.com\nb@example.com\n", NULL,
     "a@example.com\nb@example.com\n", "2,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"letter-case", "A@Example.COM\nGONE@EXAMPLE.com\n", NULL, "A@Example.COM\n",
     "2,suppressed: hard bad-mailbox,GONE@EXAMPLE.com\n"},
    {"line-ends", "a@example.com\r\ngone@example.com\r\n\r\nb@example.com", NULL,
     "a@example.com\r\n\r\nb@example.com", "2,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"old-line-ends", "a@example.com\rgone@example.com\r\rb@example.com", NULL,
     "a@example.com\r\rb@example.com", "2,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"old-line-ends-csv", "email,n\r\"gone@example.com\",\"1\r2\"\ra@example.com,\"3\"\r", NULL,
     "email,n\ra@example.com,\"3\"\r",
     "2,suppressed: hard bad-mailbox,\"\"\"gone@example.com\"\",\"\"1\r2\"\"\"\n"},
    {"last-line-removed", "a@example.com\ngone@example.com", NULL, "a@example.com\n",
     "2,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"remarks", "# people\n\n  \na@example.com\n# gone@example.com\n", NULL,
     "# people\n\n  \na@example.com\n# gone@example.com\n", ""},
    {"only-remarks", "# nobody\n\n", NULL, "# nobody\n\n", ""},
    {"spaces", " a@example.com \n\tgone@example.com\t\n", NULL, " a@example.com \n",
     "2,suppressed: hard bad-mailbox,\tgone@example.com\t\n"},
    {"display-names",
     "Ann <a@example.com>\n\"Gone, G.\" <gone@example.com>\nDoe, J <d@example.com>\n", NULL,
     "Ann <a@example.com>\nDoe, J <d@example.com>\n",
     "2,suppressed: hard bad-mailbox,\"\"\"Gone, G.\"\" <gone@example.com>\"\n"},
    {"angles-in-names", "\"<x>\" <a@example.com>\n<gone@example.com>\n", NULL,
     "\"<x>\" <a@example.com>\n", "2,suppressed: hard bad-mailbox,<gone@example.com>\n"},
    {"quoted-plain", "\"a@example.com\"\n\"gone@example.com\"\n", NULL, "\"a@example.com\"\n",
     "2,suppressed: hard bad-mailbox,\"\"\"gone@example.com\"\"\"\n"},
    {"quoted-local-part", "a@example.com\n\"Two Words\"@example.com\n", NULL, "a@example.com\n",
     "2,suppressed: complaint abuse,\"\"\"Two Words\"\"@example.com\"\n"},
    {"international", "a@example.com\nNo@b\303\274cher.example\n", NULL, "a@example.com\n",
     "2,suppressed: manual,No@b\303\274cher.example\n"},
    {"invalid", "a@example.com\nnobody\n@example.com\nb@example.com\n", NULL,
     "a@example.com\nb@example.com\n", "2,not an address,nobody\n3,not an address,@example.com\n"},
    {"duplicates",
     "a@example.com\nA@EXAMPLE.COM\nAnn <a@example.com>\ngone@example.com\n"
     "gone@example.com\n",
     NULL, "a@example.com\n",
     "2,duplicate,A@EXAMPLE.COM\n3,duplicate,Ann <a@example.com>\n"
     "4,suppressed: hard bad-mailbox,gone@example.com\n"
     "5,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"mark", "\357\273\277gone@example.com\na@example.com\n", NULL, "\357\273\277a@example.com\n",
     "1,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"header-of-one", "E-Mail\na@example.com\ngone@example.com\n", NULL, "E-Mail\na@example.com\n",
     "3,suppressed: hard bad-mailbox,gone@example.com\n"},

    {"csv", "id,Email Address,name\n1,a@example.com,Ann\n2,gone@example.com,\"G, o\"\n", NULL,
     "id,Email Address,name\n1,a@example.com,Ann\n",
     "3,suppressed: hard bad-mailbox,\"2,gone@example.com,\"\"G, o\"\"\"\n"},
    {"csv-house-address", "address,email\n1 Street,a@example.com\n2 Street,gone@example.com\n",
     NULL, "address,email\n1 Street,a@example.com\n",
     "3,suppressed: hard bad-mailbox,\"2 Street,gone@example.com\"\n"},
    {"csv-semicolon", "name;email\nA, B;a@example.com\nG;gone@example.com\n", NULL,
     "name;email\nA, B;a@example.com\n", "3,suppressed: hard bad-mailbox,G;gone@example.com\n"},
    {"csv-tab", "name\temail\nA\ta@example.com\nG\tgone@example.com\n", NULL,
     "name\temail\nA\ta@example.com\n", "3,suppressed: hard bad-mailbox,G\tgone@example.com\n"},
    {"csv-lines-in-quotes",
     "email,note\na@example.com,\"x\ny\"\ngone@example.com,\"p\r\n\"\"q\"\"\n\"\nb@example.com,\n",
     NULL, "email,note\na@example.com,\"x\ny\"\nb@example.com,\n",
     "4,suppressed: hard bad-mailbox,\"gone@example.com,\"\"p\r\n\"\"\"\"q\"\"\"\"\n\"\"\"\n"},
    {"csv-quoted-address",
     "n,email\n1,\"gone@example.com\"\n2, \"Ann \"\"A\"\" <a@example.com>\"\n", NULL,
     "n,email\n2, \"Ann \"\"A\"\" <a@example.com>\"\n",
     "2,suppressed: hard bad-mailbox,\"1,\"\"gone@example.com\"\"\"\n"},
    {"csv-quote-not-closed", "email,n\na@example.com,\"1\nb@example.com,2\n", NULL,
     "email,n\nb@example.com,2\n", "2,quote not closed,\"a@example.com,\"\"1\"\n"},
    {"csv-too-few", "n,email\n1\n2,a@example.com\n3,\n", NULL, "n,email\n2,a@example.com\n",
     "2,too few columns,1\n4,not an address,\"3,\"\n"},
    {"csv-blank-lines", "# export\n\nemail,n\n\na@example.com,1\n", NULL,
     "# export\n\nemail,n\n\na@example.com,1\n", ""},
    {"csv-no-header", "1,a@example.com\n2,gone@example.com\n", NULL, "1,a@example.com\n",
     "2,suppressed: hard bad-mailbox,\"2,gone@example.com\"\n"},
    {"csv-column", "email,work\nx@example.com,gone@example.com\ngone@example.com,a@example.com\n",
     "work", "email,work\ngone@example.com,a@example.com\n",
     "2,suppressed: hard bad-mailbox,\"x@example.com,gone@example.com\"\n"},
    {"csv-column-spelling", "n,Work_Mail\n1,gone@example.com\n", "work mail", "n,Work_Mail\n",
     "2,suppressed: hard bad-mailbox,\"1,gone@example.com\"\n"},
    {"csv-column-number", "x@example.com,gone@example.com\ny@example.com,a@example.com\n", "2",
     "y@example.com,a@example.com\n",
     "1,suppressed: hard bad-mailbox,\"x@example.com,gone@example.com\"\n"},
    {"csv-column-number-header", "n,whom\n1,gone@example.com\n", "2", "n,whom\n",
     "2,suppressed: hard bad-mailbox,\"1,gone@example.com\"\n"},
};

static HeedSuppressedSet *
make_set(void)
{
    static const char *const suppressed[][2] = {
        {"gone@example.com", "hard bad-mailbox"},
        {"\"two words\"@example.com", "complaint abuse"},
        {"no@xn--bcher-kva.example", "manual"},
    };
    g_autoptr(GError) error = NULL;
    HeedSuppressedSet *set = heed_suppressed_set_new(0, false, &error);

    g_assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(suppressed); i++)
        g_assert_true(heed_suppressed_set_add(set, suppressed[i][0], strlen(suppressed[i][0]),
                                              suppressed[i][1]));
    return set;
}

static FILE *
file_of(const char *content, size_t length)
{
    FILE *file = tmpfile();

    g_assert_nonnull(file);
    g_assert_cmpuint(fwrite(content, 1, length, file), ==, length);
    rewind(file);
    return file;
}

static GString *
content_of(FILE *file)
{
    GString *content = g_string_new(NULL);
    char buffer[4096];
    size_t length;

    rewind(file);
    while ((length = fread(buffer, 1, sizeof(buffer), file)) > 0)
        g_string_append_len(content, buffer, (gssize)length);
    return content;
}

typedef struct Outcome {
    GString *kept;
    GString *removed;
    HeedCleaned counts;
    GError *error;
} Outcome;

static void
outcome_clear(Outcome *outcome)
{
    g_string_free(outcome->kept, TRUE);
    g_string_free(outcome->removed, TRUE);
    g_clear_error(&outcome->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

static Outcome
clean(const char *content, size_t length, const char *column)
{
    g_autoptr(HeedSuppressedSet) set = make_set();
    g_autoptr(HeedFile) list = file_of(content, length);
    g_autoptr(HeedFile) out = tmpfile();
    g_autoptr(HeedFile) removed = tmpfile();
    const HeedCleanOptions options = {
        .list_name = "list", .column = column, .list = list, .out = out, .removed = removed};
    Outcome outcome = {0};
    bool done = heed_clean(set, &options, &outcome.counts, &outcome.error);

    g_assert_true(done == (outcome.error == NULL));
    outcome.kept = content_of(out);
    outcome.removed = content_of(removed);
    return outcome;
}

static void
test_row(const void *data)
{
    const Row *row = data;
    g_auto(Outcome) outcome = clean(row->list, strlen(row->list), row->column);
    g_autofree char *removed = g_strconcat("line,reason,content\n", row->removed, NULL);

    g_assert_no_error(outcome.error);
    g_assert_cmpstr(outcome.kept->str, ==, row->want);
    g_assert_cmpstr(outcome.removed->str, ==, removed);
    g_assert_cmpuint(outcome.counts.lines, ==,
                     outcome.counts.kept + outcome.counts.suppressed + outcome.counts.invalid +
                         outcome.counts.duplicate);
    g_assert_cmpuint(outcome.counts.unremembered, ==, 0);
}

static void
test_refused(void)
{
    static const struct {
        const char *list;
        size_t length;
        const char *column;
        const char *want;
    } lists[] = {
        {"id,name\n1,Ann\n", 14, NULL,
         "list: which column holds the address? name it with --column: \"id\", \"name\""},
        {"a@example.com,b@example.com\n", 28, NULL,
         "list: which column holds the address? name it with --column: 1, 2"},
        {"id,name\n1,Ann\n", 14, "email",
         "list: the list has no column \"email\"; it has \"id\", \"name\""},
        {"a@example.com,1\n", 16, "3", "list: the list has no column \"3\"; it has 1, 2"},
        {"\377\376a\0@\0", 6, NULL,
         "list: the list is UTF-16; convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_auto(Outcome) outcome = clean(lists[i].list, lists[i].length, lists[i].column);

        g_assert_error(outcome.error, HEED_ERROR, HEED_ERROR_DATA);
        g_assert_cmpstr(outcome.error->message, ==, lists[i].want);
        g_assert_cmpuint(outcome.kept->len, ==, 0);
    }
}

/* Appends a member. */
static void
pack(GByteArray *out, const char *text, size_t length)
{
    g_autoptr(GZlibCompressor) compressor = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 1);
    size_t room = length + length / 8 + 1000;
    g_autofree char *packed = g_malloc(room);
    gsize used = 0;
    gsize made = 0;

    g_assert_cmpint(g_converter_convert(G_CONVERTER(compressor), text, length, packed, room,
                                        G_CONVERTER_INPUT_AT_END, &used, &made, NULL),
                    ==, G_CONVERTER_FINISHED);
    g_assert_cmpuint(used, ==, length);
    g_byte_array_append(out, (const guint8 *)packed, (guint)made);
}

/* Many times the reader's buffer, in two members, the border within a line. */
static void
test_gzip(void)
{
    g_autoptr(GString) list = g_string_new("email\n");
    g_autoptr(GByteArray) packed = g_byte_array_new();
    size_t half;

    for (unsigned i = 0; i < 50000; i++)
        g_string_append_printf(list, "user%u.%u@example.com\n", i, i * 2654435761U);
    half = list->len / 2 + 3;
    pack(packed, list->str, half);
    pack(packed, list->str + half, list->len - half);
    {
        g_auto(Outcome) outcome = clean((const char *)packed->data, packed->len, NULL);

        g_assert_no_error(outcome.error);
        g_assert_cmpstr(outcome.kept->str, ==, list->str);
        g_assert_cmpuint(outcome.counts.lines, ==, 50001);
    }
}

/* What is cut or damaged is no shorter list, but an error. */
static void
test_bad_gzip(void)
{
    static const char list[] = "a@example.com\nb@example.com\n";
    g_autoptr(GByteArray) packed = g_byte_array_new();

    pack(packed, list, sizeof(list) - 1);
    for (guint length = 2; length < packed->len; length++) {
        g_auto(Outcome) outcome = clean((const char *)packed->data, length, NULL);

        g_assert_error(outcome.error, HEED_ERROR, HEED_ERROR_DATA);
        g_assert_cmpstr(outcome.error->message, ==, "list: the gzip file is cut");
    }
    g_byte_array_append(packed, (const guint8 *)"c@example.com\n", 14);
    for (unsigned i = 0; i < 2; i++) {
        g_auto(Outcome) outcome = clean((const char *)packed->data, packed->len, NULL);

        g_assert_error(outcome.error, HEED_ERROR, HEED_ERROR_DATA);
        g_assert_cmpstr(outcome.error->message, ==, "list: the gzip file is damaged");
        g_byte_array_set_size(packed, packed->len - (i == 0 ? 14U : 0U));
        packed->data[packed->len - 6] ^= 1; /* of the checksum */
    }
}

static void
test_nul(void)
{
    static const char list[] = "a@example.com\nb\0b@example.com\nc@example.com\n";
    g_auto(Outcome) outcome = clean(list, sizeof(list) - 1, NULL);

    g_assert_no_error(outcome.error);
    g_assert_cmpstr(outcome.kept->str, ==, "a@example.com\nc@example.com\n");
    g_assert_cmpuint(outcome.counts.invalid, ==, 1);
    g_assert_cmpuint(outcome.removed->len, ==, 20 + 35);
    g_assert_true(
        memcmp(outcome.removed->str + 20, "2,not an address,\"b\0b@example.com\"\n", 35) == 0);
}

/* A line too long stops nothing, wherever it stands in the reader's buffer. */
static void
test_long_lines(void)
{
    g_autoptr(GString) list = g_string_new("first@example.com\n");
    g_autofree char *endless = g_strnfill(3U * 1024 * 1024, 'x');
    g_autofree char *longest = g_strnfill(HEED_LIMIT_LIST_LINE_BYTES - 1, ' ');

    g_string_append_printf(list, "%s\nsecond@example.com\n", endless);
    g_string_append_printf(list, "%s\nthird@example.com\n", longest);
    g_string_append_printf(list, "%s \ngone@example.com\n%s", longest, endless);
    {
        g_auto(Outcome) outcome = clean(list->str, list->len, NULL);
        g_autofree char *want = g_strconcat("first@example.com\nsecond@example.com\n", longest,
                                            "\nthird@example.com\n", NULL);

        g_assert_no_error(outcome.error);
        g_assert_cmpstr(outcome.kept->str, ==, want);
        g_assert_cmpuint(outcome.counts.lines, ==, 8);
        g_assert_cmpuint(outcome.counts.invalid, ==, 3);
        g_assert_nonnull(strstr(outcome.removed->str, "\n2,line too long,xxx"));
        g_assert_nonnull(strstr(outcome.removed->str, "\n6,line too long,\"  "));
        g_assert_nonnull(strstr(outcome.removed->str, "\n7,suppressed: hard bad-mailbox,gone@"));
        g_assert_nonnull(strstr(outcome.removed->str, "\n8,line too long,xxx"));
    }
}

/* A quote that is never closed costs its own line only. */
static void
test_open_quote(void)
{
    g_autoptr(GString) list = g_string_new("email,note\na@example.com,\"open\n");
    g_autoptr(GString) want = g_string_new("email,note\n");

    for (unsigned i = 0; i < 20000; i++) {
        g_string_append_printf(list, "user%u@example.com,x\n", i);
        g_string_append_printf(want, "user%u@example.com,x\n", i);
    }
    {
        g_auto(Outcome) outcome = clean(list->str, list->len, NULL);

        g_assert_no_error(outcome.error);
        g_assert_cmpstr(outcome.kept->str, ==, want->str);
        g_assert_cmpstr(outcome.removed->str, ==,
                        "line,reason,content\n2,quote not closed,\"a@example.com,\"\"open\"\n");
    }
}

static void
test_write_failure(void)
{
    g_autoptr(HeedSuppressedSet) set = make_set();
    g_autoptr(HeedFile) list = file_of("a@example.com\n", 14);
    g_autoptr(HeedFile) out = fopen("/dev/full", "w");
    const HeedCleanOptions options = {.list_name = "list", .list = list, .out = out};
    g_autoptr(GError) error = NULL;
    HeedCleaned counts;

    g_assert_nonnull(out);
    g_assert_false(heed_clean(set, &options, &counts, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_IO);
    g_assert_cmpstr(error->message, ==, "cannot write the cleaned list: No space left on device");
}

static void
test_set(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedSuppressedSet) set = heed_suppressed_set_new(0, false, &error);
    unsigned found = 0;

    g_assert_no_error(error);
    for (unsigned i = 0; i < 100000; i++) {
        g_autofree char *address = g_strdup_printf("user%u@example.com", i);
        g_autofree char *reason = g_strdup_printf("reason %u", i / 100);

        g_assert_true(heed_suppressed_set_add(set, address, strlen(address), reason));
        g_assert_false(heed_suppressed_set_add(set, address, strlen(address), reason));
    }
    g_assert_cmpuint(heed_suppressed_set_count(set), ==, 100000);
    for (unsigned i = 0; i < 200000; i++) {
        g_autofree char *address = g_strdup_printf("user%u@example.com", i);
        g_autofree char *want =
            i < 25400 ? g_strdup_printf("reason %u", i / 100) : g_strdup("suppressed");
        const char *reason = heed_suppressed_set_find(set, address, strlen(address));

        if (i < 100000)
            g_assert_cmpstr(reason, ==, want);
        found += reason != NULL;
    }
    g_assert_cmpuint(found, ==, 100000);
}

static void
test_except(void)
{
    g_autoptr(HeedSuppressedSet) set = make_set();
    const HeedKeySecret *secret = heed_suppressed_set_secret(set);
    HeedAddressKey gone = heed_key_make(secret, "gone@example.com", 16);
    HeedAddressKey other = heed_key_make(secret, "other@example.com", 17);

    heed_suppressed_set_except(set, other);
    heed_suppressed_set_except(set, gone);
    heed_suppressed_set_except(set, gone);
    g_assert_cmpuint(heed_suppressed_set_count(set), ==, 2);
    g_assert_null(heed_suppressed_set_find_key(set, gone));
    g_assert_false(heed_suppressed_set_add_key(set, gone));
    g_assert_null(heed_suppressed_set_find_key(set, gone));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/clean/list/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/clean/refused", test_refused);
    g_test_add_func("/clean/gzip", test_gzip);
    g_test_add_func("/clean/bad-gzip", test_bad_gzip);
    g_test_add_func("/clean/nul", test_nul);
    g_test_add_func("/clean/long-lines", test_long_lines);
    g_test_add_func("/clean/open-quote", test_open_quote);
    g_test_add_func("/clean/write-failure", test_write_failure);
    g_test_add_func("/clean/set", test_set);
    g_test_add_func("/clean/except", test_except);
    return g_test_run();
}
