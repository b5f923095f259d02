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
    const char *columns; /* names, "|" between them */
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

/* Lists with several columns of addresses. */
static const Row several_rows[] = {
    {"good", "n,work,home\n1,a@example.com,b@example.com\n2,c@example.com,\n3,,d@example.com\n",
     "work|home",
     "n,work,home\n1,a@example.com,b@example.com\n2,c@example.com,\n3,,d@example.com\n", ""},
    {"taken-out",
     "n,work,home\n1,gone@example.com,b@example.com\n2,c@example.com,GONE@example.com\n",
     "home|work", "n,work,home\n1,,b@example.com\n2,c@example.com,\n",
     "2,2,suppressed: hard bad-mailbox,gone@example.com\n"
     "3,3,suppressed: hard bad-mailbox,GONE@example.com\n"},
    {"removed",
     "n,work,home\n1,gone@example.com,nobody\n2,-,\n3,gone@example.com,no@b\303\274cher.example\n",
     "2|3", "n,work,home\n",
     "2,2,suppressed: hard bad-mailbox,gone@example.com\n2,3,not an address,nobody\n"
     "2,,suppressed: hard bad-mailbox,\"1,gone@example.com,nobody\"\n"
     "3,2,not an address,-\n3,,not an address,\"2,-,\"\n"
     "4,2,suppressed: hard bad-mailbox,gone@example.com\n"
     "4,3,suppressed: manual,no@b\303\274cher.example\n"
     "4,,suppressed: manual,\"3,gone@example.com,no@b\303\274cher.example\"\n"},
    {"no-address", "n,work,home\n1,,\n2, ,\"\"\n3\n", "work|home", "n,work,home\n",
     "2,,no address,\"1,,\"\n3,,no address,\"2, ,\"\"\"\"\"\n4,,no address,3\n"},
    {"too-few", "work,n,home\na@example.com\nb@example.com,1\n", "work|home",
     "work,n,home\na@example.com\nb@example.com,1\n", ""},
    {"same-in-both", "n,work,home\n1,a@example.com,A@example.com\n", "work|home",
     "n,work,home\n1,a@example.com,\n", "2,3,duplicate,A@example.com\n"},
    {"duplicates-across",
     "work,home\na@example.com,b@example.com\nb@example.com,c@example.com\n"
     "c@example.com,a@example.com\n",
     "work|home", "work,home\na@example.com,b@example.com\n,c@example.com\n",
     "3,1,duplicate,b@example.com\n4,1,duplicate,c@example.com\n4,2,duplicate,a@example.com\n"
     "4,,duplicate,\"c@example.com,a@example.com\"\n"},
    {"worst", "work,home\na@example.com,\na@example.com,gone@example.com\nnobody,a@example.com\n",
     "work|home", "work,home\na@example.com,\n",
     "3,1,duplicate,a@example.com\n3,2,suppressed: hard bad-mailbox,gone@example.com\n"
     "3,,suppressed: hard bad-mailbox,\"a@example.com,gone@example.com\"\n"
     "4,1,not an address,nobody\n4,2,duplicate,a@example.com\n"
     "4,,duplicate,\"nobody,a@example.com\"\n"},
    {"quotes",
     "work,note,home\r\n \"G, \"\"G\"\" <gone@example.com>\" ,\"x\r\n\"\"y\"\"\",\"b@example.com\"\r\n"
     "\"c@example.com\",2,\"gone@example.com\"\r\n",
     "work|home",
     "work,note,home\r\n,\"x\r\n\"\"y\"\"\",\"b@example.com\"\r\n\"c@example.com\",2,\r\n",
     "2,1,suppressed: hard bad-mailbox,\" \"\"G, \"\"\"\"G\"\"\"\" <gone@example.com>\"\" \"\n"
     "4,3,suppressed: hard bad-mailbox,\"\"\"gone@example.com\"\"\"\n"},
    {"quote-not-closed", "work,home\na@example.com,\"b\nc@example.com,\n", "work|home",
     "work,home\nc@example.com,\n", "2,,quote not closed,\"a@example.com,\"\"b\"\n"},
    {"mark-and-old-line-ends", "\357\273\277work;home\rgone@example.com;a@example.com\r\r", "1|2",
     "\357\273\277work;home\r;a@example.com\r\r",
     "2,1,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"tabs-no-header", "gone@example.com\tx\ta@example.com\nb@example.com\ty\tgone@example.com",
     "1|3", "\tx\ta@example.com\nb@example.com\ty\t",
     "1,1,suppressed: hard bad-mailbox,gone@example.com\n"
     "2,3,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"numbers-of-a-list-with-gaps", ",a@example.com\ngone@example.com,b@example.com\n", "1|2",
     ",a@example.com\n,b@example.com\n", "2,1,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"found-in-header", "E-Mail,Name,Email 2\na@example.com,A,gone@example.com\n", NULL,
     "E-Mail,Name,Email 2\na@example.com,A,\n",
     "2,3,suppressed: hard bad-mailbox,gone@example.com\n"},
    {"found-numbered", "email_1;email_2\ngone@example.com;a@example.com\n", NULL,
     "email_1;email_2\n;a@example.com\n", "2,1,suppressed: hard bad-mailbox,gone@example.com\n"},
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
clean(const char *content, size_t length, const char *columns)
{
    g_auto(GStrv) names = columns != NULL ? g_strsplit(columns, "|", -1) : NULL;
    g_autoptr(HeedSuppressedSet) set = make_set();
    g_autoptr(HeedFile) list = file_of(content, length);
    g_autoptr(HeedFile) out = tmpfile();
    g_autoptr(HeedFile) removed = tmpfile();
    const HeedCleanOptions options = {.list_name = "list",
                                      .columns = (const char *const *)names,
                                      .list = list,
                                      .out = out,
                                      .removed = removed};
    Outcome outcome = {0};
    bool done = heed_clean(set, &options, &outcome.counts, &outcome.error);

    g_assert_true(done == (outcome.error == NULL));
    outcome.kept = content_of(out);
    outcome.removed = content_of(removed);
    return outcome;
}

/* Each line was kept or removed, and each row of the removed is counted. */
static void
check_counts(const HeedCleaned *counts, const char *removed, bool several)
{
    uint64_t lines =
        counts->removed.suppressed + counts->removed.invalid + counts->removed.duplicate;
    uint64_t noted = 0;

    for (const char *row = strchr(removed, '\n') + 1; several && *row != '\0';
         row = strchr(row, '\n') + 1)
        noted += strstr(row, ",,") == strchr(row, ',');
    g_assert_cmpuint(counts->lines, ==, counts->kept + lines);
    if (several)
        g_assert_cmpuint(noted, ==, lines);
    g_assert_cmpuint(counts->unremembered, ==, 0);
}

static void
check_row(const Row *row, const char *header, bool several)
{
    g_auto(Outcome) outcome = clean(row->list, strlen(row->list), row->columns);
    g_autofree char *removed = g_strconcat(header, row->removed, NULL);

    g_assert_no_error(outcome.error);
    g_assert_cmpstr(outcome.kept->str, ==, row->want);
    g_assert_cmpstr(outcome.removed->str, ==, removed);
    check_counts(&outcome.counts, removed, several);
}

static void
test_row(const void *data)
{
    check_row(data, "line,reason,content\n", false);
}

static void
test_several_row(const void *data)
{
    check_row(data, "line,column,reason,content\n", true);
}

static void
note_found(const char *list_name, const char *columns)
{
    g_assert_cmpstr(list_name, ==, "list");
    g_assert_cmpstr(columns, ==, "\"email\", \"Email-2\"");
}

/* Which columns were taken is said, a house's are not, and each address is counted. */
static void
test_several_counted(void)
{
    static const char text[] = "email,address1,Email-2\na@example.com,1 Street,gone@example.com\n"
                               "b@example.com,2,A@example.com\nnobody,3,c@example.com\n-,4,-\n";
    g_autoptr(HeedSuppressedSet) set = make_set();
    g_autoptr(HeedFile) list = file_of(text, sizeof(text) - 1);
    g_autoptr(HeedFile) out = tmpfile();
    const HeedCleanOptions options = {
        .list_name = "list", .list = list, .out = out, .several = note_found};
    g_autoptr(GError) error = NULL;
    HeedCleaned counts = {0};

    g_assert_true(heed_clean(set, &options, &counts, &error));
    g_assert_cmpuint(counts.lines, ==, 5);
    g_assert_cmpuint(counts.kept, ==, 4);
    g_assert_cmpuint(counts.shortened, ==, 3);
    g_assert_cmpuint(counts.removed.invalid, ==, 1);
    g_assert_cmpuint(counts.taken.suppressed, ==, 1);
    g_assert_cmpuint(counts.taken.duplicate, ==, 1);
    g_assert_cmpuint(counts.taken.invalid, ==, 1);
}

/* Of those that are remembered a duplicate is found, however late; the others are counted. */
static void
test_unremembered(void)
{
    static const char text[] = "a@example.com\nb@example.com\nb@example.com\na@example.com\n";
    g_autoptr(HeedSuppressedSet) set = make_set();
    g_autoptr(HeedFile) list = file_of(text, sizeof(text) - 1);
    g_autoptr(HeedFile) out = tmpfile();
    const HeedCleanOptions options = {
        .list_name = "list", .list = list, .out = out, .remembered = 1};
    g_autoptr(GError) error = NULL;
    HeedCleaned counts = {0};

    g_assert_true(heed_clean(set, &options, &counts, &error));
    g_assert_cmpuint(counts.kept, ==, 3);
    g_assert_cmpuint(counts.removed.duplicate, ==, 1);
    g_assert_cmpuint(counts.unremembered, ==, 2);
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
         "list: which column holds the address? name it with --column, or "
         "several with several: \"id\", \"name\""},
        {"a@example.com,b@example.com\n", 28, NULL,
         "list: which column holds the address? name it with --column, or "
         "several with several: 1, 2"},
        {"id,name\n1,Ann\n", 14, "email",
         "list: the list has no column \"email\"; it has \"id\", \"name\""},
        {"a@example.com,b@example.com,1\n", 30, "1|4",
         "list: the list has no column \"4\"; it has 1, 2, 3"},
        {"email,n,,,,,,,,,,,,,,,,\n", 24, "1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17",
         "list: more than 16 columns of addresses; name fewer with --column"},
        {"a@example.com,1\n", 16, "3", "list: the list has no column \"3\"; it has 1, 2"},
        {"\377\376a\0@\0", 6, NULL,
         "list: the list is UTF-16; convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"},
        {"a\0@\0", 4, NULL,
         "list: the list is UTF-16; convert it to UTF-8 first (iconv -f UTF-16LE -t UTF-8)"},
        {"\0a\0@\0", 5, NULL,
         "list: the list is UTF-16; convert it to UTF-8 first (iconv -f UTF-16BE -t UTF-8)"},
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

/* More lines than a batch has, packed. */
static void
test_several_gzip(void)
{
    g_autoptr(GString) list = g_string_new("email,email2\n");
    g_autoptr(GString) want = g_string_new("email,email2\n");
    g_autoptr(GByteArray) packed = g_byte_array_new();

    for (unsigned i = 0; i < 20000; i++) {
        g_string_append_printf(list, "user%u@example.com,gone@example.com\n", i);
        g_string_append_printf(want, "user%u@example.com,\n", i);
    }
    pack(packed, list->str, list->len);
    {
        g_auto(Outcome) outcome = clean((const char *)packed->data, packed->len, NULL);

        g_assert_no_error(outcome.error);
        g_assert_cmpstr(outcome.kept->str, ==, want->str);
        g_assert_cmpuint(outcome.counts.shortened, ==, 20000);
        g_assert_cmpuint(outcome.counts.taken.suppressed, ==, 20000);
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
    g_assert_cmpuint(outcome.counts.removed.invalid, ==, 1);
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
        g_assert_cmpuint(outcome.counts.removed.invalid, ==, 3);
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
    for (size_t i = 0; i < G_N_ELEMENTS(several_rows); i++) {
        g_autofree char *path = g_strdup_printf("/clean/several/%s", several_rows[i].name);

        g_test_add_data_func(path, &several_rows[i], test_several_row);
    }
    g_test_add_func("/clean/several-counted", test_several_counted);
    g_test_add_func("/clean/unremembered", test_unremembered);
    g_test_add_func("/clean/several-gzip", test_several_gzip);
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
