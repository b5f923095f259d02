/* SPDX-License-Identifier: Apache-2.0 */
/* The POP3 source against a real Dovecot: run through tests/support/with-dovecot. */
#include "base/error.h"
#include "base/limits.h"
#include "ingest/source.h"
#include "tests/support/dovecot_fixture.h"

static HeedMailbox *
mailbox_of(const char *user)
{
    return dovecot_mailbox("pop3s", user, "localhost");
}

static void
check_bytes(GBytes *bytes, const char *want, size_t length)
{
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, length);
    g_assert_true(memcmp(g_bytes_get_data(bytes, NULL), want, length) == 0);
}

static void
test_reads_all(gconstpointer scheme)
{
    g_autofree char *user = g_strdup_printf("pop-%s", (const char *)scheme);
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox(scheme, user, "localhost");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    const HeedItem *item;
    static const char want[] = "From: a@example.com\r\nSubject: 5\r\n\r\n.dot\r\nFrom body 5\r\n";

    dovecot_deliver_range(user, 1, 5);
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 5);
    item = g_ptr_array_index(items, 4);
    check_bytes(item->bytes, want, strlen(want));
    g_assert_cmpint(item->received_at, ==, HEED_DATE_UNKNOWN);
    g_assert_cmpint(item->position, ==, 0);
    g_assert_cmpuint(item->size, ==, strlen(want));
}

static void
test_empty(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("pop-empty");
    g_autoptr(HeedSource) source = source_opened(mailbox, NULL, NULL);
    g_autoptr(GPtrArray) items = source_drain(source);

    g_assert_cmpuint(items->len, ==, 0);
}

/* Says that every other uid is stored, and remembers how many it was asked for at once. */
static bool
know_every_other(void *data, const GPtrArray *uids, GArray *out_known, GError **error)
{
    size_t *largest = data;

    (void)error;
    *largest = MAX(*largest, uids->len);
    g_array_set_size(out_known, uids->len);
    for (size_t i = 0; i < uids->len; i++)
        g_array_index(out_known, bool, i) = i % 2 == 1;
    return true;
}

static void
test_asks_in_windows(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("pop-windows");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    size_t largest = 0;
    HeedSourceHost host = {.known = know_every_other, .data = &largest};

    dovecot_deliver_range("pop-windows", 1, 1100);
    source = source_opened(mailbox, &host, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 550);
    g_assert_cmpuint(largest, ==, 1000);
}

/* The host hears when it was asked about the whole list, of an empty maildrop too; a lost
 * connection makes no list whole. */
static void
test_listed(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("pop-listed");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(HeedItem) first = {.received_at = HEED_DATE_UNKNOWN};
    Listener listener = {0};
    HeedSourceHost host = listener_host(&listener);

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    dovecot_deliver_range("pop-listed", 1, 3);
    source = source_opened(mailbox, &host, NULL);
    g_assert_cmpint(source->ops->next(source, &first, &error), ==, HEED_NEXT_ITEM);
    dovecot_doveadm("kick pop-listed");
    g_assert_cmpuint(listener.told, ==, 0);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 2);
    g_assert_cmpuint(listener.told, ==, 1);
    g_assert_cmpuint(listener.listed, >=, 3);
    source_acknowledge(source, items);
    g_assert_true(source->ops->wait(source, 0, -1, &error));
    g_ptr_array_unref(source_drain(source));
    g_assert_cmpuint(listener.told, ==, 2);
    g_assert_cmpuint(listener.listed, ==, 1);
    dovecot_doveadm("expunge -u pop-listed mailbox INBOX all");
    g_assert_true(source->ops->wait(source, 0, -1, &error));
    g_ptr_array_unref(source_drain(source));
    g_assert_cmpuint(listener.told, ==, 3);
    g_assert_cmpuint(listener.listed, ==, 0);
}

/* What was unreadable is asked for although the store knows it; what is gone is said to be. */
static void
test_resume(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("pop-resume");
    g_autoptr(HeedSource) first = NULL;
    g_autoptr(HeedSource) second = NULL;
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GPtrArray) unreadable = g_ptr_array_new();
    HeedResume resume = {.unreadable = unreadable};
    size_t largest = 0;
    HeedSourceHost host = {.known = know_every_other, .data = &largest};

    dovecot_deliver_range("pop-resume", 1, 4);
    first = source_opened(mailbox, NULL, NULL);
    all = source_drain(first);
    g_clear_pointer(&first, heed_source_free);
    g_ptr_array_add(unreadable, ((HeedItem *)g_ptr_array_index(all, 1))->uid);
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "vanished");
    second = source_opened(mailbox, &host, NULL);
    second->ops->resume(second, &resume);
    items = source_drain(second);
    g_assert_cmpuint(items->len, ==, 4);
    for (guint i = 0; i < 4; i++)
        g_assert_true(((const HeedItem *)g_ptr_array_index(items, i))->gone == (i == 3));
    g_assert_cmpstr(((const HeedItem *)g_ptr_array_index(items, 3))->uid, ==, "vanished");
}

/* More than the limit is counted, not kept, and the connection goes on. */
static void
test_large_is_truncated(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("pop-large");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GString) mail = NULL;
    const HeedItem *item;

    mail = dovecot_deliver_large("pop-large", 1, ".All work and no play makes Jack a dull boy\r\n");
    dovecot_deliver_range("pop-large", 2, 2);
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 2);
    item = g_ptr_array_index(items, 0);
    g_assert_true(item->truncated);
    g_assert_cmpuint(item->size, ==, mail->len);
    check_bytes(item->bytes, mail->str, HEED_LIMIT_MESSAGE_BYTES);
}

/* Deleted means deleted on the server when acknowledge() comes back, and the rest can be read on.
 */
static void
test_delete(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("pop-delete");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(source_item_free);
    g_autoptr(GPtrArray) rest = NULL;

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    dovecot_deliver_range("pop-delete", 1, 6);
    source = source_opened(mailbox, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        g_autoptr(GError) error = NULL;
        HeedItem *item = g_new0(HeedItem, 1);

        g_assert_cmpint(source->ops->next(source, item, &error), ==, HEED_NEXT_ITEM);
        g_ptr_array_add(items, item);
    }
    g_ptr_array_remove_index(items, 0);
    source_acknowledge(source, items);
    dovecot_assert_count("pop-delete", "INBOX", "ALL", 4);
    source_acknowledge(source, items); /* messages that are gone count as done */
    rest = source_drain(source);
    g_assert_cmpuint(rest->len, ==, 3);
    source_acknowledge(source, rest);
    dovecot_assert_count("pop-delete", "INBOX", "ALL", 1);
}

static void
test_reconnects(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("pop-reconnect");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;

    dovecot_deliver_range("pop-reconnect", 1, 3);
    source = source_opened(mailbox, NULL, NULL);
    dovecot_doveadm("kick pop-reconnect");
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 3);
}

static void
test_wait(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("pop-wait");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) before = NULL;
    g_autoptr(GPtrArray) after = NULL;
    g_autoptr(GError) error = NULL;

    dovecot_deliver_range("pop-wait", 1, 1);
    source = source_opened(mailbox, NULL, NULL);
    before = source_drain(source);
    dovecot_deliver_range("pop-wait", 2, 2);
    g_assert_true(source->ops->wait(source, 1, -1, &error));
    after = source_drain(source);
    g_assert_cmpuint(before->len, ==, 1);
    g_assert_cmpuint(after->len, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/pop3/reads-all/pop3s", "pop3s", test_reads_all);
    g_test_add_data_func("/pop3/reads-all/pop3+starttls", "pop3+starttls", test_reads_all);
    g_test_add_func("/pop3/empty", test_empty);
    g_test_add_func("/pop3/asks-in-windows", test_asks_in_windows);
    g_test_add_func("/pop3/listed", test_listed);
    g_test_add_func("/pop3/resume", test_resume);
    g_test_add_func("/pop3/large-is-truncated", test_large_is_truncated);
    g_test_add_func("/pop3/delete", test_delete);
    g_test_add_func("/pop3/reconnects", test_reconnects);
    g_test_add_func("/pop3/wait", test_wait);
    return g_test_run();
}
