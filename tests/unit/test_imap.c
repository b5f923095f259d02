/* SPDX-License-Identifier: Apache-2.0 */
/* Reading with the IMAP source, against a real Dovecot: run through tests/support/with-dovecot. */
#include "base/error.h"
#include "base/limits.h"
#include "ingest/source.h"
#include "tests/support/dovecot_fixture.h"

static HeedMailbox *
mailbox_of(const char *user)
{
    return dovecot_mailbox("imaps", user, "localhost");
}

static void
test_reads_all(gconstpointer scheme)
{
    g_autofree char *user = g_strdup_printf("all-%s", (const char *)scheme);
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox(scheme, user, "localhost");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    const HeedItem *item;
    int64_t epoch = 0;

    dovecot_deliver_range(user, 1, 5);
    source = source_opened(mailbox, NULL, &epoch);
    g_assert_cmpint(epoch, >, 0);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 5);
    item = g_ptr_array_index(items, 4);
    g_assert_cmpstr(item->uid, ==, "5");
    g_assert_cmpint(item->position, ==, 5);
    g_assert_cmpint(item->received_at, >, 1600000000);
    g_assert_cmpuint(item->size, ==, g_bytes_get_size(item->bytes));
    g_assert_nonnull(
        g_strstr_len(g_bytes_get_data(item->bytes, NULL), (gssize)item->size, "Subject: 5\r\n"));
    g_assert_false(item->truncated);
}

static void
test_empty(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("empty");
    g_autoptr(HeedSource) source = source_opened(mailbox, NULL, NULL);
    g_autoptr(GPtrArray) items = source_drain(source);

    g_assert_cmpuint(items->len, ==, 0);
}

/* From the stored position on, and what was unreadable first: two of them are gone. */
static void
test_resume(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("resume");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GPtrArray) unreadable = g_ptr_array_new();
    g_autofree char *uids = NULL;
    HeedResume resume = {.position = 6, .unreadable = unreadable};

    dovecot_deliver_range("resume", 1, 8);
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "4");
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "2");
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "3");
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "5");
    dovecot_doveadm("expunge -u resume mailbox INBOX 3,5");
    source = source_opened(mailbox, NULL, &resume.epoch);
    source->ops->resume(source, &resume);
    items = source_drain(source);
    uids = source_uids(items);
    g_assert_cmpstr(uids, ==, "3 5 2 4 7 8 ");
    for (size_t i = 0; i < items->len; i++) {
        const HeedItem *item = g_ptr_array_index(items, i);

        g_assert_true(item->gone == (i < 2));
        g_assert_true((item->bytes == NULL) == (i < 2));
    }
    g_assert_cmpint(((const HeedItem *)g_ptr_array_index(items, 2))->position, ==, 6);
}

static void
test_resume_other_epoch(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("epoch");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    HeedResume resume = {.position = 2};

    dovecot_deliver_range("epoch", 1, 3);
    source = source_opened(mailbox, NULL, &resume.epoch);
    resume.epoch++;
    source->ops->resume(source, &resume);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 3);
}

/* A rebuilt folder has another UIDVALIDITY, and a lost connection does not hide that. */
static void
test_uid_validity_changes(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("validity");
    g_autoptr(HeedSource) first = NULL;
    g_autoptr(HeedSource) second = NULL;
    g_autofree char *none = NULL;
    int64_t before = 0;
    int64_t after = 0;

    dovecot_deliver_range("validity", 1, 2);
    first = source_opened(mailbox, NULL, &before);
    g_clear_pointer(&first, heed_source_free);
    g_usleep(1100000); /* Dovecot takes the time in seconds */
    none = dovecot_shell("rm -f '%s'/validity/Maildir/dovecot*", dovecot_environment("MAIL"));
    second = source_opened(mailbox, NULL, &after);
    g_assert_cmpint(before, !=, after);
}

static void
test_windows(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("windows");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;

    dovecot_deliver_range("windows", 1, 1300);
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 1300);
    for (size_t i = 0; i < items->len; i++) {
        const HeedItem *item = g_ptr_array_index(items, i);

        g_assert_cmpint(item->position, ==, (int64_t)i + 1);
        g_assert_nonnull(item->bytes);
    }
}

static void
test_large_is_truncated(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("large");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GString) mail = NULL;
    const HeedItem *item;

    mail = dovecot_deliver_large("large", 1, "All work and no play makes Jack a dull boy\r\n");
    dovecot_deliver_range("large", 2, 3);
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 3);
    item = g_ptr_array_index(items, 0);
    g_assert_true(item->truncated);
    g_assert_cmpuint(item->size, ==, mail->len);
    g_assert_cmpuint(g_bytes_get_size(item->bytes), ==, HEED_LIMIT_MESSAGE_BYTES);
    g_assert_false(((const HeedItem *)g_ptr_array_index(items, 1))->truncated);
}

/* The server ends the connection while the store works: the source goes on in a new one. */
static void
test_reconnects(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("reconnect");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    dovecot_deliver_range("reconnect", 1, 3);
    source = source_opened(mailbox, NULL, NULL);
    dovecot_doveadm("kick reconnect");
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 3);
    dovecot_doveadm("kick reconnect");
    source_acknowledge(source, items);
    dovecot_assert_count("reconnect", "INBOX", "ALL", 0);
}

/* A message that was expunged meanwhile is passed over. */
static void
test_expunged_meanwhile(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("expunged");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autofree char *uids = NULL;

    dovecot_deliver_range("expunged", 1, 3);
    source = source_opened(mailbox, NULL, NULL);
    dovecot_doveadm("expunge -u expunged mailbox INBOX 2");
    items = source_drain(source);
    uids = source_uids(items);
    g_assert_cmpstr(uids, ==, "1 3 ");
}

static gpointer
deliver_late(gpointer user)
{
    g_usleep(300000);
    dovecot_deliver_range(user, 2, 2);
    return NULL;
}

static void
test_wait(gconstpointer host)
{
    g_autofree char *user = g_strdup_printf("wait-%s", (const char *)host);
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", user, host);
    bool has_idle = g_strcmp0(host, "localhost") == 0;
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) before = NULL;
    g_autoptr(GPtrArray) after = NULL;
    g_autoptr(GError) error = NULL;
    int64_t start;
    GThread *thread;

    dovecot_deliver_range(user, 1, 1);
    source = source_opened(mailbox, NULL, NULL);
    before = source_drain(source);
    start = g_get_monotonic_time();
    thread = g_thread_new("late", deliver_late, user);
    g_assert_true(source->ops->wait(source, has_idle ? 30 : 1, -1, &error));
    g_assert_no_error(error);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
    (void)g_thread_join(thread);
    after = source_drain(source);
    g_assert_cmpuint(before->len, ==, 1);
    g_assert_cmpuint(after->len, ==, 1);
}

/* wait() ends when the caller wants something. */
static void
test_wait_woken(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("woken");
    g_autoptr(HeedSource) source = source_opened(mailbox, NULL, NULL);
    g_autoptr(GError) error = NULL;
    int64_t start = g_get_monotonic_time();
    int ends[2];

    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_cmpint(write(ends[1], "x", 1), ==, 1);
    g_assert_true(source->ops->wait(source, 30, ends[0], &error));
    g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/imap/reads-all/imaps", "imaps", test_reads_all);
    g_test_add_data_func("/imap/reads-all/imap+starttls", "imap+starttls", test_reads_all);
    g_test_add_func("/imap/empty", test_empty);
    g_test_add_func("/imap/resume", test_resume);
    g_test_add_func("/imap/resume-other-epoch", test_resume_other_epoch);
    g_test_add_func("/imap/uid-validity-changes", test_uid_validity_changes);
    g_test_add_func("/imap/windows", test_windows);
    g_test_add_func("/imap/large-is-truncated", test_large_is_truncated);
    g_test_add_func("/imap/reconnects", test_reconnects);
    g_test_add_func("/imap/expunged-meanwhile", test_expunged_meanwhile);
    g_test_add_data_func("/imap/wait/idle", "localhost", test_wait);
    g_test_add_data_func("/imap/wait/polling", "127.0.0.7", test_wait);
    g_test_add_func("/imap/wait/woken", test_wait_woken);
    return g_test_run();
}
