/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "ingest/source.h"
#include "tests/support/source_fixture.h"

#include <sys/stat.h>

static const char two_messages[] = "From a@example.com Fri Jul  8 12:08:34 2011\n"
                                   "Subject: one\n\nbody\n\n"
                                   "From b@example.com Fri Jul  8 12:08:35 2011\n"
                                   "Subject: two\n\nbody\n\n";

static HeedMailbox *
mailbox_of(const char *const *paths)
{
    HeedMailbox *mailbox = heed_mailbox_new("local");

    mailbox->protocol = HEED_PROTOCOL_PATHS;
    mailbox->paths = g_strdupv((char **)(uintptr_t)paths);
    return mailbox;
}

/* All items as lines "NAME SIZE", with the folder left out; unreadable ones as "NAME -". */
static char *
describe(const Folder *folder, const char *const *paths)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of(paths);
    g_autoptr(HeedSource) source = heed_source_new(mailbox, NULL);
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    int64_t epoch = -1;

    g_assert_true(source->ops->open(source, &epoch, &error));
    for (;;) {
        g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};
        HeedNext next = source->ops->next(source, &item, &error);

        g_assert_no_error(error);
        if (next == HEED_NEXT_END)
            return g_string_free(g_steal_pointer(&lines), FALSE);
        g_assert_cmpstr(item.uid, ==, item.source);
        g_assert_true((item.bytes == NULL) == (item.detail != NULL));
        g_string_append(lines, g_str_has_prefix(item.uid, folder->path)
                                   ? item.uid + strlen(folder->path) + 1
                                   : item.uid);
        if (item.bytes == NULL)
            g_string_append(lines, " -\n");
        else
            g_string_append_printf(lines, " %zu\n", g_bytes_get_size(item.bytes));
    }
}

static void
check(const Folder *folder, const char *below, const char *want)
{
    g_autofree char *path = folder_path_of(folder, below);
    const char *const paths[] = {path, NULL};
    g_autofree char *got = describe(folder, paths);

    g_assert_cmpstr(got, ==, want);
}

static void
test_kinds(void)
{
    g_auto(Folder) folder = folder_make();

    folder_write(&folder, "message.eml", "Subject: x\n\nFrom here on\n");
    folder_write(&folder, "some.mbox", two_messages);
    folder_write(&folder, "empty", "");
    check(&folder, "message.eml", "message.eml 25\n");
    check(&folder, "some.mbox", "some.mbox#1 19\nsome.mbox#2 19\n");
    check(&folder, "empty", "");
    check(&folder, "missing", "missing -\n");
}

static void
test_folders_sorted(void)
{
    g_auto(Folder) folder = folder_make();
    g_autofree char *loop = folder_path_of(&folder, "b/loop");

    folder_write(&folder, "b/2.eml", "Subject: 2\n\n");
    folder_write(&folder, "b/1.eml", "Subject: 1\n\n");
    folder_write(&folder, "a.eml", "Subject: a\n\n");
    folder_write(&folder, ".hidden", "Subject: h\n\n");
    folder_write(&folder, "c", two_messages);
    g_assert_cmpint(symlink(folder.path, loop), ==, 0);
    check(&folder, ".", "./a.eml 12\n./b/1.eml 12\n./b/2.eml 12\n./c#1 19\n./c#2 19\n");
}

static void
test_maildir(void)
{
    g_auto(Folder) folder = folder_make();

    folder_write(&folder, "md/new/1700000000.a.host", "Subject: n\n\n");
    folder_write(&folder, "md/cur/1700000000.b.host:2,S", "Subject: c\n\n");
    folder_write(&folder, "md/tmp/half", "Subject: t\n\n");
    folder_write(&folder, "md/dovecot.index.log", "no mail");
    check(&folder, "md", "md/cur/1700000000.b.host:2,S 12\nmd/new/1700000000.a.host 12\n");
}

/* One file that cannot be read does not end the rest. A dangling link is such a file for root too.
 */
static void
test_unreadable_goes_on(void)
{
    g_auto(Folder) folder = folder_make();
    g_autofree char *link = folder_path_of(&folder, "b.eml");

    folder_write(&folder, "a.eml", "Subject: a\n\n");
    folder_write(&folder, "c.eml", "Subject: c\n\n");
    g_assert_cmpint(symlink("/nonexistent/file", link), ==, 0);
    check(&folder, ".", "./a.eml 12\n./b.eml -\n./c.eml 12\n");
}

static void
test_fifo_in_folder(void)
{
    g_auto(Folder) folder = folder_make();
    g_autofree char *fifo = folder_path_of(&folder, "fifo");

    folder_write(&folder, "z.eml", "Subject: z\n\n");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    check(&folder, ".", "./fifo -\n./z.eml 12\n");
}

static void
test_standard_input(void)
{
    static const char *const paths[] = {"-", NULL};
    g_auto(Folder) folder = folder_make();
    g_autofree char *path = folder_path_of(&folder, "in");
    g_autofree char *got = NULL;

    folder_write(&folder, "in", two_messages);
    g_assert_nonnull(freopen(path, "r", stdin));
    got = describe(&folder, paths);
    g_assert_cmpstr(got, ==, "-#1 19\n-#2 19\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/paths/kinds", test_kinds);
    g_test_add_func("/paths/folders-sorted", test_folders_sorted);
    g_test_add_func("/paths/maildir", test_maildir);
    g_test_add_func("/paths/unreadable-goes-on", test_unreadable_goes_on);
    g_test_add_func("/paths/fifo-in-folder", test_fifo_in_folder);
    g_test_add_func("/paths/standard-input", test_standard_input);
    return g_test_run();
}
