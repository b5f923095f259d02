/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "ingest/source.h"
#include "tests/support/source_fixture.h"

static HeedMailbox *
maildir_make(const Folder *folder, const char *below)
{
    static const char *const parts[] = {"new", "cur", "tmp"};
    HeedMailbox *mailbox = heed_mailbox_new("test");

    mailbox->protocol = HEED_PROTOCOL_MAILDIR;
    mailbox->folder = folder_path_of(folder, below);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = g_build_filename(mailbox->folder, parts[i], NULL);

        g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
    }
    return mailbox;
}

static bool
exists(const Folder *folder, const char *below)
{
    g_autofree char *path = folder_path_of(folder, below);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
test_reads(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = maildir_make(&folder, "md");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    const HeedItem *item;
    int64_t epoch = -1;

    folder_write(&folder, "md/new/1700000000.M1.host", "Subject: new\n\nbody\n");
    folder_write(&folder, "md/cur/7.M2.host:2,FS", "Subject: cur\n\n");
    folder_write(&folder, "md/tmp/1700000001.M3.host", "half");
    folder_write(&folder, "md/new/.hidden", "no");
    source = source_opened(mailbox, NULL, &epoch);
    items = source_drain(source);
    g_assert_cmpint(epoch, ==, 0);
    g_assert_cmpuint(items->len, ==, 2);
    item = g_ptr_array_index(items, 0);
    g_assert_cmpstr(item->uid, ==, "1700000000.M1.host");
    g_assert_cmpint(item->received_at, ==, 1700000000);
    g_assert_cmpuint(item->size, ==, 19);
    item = g_ptr_array_index(items, 1);
    g_assert_cmpstr(item->uid, ==, "7.M2.host");
    g_assert_cmpint(item->received_at, >, 1700000000); /* the file's: 7 is no time */
}

/* Remembers the sizes of windows; knows every uid that ends in "5". */
static bool
know_some(void *data, const GPtrArray *uids, GArray *out_known, GError **error)
{
    size_t *largest = data;

    (void)error;
    *largest = MAX(*largest, uids->len);
    g_array_set_size(out_known, uids->len);
    for (size_t i = 0; i < uids->len; i++)
        g_array_index(out_known, bool, i) = g_str_has_suffix(g_ptr_array_index(uids, i), "5");
    return true;
}

static void
test_windows(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = maildir_make(&folder, "md");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GPtrArray) unreadable = g_ptr_array_new();
    size_t largest = 0;
    HeedSourceHost host = {.known = know_some, .data = &largest};
    HeedResume resume = {.unreadable = unreadable};

    for (unsigned i = 0; i < 2500; i++) {
        g_autofree char *below = g_strdup_printf("md/%s/1700000000.%u", i % 2 ? "new" : "cur", i);

        folder_write(&folder, below, "Subject: x\n\n");
    }
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "1700000000.25");
    source = source_opened(mailbox, &host, NULL);
    source->ops->resume(source, &resume);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 2500 - 250 + 1);
    g_assert_cmpuint(largest, ==, 1000);
}

/* The host hears when it was asked about all that is there, and only then. */
static void
test_listed(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = maildir_make(&folder, "md");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *cur = folder_path_of(&folder, "md/cur");
    Listener listener = {0};
    HeedSourceHost host = listener_host(&listener);

    for (unsigned i = 0; i < 1500; i++) {
        g_autofree char *below = g_strdup_printf("md/%s/1700000000.%u", i % 2 ? "new" : "cur", i);

        folder_write(&folder, below, "Subject: x\n\n");
    }
    source = source_opened(mailbox, &host, NULL);
    for (unsigned i = 0; i < 2; i++) {
        g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};

        g_assert_cmpint(source->ops->next(source, &item, &error), ==, HEED_NEXT_ITEM);
        g_assert_cmpuint(listener.told, ==, 0);
    }
    g_ptr_array_unref(source_drain(source));
    g_ptr_array_unref(source_drain(source));
    g_assert_cmpuint(listener.told, ==, 1);
    g_assert_cmpuint(listener.listed, ==, 1500);
    g_assert_true(source->ops->wait(source, 0, -1, &error));
    g_ptr_array_unref(source_drain(source));
    g_assert_cmpuint(listener.told, ==, 2);
    g_assert_cmpuint(listener.listed, ==, 1500);
    /* A folder that is not there says nothing of its mail. */
    folder_remove(cur);
    g_assert_true(source->ops->wait(source, 0, -1, &error));
    for (HeedNext next = HEED_NEXT_ITEM; next == HEED_NEXT_ITEM;) {
        g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};

        next = source->ops->next(source, &item, &error);
        g_assert_cmpint(next, !=, HEED_NEXT_END);
    }
    g_assert_error(error, HEED_ERROR, HEED_ERROR_IO);
    g_assert_cmpuint(listener.told, ==, 2);
}

/* What was unreadable and is no longer there is given out as gone, behind all others. */
static void
test_gone(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = maildir_make(&folder, "md");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GPtrArray) unreadable = g_ptr_array_new();
    size_t largest = 0;
    HeedSourceHost host = {.known = know_some, .data = &largest};
    HeedResume resume = {.unreadable = unreadable};
    const HeedItem *item;

    folder_write(&folder, "md/cur/1.5:2,S", "Subject: x\n\n");
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "1.5");
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "2.5");
    source = source_opened(mailbox, &host, NULL);
    source->ops->resume(source, &resume);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 2);
    item = g_ptr_array_index(items, 0);
    g_assert_cmpstr(item->uid, ==, "1.5");
    g_assert_false(item->gone);
    item = g_ptr_array_index(items, 1);
    g_assert_cmpstr(item->uid, ==, "2.5");
    g_assert_true(item->gone);
    g_assert_null(item->bytes);
}

static void
test_large_and_unreadable(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = maildir_make(&folder, "md");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autofree char *large = g_strnfill(HEED_LIMIT_MESSAGE_BYTES + 10, 'x');
    g_autofree char *directory = folder_path_of(&folder, "md/cur/2.unreadable");
    const HeedItem *item;

    folder_write(&folder, "md/new/1.large", large);
    g_assert_cmpint(g_mkdir(directory, 0700), ==, 0);
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 2);
    item = g_ptr_array_index(items, 0);
    g_assert_true(item->truncated);
    g_assert_cmpuint(item->size, ==, HEED_LIMIT_MESSAGE_BYTES + 10);
    g_assert_cmpuint(g_bytes_get_size(item->bytes), ==, HEED_LIMIT_MESSAGE_BYTES);
    item = g_ptr_array_index(items, 1);
    g_assert_null(item->bytes);
    g_assert_nonnull(item->detail);
}

static void
test_not_a_maildir(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("test");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GError) error = NULL;
    int64_t epoch = 0;

    mailbox->protocol = HEED_PROTOCOL_MAILDIR;
    mailbox->folder = g_strdup(folder.path);
    source = heed_source_new(mailbox, NULL);
    g_assert_false(source->ops->open(source, &epoch, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT);
}

/* What is done with two messages, one new and one in cur with flags, and where they are then. */
typedef struct AckCase {
    const char *name;
    const char *maildir;
    HeedOnDone what;
    const char *folder;
    const char *there[2];
    const char *gone[2];
} AckCase;

static const AckCase ack_cases[] = {
    {"leave",
     "md",
     HEED_ON_DONE_LEAVE,
     NULL,
     {"md/new/1.new", "md/cur/2.cur:2,FT"},
     {"md/cur/1.new", "md/new/2.cur"}},
    {"seen",
     "md",
     HEED_ON_DONE_SEEN,
     NULL,
     {"md/cur/1.new:2,S", "md/cur/2.cur:2,FST"},
     {"md/new/1.new", "md/cur/2.cur:2,FT"}},
    {"delete",
     "md",
     HEED_ON_DONE_DELETE,
     NULL,
     {"md/new", "md/cur"},
     {"md/new/1.new", "md/cur/2.cur:2,FT"}},
    {"move",
     "md",
     HEED_ON_DONE_MOVE,
     "Heed/Done",
     {"md/.Heed.Done/cur/1.new:2,", "md/.Heed.Done/cur/2.cur:2,FT"},
     {"md/new/1.new", "md/cur/2.cur:2,FT"}},
    {"move-from-subfolder",
     "md/.Reports",
     HEED_ON_DONE_MOVE,
     "Größe",
     {"md/.Gr&APYA3w-e/cur/1.new:2,", "md/.Gr&APYA3w-e/maildirfolder"},
     {"md/.Reports/new/1.new", "md/.Reports/cur/2.cur:2,FT"}},
};

static void
test_acknowledge(gconstpointer data)
{
    const AckCase *row = data;
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = maildir_make(&folder, row->maildir);
    g_autofree char *first = g_strconcat(row->maildir, "/new/1.new", NULL);
    g_autofree char *second = g_strconcat(row->maildir, "/cur/2.cur:2,FT", NULL);
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;

    heed_mailbox_free(maildir_make(&folder, "md")); /* the outermost one of a subfolder */
    mailbox->on_done[0].what = row->what;
    mailbox->on_done[0].folder = g_strdup(row->folder);
    folder_write(&folder, first, "Subject: x\n\n");
    folder_write(&folder, second, "Subject: y\n\n");
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 2);
    source_acknowledge(source, items);
    source_acknowledge(source, items);
    for (size_t i = 0; i < 2; i++) {
        g_assert_true(exists(&folder, row->there[i]));
        g_assert_false(exists(&folder, row->gone[i]));
    }
}

static gpointer
deliver_late(gpointer folder)
{
    g_usleep(200000);
    folder_write(folder, "md/tmp/3.late", "Subject: late\n\n");
    {
        g_autofree char *from = folder_path_of(folder, "md/tmp/3.late");
        g_autofree char *to = folder_path_of(folder, "md/new/3.late");

        g_assert_cmpint(g_rename(from, to), ==, 0);
    }
    return NULL;
}

static void
test_wait(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(HeedMailbox) mailbox = maildir_make(&folder, "md");
    g_autoptr(HeedSource) source = source_opened(mailbox, NULL, NULL);
    g_autoptr(GPtrArray) before = source_drain(source);
    g_autoptr(GPtrArray) after = NULL;
    g_autoptr(GError) error = NULL;
    int64_t start = g_get_monotonic_time();
    GThread *thread = g_thread_new("late", deliver_late, &folder);

    g_assert_true(source->ops->wait(source, 30, -1, &error));
    (void)g_thread_join(thread);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
    after = source_drain(source);
    g_assert_cmpuint(before->len, ==, 0);
    g_assert_cmpuint(after->len, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/maildir/reads", test_reads);
    g_test_add_func("/maildir/windows", test_windows);
    g_test_add_func("/maildir/listed", test_listed);
    g_test_add_func("/maildir/gone", test_gone);
    g_test_add_func("/maildir/large-and-unreadable", test_large_and_unreadable);
    g_test_add_func("/maildir/not-a-maildir", test_not_a_maildir);
    for (size_t i = 0; i < G_N_ELEMENTS(ack_cases); i++) {
        g_autofree char *path = g_strconcat("/maildir/acknowledge/", ack_cases[i].name, NULL);

        g_test_add_data_func(path, &ack_cases[i], test_acknowledge);
    }
    g_test_add_func("/maildir/wait", test_wait);
    return g_test_run();
}
