/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "ingest/mbox_reader.h"
#include "ingest/source.h"
#include "tests/support/source_fixture.h"

#include <fcntl.h>

#define FROM "From a@example.com Fri Jul  8 12:08:34 2011\n"

/* An mbox and its messages, with "|" between them and behind the last. */
typedef struct SplitCase {
    const char *name;
    const char *mbox;
    const char *want;
} SplitCase;

static const SplitCase split_cases[] = {
    {"empty", "", ""},
    {"one", FROM "Subject: x\n\nbody\n\n", "Subject: x\n\nbody\n|"},
    {"no-blank-at-end", FROM "Subject: x\n\nbody\n", "Subject: x\n\nbody\n|"},
    {"no-newline-at-end", FROM "Subject: x\n\nbody", "Subject: x\n\nbody|"},
    {"two", FROM "A: 1\n\nx\n\n" FROM "B: 2\n\ny\n\n", "A: 1\n\nx\n|B: 2\n\ny\n|"},
    {"two-blanks-kept-once", FROM "A: 1\n\nx\n\n\n" FROM "B: 2\n\n", "A: 1\n\nx\n\n|B: 2\n|"},
    {"crlf", "From a Fri Jul  8 12:08:34 2011\r\nA: 1\r\n\r\nx\r\n\r\n" FROM "B: 2\n\n",
     "A: 1\r\n\r\nx\r\n|B: 2\n|"},
    {"quoted", FROM "A: 1\n\n>From x\n>>From y\n> From z\n>Fro\n\n",
     "A: 1\n\nFrom x\n>From y\n> From z\n>Fro\n|"},
    {"from-without-blank", FROM "A: 1\n\nx\n" FROM "y\n\n", "A: 1\n\nx\n" FROM "y\n|"},
    {"from-without-date", FROM "A: 1\n\nx\n\nFrom here on it is text\n\n",
     "A: 1\n\nx\n\nFrom here on it is text\n|"},
    {"empty-message", FROM FROM "A: 1\n\n", "|A: 1\n|"},
    {"not-an-mbox", "A: 1\n\nx\n\n" FROM "y\n", "A: 1\n\nx\n\n" FROM "y\n|"},
    {"content-length-lies", FROM "Content-Length: 9999\n\nx\n\n" FROM "B: 2\n\n",
     "Content-Length: 9999\n\nx\n|B: 2\n|"},
    {"mozilla", "From - Fri Jul 08 12:08:34 2011\nA: 1\n\n", "A: 1\n|"},
};

static void
test_split(gconstpointer data)
{
    const SplitCase *row = data;
    g_auto(Folder) folder = folder_make();
    g_autofree char *path = folder_path_of(&folder, "mbox");
    g_autoptr(HeedMboxReader) reader = NULL;
    g_autoptr(GString) got = g_string_new(NULL);

    folder_write(&folder, "mbox", row->mbox);
    reader = heed_mbox_reader_new(open(path, O_RDONLY), 0, INT64_MAX);
    for (;;) {
        g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};
        g_autoptr(GError) error = NULL;
        HeedNext next = heed_mbox_reader_next(reader, &item, &error);

        g_assert_no_error(error);
        if (next == HEED_NEXT_END)
            break;
        g_assert_cmpuint(item.size, ==, g_bytes_get_size(item.bytes));
        g_string_append_len(got, g_bytes_get_data(item.bytes, NULL),
                            (gssize)g_bytes_get_size(item.bytes));
        g_string_append_c(got, '|');
    }
    g_assert_cmpstr(got->str, ==, row->want);
}

/* The date of a From_ line. */
static void
test_dates(void)
{
    static const struct {
        const char *line;
        int64_t want;
    } rows[] = {
        {"From a@example.com Fri Jul  8 12:08:34 2011\n", 1310126914},
        {"From a@example.com Fri Jul 08 12:08 2011\n", 1310126880},
        {"From a@example.com Fri Jul  8 12:08:34 2011 +0200\n", 1310119714},
        {"From a@example.com Fri Jul  8 12:08:34 -0730 2011\n", 1310153914},
        {"From a@example.com Fri Jul  8 12:08:34 CEST 2011\n", 1310126914},
        {"From a@example.com Fri Jul 32 12:08:34 2011\n", HEED_DATE_UNKNOWN},
        {"From a@example.com\n", HEED_DATE_UNKNOWN},
        {"From \n", HEED_DATE_UNKNOWN},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Folder) folder = folder_make();
        g_autofree char *path = folder_path_of(&folder, "mbox");
        g_autofree char *content = g_strconcat(rows[i].line, "A: 1\n\n", NULL);
        g_autoptr(HeedMboxReader) reader = NULL;
        g_auto(HeedItem) item = {.received_at = 0};

        folder_write(&folder, "mbox", content);
        reader = heed_mbox_reader_new(open(path, O_RDONLY), 0, INT64_MAX);
        g_assert_cmpint(heed_mbox_reader_next(reader, &item, NULL), ==, HEED_NEXT_ITEM);
        g_assert_cmpint(item.received_at, ==, rows[i].want);
    }
}

static HeedMailbox *
mailbox_of(const Folder *folder)
{
    HeedMailbox *mailbox = heed_mailbox_new("test");

    mailbox->protocol = HEED_PROTOCOL_MBOX;
    mailbox->folder = folder_path_of(folder, "mbox");
    return mailbox;
}

/* All that a source gives from a resume point on. */
static GPtrArray *
read_from(const HeedMailbox *mailbox, HeedResume *resume)
{
    int64_t epoch = 0;
    g_autoptr(HeedSource) source = source_opened(mailbox, NULL, &epoch);

    source->ops->resume(source, resume);
    resume->epoch = epoch;
    return source_drain(source);
}

static void
append(const Folder *folder, const char *text)
{
    g_autofree char *path = folder_path_of(folder, "mbox");
    FILE *file = fopen(path, "a");

    g_assert_nonnull(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void
test_resume(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = mailbox_of(&folder);
    HeedResume resume = {0};
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) none = NULL;
    g_autoptr(GPtrArray) more = NULL;
    g_autoptr(GPtrArray) anew = NULL;

    folder_write(&folder, "mbox", FROM "A: 1\n\n" FROM "B: 2\n\n");
    all = read_from(mailbox, &resume);
    g_assert_cmpuint(all->len, ==, 2);
    g_assert_cmpstr(((HeedItem *)g_ptr_array_index(all, 1))->uid, ==, "50");
    resume.position = ((HeedItem *)g_ptr_array_index(all, 1))->position;
    none = read_from(mailbox, &resume);
    g_assert_cmpuint(none->len, ==, 0);
    append(&folder, FROM "C: 3\n\n");
    more = read_from(mailbox, &resume);
    g_assert_cmpuint(more->len, ==, 1);
    /* The first message was deleted: everything has moved. */
    folder_write(&folder, "mbox", FROM "B: 2\n\n" FROM "C: 3\n\n" FROM "D: 4\n\n");
    anew = read_from(mailbox, &resume);
    g_assert_cmpuint(anew->len, ==, 3);
}

/* A later message was deleted, so the position stands in the middle of another. */
static void
test_resume_in_the_middle(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = mailbox_of(&folder);
    HeedResume resume = {0};
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) anew = NULL;

    folder_write(&folder, "mbox", FROM "A: 1\n\n" FROM "B: 2\n\n");
    all = read_from(mailbox, &resume);
    resume.position = ((HeedItem *)g_ptr_array_index(all, 1))->position - 7;
    anew = read_from(mailbox, &resume);
    g_assert_cmpuint(anew->len, ==, 2);
}

static void
test_large_is_truncated(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = mailbox_of(&folder);
    g_autofree char *line = g_strnfill(HEED_LIMIT_MESSAGE_BYTES + 100, 'x');
    g_autofree char *content = g_strconcat(FROM, line, "\n\n", FROM, "B: 2\n\n", NULL);
    HeedResume resume = {0};
    g_autoptr(GPtrArray) items = NULL;
    const HeedItem *item;

    folder_write(&folder, "mbox", content);
    items = read_from(mailbox, &resume);
    g_assert_cmpuint(items->len, ==, 2);
    item = g_ptr_array_index(items, 0);
    g_assert_true(item->truncated);
    g_assert_cmpuint(g_bytes_get_size(item->bytes), ==, HEED_LIMIT_MESSAGE_BYTES);
    g_assert_cmpuint(item->size, ==, HEED_LIMIT_MESSAGE_BYTES + 101);
}

static void
check_open_error(const Folder *folder, HeedError code, bool opens)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of(folder);
    g_autoptr(HeedSource) source = heed_source_new(mailbox, NULL);
    g_autoptr(GError) error = NULL;
    g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};
    int64_t epoch = 0;

    g_assert_true(source->ops->open(source, &epoch, &error) == opens);
    if (opens)
        g_assert_cmpint(source->ops->next(source, &item, &error), ==, HEED_NEXT_ERROR);
    g_assert_error(error, HEED_ERROR, (gint)code);
}

static void
test_errors(void)
{
    g_auto(Folder) folder = folder_make();

    check_open_error(&folder, HEED_ERROR_NO_INPUT, false);
    folder_write(&folder, "mbox", "Subject: a message, not an mbox\n\n");
    check_open_error(&folder, HEED_ERROR_DATA, true);
}

static void
test_wait(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = mailbox_of(&folder);
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) before = NULL;
    g_autoptr(GPtrArray) after = NULL;
    g_autoptr(GError) error = NULL;

    folder_write(&folder, "mbox", FROM "A: 1\n\n");
    source = source_opened(mailbox, NULL, NULL);
    before = source_drain(source);
    append(&folder, FROM "B: 2\n\n");
    g_assert_true(source->ops->wait(source, 1, -1, &error));
    after = source_drain(source);
    g_assert_cmpuint(before->len, ==, 1);
    g_assert_cmpuint(after->len, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(split_cases); i++) {
        g_autofree char *path = g_strconcat("/mbox/split/", split_cases[i].name, NULL);

        g_test_add_data_func(path, &split_cases[i], test_split);
    }
    g_test_add_func("/mbox/dates", test_dates);
    g_test_add_func("/mbox/resume", test_resume);
    g_test_add_func("/mbox/resume-in-the-middle", test_resume_in_the_middle);
    g_test_add_func("/mbox/large-is-truncated", test_large_is_truncated);
    g_test_add_func("/mbox/errors", test_errors);
    g_test_add_func("/mbox/wait", test_wait);
    return g_test_run();
}
