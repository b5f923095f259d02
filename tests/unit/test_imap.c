/* SPDX-License-Identifier: Apache-2.0 */
/* The IMAP source against a real Dovecot: run through tests/support/with-dovecot. */
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
    g_autofree char *none = NULL;
    HeedResume resume = {.position = 6, .unreadable = unreadable};

    dovecot_deliver_range("resume", 1, 8);
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "4");
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "2");
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "3");
    g_ptr_array_add(unreadable, (gpointer)(uintptr_t) "5");
    none = dovecot_shell("doveadm -c '%s' expunge -u resume mailbox INBOX 3,5",
                         dovecot_environment("CONF"));
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
    g_autoptr(GString) mail = g_string_new("Subject: large\r\n\r\n");
    const HeedItem *item;

    while (mail->len < HEED_LIMIT_MESSAGE_BYTES + 100000)
        g_string_append(mail, "All work and no play makes Jack a dull boy\r\n");
    dovecot_deliver("large", 1, mail->str, mail->len);
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

/* One way to be done with mail, and what the server has afterwards. */
typedef struct AckCase {
    const char *name;
    const char *host;
    HeedOnDone what;
    const char *folder;
    const char *inbox; /* how many messages stay */
    const char *unseen;
    const char *done; /* how many are in the folder */
} AckCase;

static const AckCase ack_cases[] = {
    {"leave", "localhost", HEED_ON_DONE_LEAVE, NULL, "4", "4", "0"},
    {"seen", "localhost", HEED_ON_DONE_SEEN, NULL, "4", "1", "0"},
    {"delete", "localhost", HEED_ON_DONE_DELETE, NULL, "1", "1", "0"},
    {"move", "localhost", HEED_ON_DONE_MOVE, "Heed/Done", "1", "1", "3"},
    {"move-by-copy", "127.0.0.5", HEED_ON_DONE_MOVE, "Heed/Done", "1", "1", "3"},
    {"move-by-copy-no-uidplus", "127.0.0.6", HEED_ON_DONE_MOVE, "Heed/Done", "1", "1", "3"},
    {"delete-no-uidplus", "127.0.0.6", HEED_ON_DONE_DELETE, NULL, "1", "1", "0"},
};

static void
test_acknowledge(gconstpointer data)
{
    const AckCase *row = data;
    g_autofree char *user = g_strdup_printf("ack-%s", row->name);
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", user, row->host);
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autofree char *inbox = NULL;
    g_autofree char *unseen = NULL;
    g_autofree char *done = NULL;

    mailbox->on_done[0].what = row->what;
    mailbox->on_done[0].folder = g_strdup(row->folder);
    dovecot_deliver_range(user, 1, 4);
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_ptr_array_remove_index(items, 1); /* the second one stays as it is */
    source_acknowledge(source, items);
    source_acknowledge(source, items); /* messages that are gone count as done */
    inbox = dovecot_count(user, "INBOX", "ALL");
    unseen = dovecot_count(user, "INBOX", "UNSEEN");
    g_assert_cmpstr(inbox, ==, row->inbox);
    g_assert_cmpstr(unseen, ==, row->unseen);
    if (row->folder != NULL) {
        done = dovecot_count(user, "Heed.Done", "ALL");
        g_assert_cmpstr(done, ==, row->done);
    }
}

/* Moves uids 1 to count, as a run does that goes on after a killed one. */
static void
move_again(HeedSource *source, unsigned count)
{
    g_autoptr(GStringChunk) texts = g_string_chunk_new(64);
    g_autoptr(GArray) acks = g_array_new(FALSE, TRUE, sizeof(HeedAck));
    g_autoptr(GError) error = NULL;

    for (unsigned i = 1; i <= count; i++) {
        g_autofree char *uid = g_strdup_printf("%u", i);
        HeedAck ack = {.uid = g_string_chunk_insert(texts, uid), .again = true};

        g_array_append_val(acks, ack);
    }
    (void)!source->ops->acknowledge(source, (const HeedAck *)acks->data, acks->len, &error);
    g_assert_no_error(error);
}

/*
 * Without MOVE, killed between COPY and EXPUNGE: what was copied is not copied again. 1, 2 and 5
 * were, and 2 is marked too; there is something else of the size and date of 3; 6 is the same as 5,
 * and must be there twice.
 */
static void
test_copied_before(gconstpointer host)
{
    g_autofree char *user = g_strdup_printf("copied-%s", (const char *)host);
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", user, host);
    g_autoptr(HeedSource) source = NULL;
    g_autofree char *none = NULL;
    g_autofree char *inbox = NULL;
    g_autofree char *done = NULL;
    g_autofree char *subjects = NULL;

    mailbox->on_done[0] = (HeedAckAction){HEED_ON_DONE_MOVE, g_strdup("Heed/Done")};
    dovecot_deliver_range(user, 1, 7);
    dovecot_deliver(user, 5, "Subject: 5\r\n\r\nsame\r\n", 20);
    dovecot_deliver(user, 6, "Subject: 5\r\n\r\nsame\r\n", 20);
    none =
        dovecot_shell("cd '%s/%s/Maildir' && touch -r new/*.M5.* new/*.M6.* && "
                      "doveadm -c '%s' mailbox create -u '%s' Heed.Done && "
                      "doveadm -c '%s' copy -u '%s' Heed.Done mailbox INBOX 1,2,5 && "
                      "doveadm -c '%s' flags add -u '%s' '\\Deleted' mailbox INBOX 2 && "
                      "sed s/3/8/ */*.M3.* >like && touch -r */*.M3.* like && "
                      "{ chown '%s' like || true; } && mv like .Heed.Done/new/1700000008.M8.test",
                      dovecot_environment("MAIL"), user, dovecot_environment("CONF"), user,
                      dovecot_environment("CONF"), user, dovecot_environment("CONF"), user,
                      dovecot_environment("OWNER"));
    source = source_opened(mailbox, NULL, NULL);
    move_again(source, 6);
    inbox = dovecot_count(user, "INBOX", "ALL");
    done = dovecot_count(user, "Heed.Done", "ALL");
    subjects = dovecot_shell("doveadm -c '%s' fetch -u '%s' hdr.subject mailbox Heed.Done all | "
                             "sed -n 's/^hdr.subject: //p' | sort | tr -d '\\n'",
                             dovecot_environment("CONF"), user);
    g_assert_cmpstr(inbox, ==, "1");
    g_assert_cmpstr(subjects, ==, "1234558");
    g_assert_cmpstr(done, ==, "7");
}

/* In a folder that is the same one by another name each message looks like its own copy. */
static void
test_copied_to_itself(void)
{
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", "alias", "127.0.0.5");
    g_autoptr(HeedSource) source = NULL;
    g_autofree char *none = NULL;
    g_autofree char *left = NULL;

    mailbox->on_done[0] = (HeedAckAction){HEED_ON_DONE_MOVE, g_strdup("Alias")};
    dovecot_deliver_range("alias", 1, 2);
    none = dovecot_shell("ln -s . '%s/alias/Maildir/.Alias'", dovecot_environment("MAIL"));
    source = source_opened(mailbox, NULL, NULL);
    move_again(source, 1);
    left = dovecot_count("alias", "INBOX", "ALL");
    g_assert_cmpstr(left, ==, "2");
}

/* A name that only the server's delimiter makes that of the folder itself: nothing is moved. */
static void
test_move_into_itself(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("itself");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *none = NULL;
    g_autofree char *left = NULL;
    HeedAck acks[] = {{.uid = "1", .disposition = HEED_DISPOSITION_DONE}};

    dovecot_deliver_range("itself", 1, 1);
    none = dovecot_shell("doveadm -c '%s' mailbox create -u itself Heed.In && "
                         "doveadm -c '%s' move -u itself Heed.In mailbox INBOX all",
                         dovecot_environment("CONF"), dovecot_environment("CONF"));
    g_free(mailbox->folder);
    mailbox->folder = g_strdup("Heed.In");
    mailbox->on_done[0] = (HeedAckAction){HEED_ON_DONE_MOVE, g_strdup("Heed/In")};
    g_assert_true(heed_mailbox_check(mailbox, NULL));
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 1);
    g_assert_false(source->ops->acknowledge(source, acks, G_N_ELEMENTS(acks), &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    left = dovecot_count("itself", "Heed.In", "UID 1");
    g_assert_cmpstr(left, ==, "1");
}

/* Somebody else's deleted mail survives where there is no UID EXPUNGE. */
static void
test_delete_spares_others(void)
{
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", "spare", "127.0.0.6");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autofree char *none = NULL;
    g_autofree char *left = NULL;
    g_autofree char *marked = NULL;

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    dovecot_deliver_range("spare", 1, 3);
    none = dovecot_shell("doveadm -c '%s' flags add -u spare '\\Deleted' mailbox INBOX 1",
                         dovecot_environment("CONF"));
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_ptr_array_remove_index(items, 0);
    source_acknowledge(source, items);
    left = dovecot_count("spare", "INBOX", "ALL");
    marked = dovecot_count("spare", "INBOX", "DELETED");
    g_assert_cmpstr(left, ==, "3");
    g_assert_cmpstr(marked, ==, "3");
}

/* Each disposition has an action of its own, and a folder with other letters. */
static void
test_dispositions(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("dispositions");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *inbox = NULL;
    g_autofree char *odd = NULL;
    HeedAck acks[] = {{.uid = "1", .disposition = HEED_DISPOSITION_DONE},
                      {.uid = "2", .disposition = HEED_DISPOSITION_UNRECOGNISED},
                      {.uid = "3", .disposition = HEED_DISPOSITION_QUARANTINED},
                      {.uid = "4", .disposition = HEED_DISPOSITION_UNREADABLE}};

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    mailbox->on_done[1] = (HeedAckAction){HEED_ON_DONE_MOVE, g_strdup("Größe & \xe2\x82\xac")};
    dovecot_deliver_range("dispositions", 1, 4);
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_true(source->ops->acknowledge(source, acks, G_N_ELEMENTS(acks), &error));
    g_assert_no_error(error);
    inbox = dovecot_count("dispositions", "INBOX", "ALL");
    odd = dovecot_count("dispositions", "Größe & \xe2\x82\xac", "ALL");
    g_assert_cmpstr(inbox, ==, "2");
    g_assert_cmpstr(odd, ==, "1");
}

/* The server ends the connection while the store works: the source goes on in a new one. */
static void
test_reconnects(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("reconnect");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autofree char *none = NULL;
    g_autofree char *inbox = NULL;

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    dovecot_deliver_range("reconnect", 1, 3);
    source = source_opened(mailbox, NULL, NULL);
    none = dovecot_shell("doveadm -c '%s' kick reconnect", dovecot_environment("CONF"));
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 3);
    g_free(none);
    none = dovecot_shell("doveadm -c '%s' kick reconnect", dovecot_environment("CONF"));
    source_acknowledge(source, items);
    inbox = dovecot_count("reconnect", "INBOX", "ALL");
    g_assert_cmpstr(inbox, ==, "0");
}

/* A message that was expunged meanwhile is passed over. */
static void
test_expunged_meanwhile(void)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of("expunged");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autofree char *none = NULL;
    g_autofree char *uids = NULL;

    dovecot_deliver_range("expunged", 1, 3);
    source = source_opened(mailbox, NULL, NULL);
    none = dovecot_shell("doveadm -c '%s' expunge -u expunged mailbox INBOX 2",
                         dovecot_environment("CONF"));
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
    for (size_t i = 0; i < G_N_ELEMENTS(ack_cases); i++) {
        g_autofree char *path = g_strconcat("/imap/acknowledge/", ack_cases[i].name, NULL);

        g_test_add_data_func(path, &ack_cases[i], test_acknowledge);
    }
    g_test_add_data_func("/imap/copied-before/uidplus", "127.0.0.5", test_copied_before);
    g_test_add_data_func("/imap/copied-before/plain", "127.0.0.6", test_copied_before);
    g_test_add_func("/imap/copied-before/itself", test_copied_to_itself);
    g_test_add_func("/imap/move-into-itself", test_move_into_itself);
    g_test_add_func("/imap/delete-spares-others", test_delete_spares_others);
    g_test_add_func("/imap/dispositions", test_dispositions);
    g_test_add_func("/imap/reconnects", test_reconnects);
    g_test_add_func("/imap/expunged-meanwhile", test_expunged_meanwhile);
    g_test_add_data_func("/imap/wait/idle", "localhost", test_wait);
    g_test_add_data_func("/imap/wait/polling", "127.0.0.7", test_wait);
    g_test_add_func("/imap/wait/woken", test_wait_woken);
    return g_test_run();
}
