/* SPDX-License-Identifier: Apache-2.0 */
/* What the IMAP source does with stored mail, on a real Dovecot: run through
 * tests/support/with-dovecot. */
#include "base/error.h"
#include "ingest/source.h"
#include "tests/support/dovecot_fixture.h"

/* One way to be done with mail, and what the server has afterwards. */
typedef struct AckCase {
    const char *name;
    const char *host;
    HeedOnDone what;
    const char *folder;
    unsigned inbox; /* how many messages stay */
    unsigned unseen;
    unsigned done; /* how many are in the folder */
} AckCase;

static const AckCase ack_cases[] = {
    {"leave", "localhost", HEED_ON_DONE_LEAVE, NULL, 4, 4, 0},
    {"seen", "localhost", HEED_ON_DONE_SEEN, NULL, 4, 1, 0},
    {"delete", "localhost", HEED_ON_DONE_DELETE, NULL, 1, 1, 0},
    {"move", "localhost", HEED_ON_DONE_MOVE, "Heed/Done", 1, 1, 3},
    {"move-by-copy", "127.0.0.5", HEED_ON_DONE_MOVE, "Heed/Done", 1, 1, 3},
    {"move-by-copy-no-uidplus", "127.0.0.6", HEED_ON_DONE_MOVE, "Heed/Done", 1, 1, 3},
    {"delete-no-uidplus", "127.0.0.6", HEED_ON_DONE_DELETE, NULL, 1, 1, 0},
};

static void
test_acknowledge(gconstpointer data)
{
    const AckCase *row = data;
    g_autofree char *user = g_strdup_printf("ack-%s", row->name);
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", user, row->host);
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;

    mailbox->on_done[0].what = row->what;
    mailbox->on_done[0].folder = g_strdup(row->folder);
    dovecot_deliver_range(user, 1, 4);
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_ptr_array_remove_index(items, 1); /* the second one stays as it is */
    source_acknowledge(source, items);
    source_acknowledge(source, items); /* messages that are gone count as done */
    dovecot_assert_count(user, "INBOX", "ALL", row->inbox);
    dovecot_assert_count(user, "INBOX", "UNSEEN", row->unseen);
    if (row->folder != NULL)
        dovecot_assert_count(user, "Heed.Done", "ALL", row->done);
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
    dovecot_assert_count(user, "INBOX", "ALL", 1);
    dovecot_assert_count(user, "Heed.Done", "ALL", 7);
    subjects = dovecot_shell("doveadm -c '%s' fetch -u '%s' hdr.subject mailbox Heed.Done all | "
                             "sed -n 's/^hdr.subject: //p' | sort | tr -d '\\n'",
                             dovecot_environment("CONF"), user);
    g_assert_cmpstr(subjects, ==, "1234558");
}

/* In a folder that is the same one by another name each message looks like its own copy. */
static void
test_copied_to_itself(void)
{
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", "alias", "127.0.0.5");
    g_autoptr(HeedSource) source = NULL;
    g_autofree char *none = NULL;

    mailbox->on_done[0] = (HeedAckAction){HEED_ON_DONE_MOVE, g_strdup("Alias")};
    dovecot_deliver_range("alias", 1, 2);
    none = dovecot_shell("ln -s . '%s/alias/Maildir/.Alias'", dovecot_environment("MAIL"));
    source = source_opened(mailbox, NULL, NULL);
    move_again(source, 1);
    dovecot_assert_count("alias", "INBOX", "ALL", 2);
}

/* A name that only the server's delimiter makes that of the folder itself: nothing is moved. */
static void
test_move_into_itself(void)
{
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", "itself", "localhost");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GError) error = NULL;
    HeedAck acks[] = {{.uid = "1", .disposition = HEED_DISPOSITION_DONE}};

    dovecot_deliver_range("itself", 1, 1);
    dovecot_doveadm("mailbox create -u itself Heed.In");
    dovecot_doveadm("move -u itself Heed.In mailbox INBOX all");
    g_free(mailbox->folder);
    mailbox->folder = g_strdup("Heed.In");
    mailbox->on_done[0] = (HeedAckAction){HEED_ON_DONE_MOVE, g_strdup("Heed/In")};
    g_assert_true(heed_mailbox_check(mailbox, NULL));
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 1);
    g_assert_false(source->ops->acknowledge(source, acks, G_N_ELEMENTS(acks), &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    dovecot_assert_count("itself", "Heed.In", "UID 1", 1);
}

/* Somebody else's deleted mail survives where there is no UID EXPUNGE. */
static void
test_delete_spares_others(void)
{
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", "spare", "127.0.0.6");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    dovecot_deliver_range("spare", 1, 3);
    dovecot_doveadm("flags add -u spare '\\Deleted' mailbox INBOX 1");
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_ptr_array_remove_index(items, 0);
    source_acknowledge(source, items);
    dovecot_assert_count("spare", "INBOX", "ALL", 3);
    dovecot_assert_count("spare", "INBOX", "DELETED", 3);
}

/* Each disposition has an action of its own, and a folder with other letters. */
static void
test_dispositions(void)
{
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", "dispositions", "localhost");
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GError) error = NULL;
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
    dovecot_assert_count("dispositions", "INBOX", "ALL", 2);
    dovecot_assert_count("dispositions", "Größe & \xe2\x82\xac", "ALL", 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(ack_cases); i++) {
        g_autofree char *path = g_strconcat("/imap-acknowledge/", ack_cases[i].name, NULL);

        g_test_add_data_func(path, &ack_cases[i], test_acknowledge);
    }
    g_test_add_data_func("/imap-acknowledge/copied-before/uidplus", "127.0.0.5",
                         test_copied_before);
    g_test_add_data_func("/imap-acknowledge/copied-before/plain", "127.0.0.6", test_copied_before);
    g_test_add_func("/imap-acknowledge/copied-before/itself", test_copied_to_itself);
    g_test_add_func("/imap-acknowledge/move-into-itself", test_move_into_itself);
    g_test_add_func("/imap-acknowledge/delete-spares-others", test_delete_spares_others);
    g_test_add_func("/imap-acknowledge/dispositions", test_dispositions);
    return g_test_run();
}
