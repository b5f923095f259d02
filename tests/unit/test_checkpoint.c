/* SPDX-License-Identifier: Apache-2.0 */
#include "db/checkpoint.h"
#include "tests/support/arrivals.h"
#include "tests/support/database.h"

static const HeedKeepRow keep_never[4] = {HEED_KEEP_ROW_NEVER, HEED_KEEP_ROW_NEVER,
                                          HEED_KEEP_ROW_NEVER, HEED_KEEP_ROW_NEVER};
static const HeedKeepRow keep_until_acked[4] = {HEED_KEEP_ROW_UNTIL_ACKED, HEED_KEEP_ROW_NEVER,
                                                HEED_KEEP_ROW_UNTIL_ACKED, HEED_KEEP_ROW_NEVER};
static const HeedKeepRow keep_while_there[4] = {
    HEED_KEEP_ROW_WHILE_THERE, HEED_KEEP_ROW_WHILE_THERE, HEED_KEEP_ROW_WHILE_THERE,
    HEED_KEEP_ROW_WHILE_THERE};

static HeedTestDatabase *
new_store(void)
{
    HeedTestDatabase *test = heed_test_database_migrated();

    heed_test_database_do(test->database, "SET ROLE heed_ingest");
    return test;
}

static HeedCheckpoint
load(HeedTestDatabase *test, const char *url)
{
    HeedCheckpoint checkpoint = {0};
    g_autoptr(GError) error = NULL;

    (void)!heed_checkpoint_load(test->database, "fbl", url, &checkpoint, &error);
    g_assert_no_error(error);
    return checkpoint;
}

/* One message for each letter: d done, u unrecognised, q quarantined, x unreadable; uids count from
 * first. */
static void
save(HeedTestDatabase *test,
     const HeedCheckpoint *checkpoint,
     unsigned first,
     const char *letters,
     const HeedKeepRow keep[4])
{
    g_autoptr(GPtrArray) arrivals =
        g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; letters[i] != '\0'; i++) {
        HeedArrival *arrival = heed_test_arrival_quarantined(first + i);

        arrival->epoch = checkpoint->epoch;
        arrival->disposition = letters[i] == 'd'   ? HEED_DISPOSITION_DONE
                               : letters[i] == 'u' ? HEED_DISPOSITION_UNRECOGNISED
                               : letters[i] == 'q' ? HEED_DISPOSITION_QUARANTINED
                                                   : HEED_DISPOSITION_UNREADABLE;
        g_ptr_array_add(arrivals, arrival);
    }
    (void)!heed_checkpoint_save(test->database, checkpoint->mailbox_id, arrivals, keep, &error);
    g_assert_no_error(error);
}

static void
assert_open(HeedTestDatabase *test, const HeedCheckpoint *checkpoint, const char *want)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) open =
        heed_checkpoint_open_messages(test->database, checkpoint, 100, &error);
    g_autoptr(GString) got = g_string_new(NULL);

    g_assert_no_error(error);
    for (guint i = 0; i < open->len; i++) {
        const HeedKnownMessage *message = g_ptr_array_index(open, i);

        g_string_append_printf(got, "%s:%d ", message->uid, (int)message->disposition);
    }
    g_assert_cmpstr(got->str, ==, want);
}

static GPtrArray *
uids_of(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    GPtrArray *uids = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; words[i] != NULL; i++)
        g_ptr_array_add(uids, g_strdup(words[i]));
    return uids;
}

static void
assert_known(HeedTestDatabase *test,
             const HeedCheckpoint *checkpoint,
             const char *asked,
             const char *want)
{
    g_autoptr(GPtrArray) uids = uids_of(asked);
    g_autoptr(GArray) known = g_array_new(FALSE, FALSE, sizeof(bool));
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) got = g_string_new(NULL);

    g_assert_true(heed_checkpoint_known(test->database, checkpoint, uids, known, &error));
    g_assert_cmpuint(known->len, ==, uids->len);
    for (guint i = 0; i < known->len; i++)
        g_string_append_c(got, g_array_index(known, bool, i) ? 'y' : 'n');
    g_assert_cmpstr(got->str, ==, want);
}

static void
test_position(void)
{
    g_autoptr(HeedTestDatabase) test = new_store();
    g_autoptr(GError) error = NULL;
    HeedCheckpoint checkpoint = load(test, "imaps://a@example.com/INBOX");

    g_assert_cmpint(checkpoint.epoch, ==, 0);
    g_assert_cmpint(checkpoint.position, ==, 0);
    g_assert_true(heed_checkpoint_set_epoch(test->database, checkpoint.mailbox_id, 77, &error));
    checkpoint = load(test, "imaps://a@example.com/INBOX");
    g_assert_cmpint(checkpoint.epoch, ==, 77);
    save(test, &checkpoint, 10, "du", keep_never);
    /* A batch that another poll has left behind moves nothing back. */
    save(test, &checkpoint, 5, "d", keep_never);
    checkpoint = load(test, "imaps://a@example.com/INBOX");
    g_assert_cmpint(checkpoint.position, ==, 11);
    assert_open(test, &checkpoint, "");
    /* The same epoch again forgets nothing, another all; so does another url. */
    g_assert_true(heed_checkpoint_set_epoch(test->database, checkpoint.mailbox_id, 77, &error));
    save(test, &checkpoint, 12, "x", keep_never);
    assert_open(test, &checkpoint, "12:3 ");
    g_assert_cmpint(load(test, "imaps://a@example.com/INBOX").position, ==, 12);
    g_assert_cmpint(load(test, "imaps://a@example.com/Other").position, ==, 0);
    assert_open(test, &checkpoint, "");
    g_assert_true(heed_checkpoint_set_epoch(test->database, checkpoint.mailbox_id, 78, &error));
    /* What an old epoch's poll still brings does not touch the new one's position. */
    save(test, &checkpoint, 99, "d", keep_never);
    g_assert_cmpint(load(test, "imaps://a@example.com/Other").position, ==, 0);
}

/* A batch that comes again, its commit's answer lost, counts once; of one with two epochs, only the
 * mailbox's own moves the position. */
static void
test_again(void)
{
    static const HeedKeepRow *const keeps[] = {keep_never, keep_until_acked, keep_while_there};
    g_autoptr(HeedTestDatabase) test = new_store();
    g_autoptr(GPtrArray) mixed = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);
    g_autoptr(GError) error = NULL;
    HeedCheckpoint checkpoint = load(test, "imaps://a@example.com/INBOX");

    for (unsigned i = 0; i < G_N_ELEMENTS(keeps); i++) {
        g_autofree char *want = g_strdup_printf("%u", 3 * (i + 1));
        g_autofree char *got = NULL;

        save(test, &checkpoint, 10 * i + 1, "dqx", keeps[i]);
        save(test, &checkpoint, 10 * i + 1, "dqx", keeps[i]);
        save(test, &checkpoint, 10 * i + 3, "d", keeps[i]);
        got =
            heed_test_database_get(test->database, "SELECT messages_stored FROM heed_data.mailbox");
        g_assert_cmpstr(got, ==, want);
    }
    for (int64_t epoch = 6; epoch <= 7; epoch++) {
        HeedArrival *arrival = heed_test_arrival_quarantined(epoch == 6 ? 900 : 4);

        arrival->epoch = epoch;
        g_ptr_array_add(mixed, arrival);
    }
    g_assert_true(heed_checkpoint_set_epoch(test->database, checkpoint.mailbox_id, 7, &error));
    g_assert_true(
        heed_checkpoint_save(test->database, checkpoint.mailbox_id, mixed, keep_never, &error));
    g_assert_cmpint(load(test, "imaps://a@example.com/INBOX").position, ==, 4);
}

static void
test_acknowledge(void)
{
    g_autoptr(HeedTestDatabase) test = new_store();
    HeedCheckpoint checkpoint = load(test, "imaps://a@example.com/INBOX");
    g_autoptr(GPtrArray) some = uids_of("1 3");
    g_autoptr(GError) error = NULL;

    save(test, &checkpoint, 1, "duqx", keep_until_acked);
    assert_open(test, &checkpoint, "1:0 3:2 4:3 ");
    g_assert_true(heed_checkpoint_acknowledged(test->database, &checkpoint, some, false, &error));
    assert_open(test, &checkpoint, "4:3 ");
    /* Asked for again in vain, then read. */
    save(test, &checkpoint, 4, "x", keep_until_acked);
    assert_open(test, &checkpoint, "4:3 ");
    save(test, &checkpoint, 4, "d", keep_until_acked);
    assert_open(test, &checkpoint, "4:0 ");
    save(test, &checkpoint, 4, "u", keep_until_acked);
    assert_open(test, &checkpoint, "");
}

static void
test_known(void)
{
    g_autoptr(HeedTestDatabase) test = new_store();
    HeedCheckpoint checkpoint = load(test, "pop3s://a@example.com");
    g_autoptr(GPtrArray) some = uids_of("5");
    g_autoptr(GError) error = NULL;

    save(test, &checkpoint, 1, "duqx", keep_while_there);
    assert_open(test, &checkpoint, "4:3 ");
    assert_known(test, &checkpoint, "9 3 4 1 1", "nynyy");
    save(test, &checkpoint, 5, "d", keep_until_acked);
    assert_known(test, &checkpoint, "5", "y");
    g_assert_true(heed_checkpoint_acknowledged(test->database, &checkpoint, some, true, &error));
    assert_known(test, &checkpoint, "5", "y");
    assert_open(test, &checkpoint, "4:3 ");
}

/* Those that are left on the server; missed ones with a "?". In pages of two. */
static void
assert_left(HeedTestDatabase *test, const HeedCheckpoint *checkpoint, const char *want)
{
    g_autoptr(GString) got = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *after = NULL;
    g_autoptr(GPtrArray) page = NULL;
    int64_t left = 0;
    int64_t missed = 0;

    g_assert_true(heed_checkpoint_count_left(test->database, checkpoint, &left, &missed, &error));
    do {
        g_clear_pointer(&page, g_ptr_array_unref);
        page = heed_checkpoint_left_messages(test->database, checkpoint, after, 2, &error);
        g_assert_no_error(error);
        for (guint i = 0; i < page->len; i++) {
            const HeedKnownMessage *message = g_ptr_array_index(page, i);

            g_string_append_printf(got, "%s%s ", message->uid, message->missed ? "?" : "");
            left--;
            missed -= message->missed ? 1 : 0;
            g_free(after);
            after = g_strdup(message->uid);
        }
    } while (page->len > 0);
    g_assert_cmpstr(got->str, ==, want);
    g_assert_cmpint(left, ==, 0);
    g_assert_cmpint(missed, ==, 0);
}

static void
set_missed(HeedTestDatabase *test, const HeedCheckpoint *checkpoint, const char *text, bool missed)
{
    g_autoptr(GPtrArray) uids = uids_of(text);
    g_autoptr(GError) error = NULL;

    g_assert_true(heed_checkpoint_set_missed(test->database, checkpoint, uids, missed, &error));
}

static void
test_missed(void)
{
    g_autoptr(HeedTestDatabase) test = new_store();
    HeedCheckpoint checkpoint = load(test, "pop3s://a@example.com");
    g_autoptr(GError) error = NULL;

    save(test, &checkpoint, 1, "duqdx", keep_while_there);
    save(test, &checkpoint, 6, "d", keep_until_acked);
    assert_left(test, &checkpoint, "1 2 3 4 ");
    set_missed(test, &checkpoint, "1 2 3 6", true);
    assert_left(test, &checkpoint, "1? 2? 3? 4 ");
    assert_open(test, &checkpoint, "5:3 6:0 ");
    heed_test_database_do(test->database,
                          "UPDATE heed_data.mailbox_message SET missed_since = missed_since"
                          " - interval '8 days' WHERE uid <> '1'");
    /* The day counts on which it was missed first; one that is back is not missed. */
    set_missed(test, &checkpoint, "2", true);
    set_missed(test, &checkpoint, "3", false);
    g_assert_true(heed_checkpoint_forget_missed(test->database, &checkpoint, 9, &error));
    assert_left(test, &checkpoint, "1? 2? 3 4 ");
    g_assert_true(heed_checkpoint_forget_missed(test->database, &checkpoint, 7, &error));
    assert_left(test, &checkpoint, "1? 3 4 ");
    assert_known(test, &checkpoint, "1 2 3 4", "ynyy");
    /* Read once more, whatever for, it is there. */
    save(test, &checkpoint, 1, "d", keep_while_there);
    assert_left(test, &checkpoint, "1 3 4 ");
}

static void
test_finish(void)
{
    g_autoptr(HeedTestDatabase) test = new_store();
    HeedCheckpoint checkpoint = load(test, "pop3s://a@example.com");
    g_autoptr(GError) error = NULL;
    g_autofree char *failed = NULL;
    g_autofree char *good = NULL;

    save(test, &checkpoint, 1, "dx", keep_until_acked);
    g_assert_true(heed_checkpoint_finish(test->database, checkpoint.mailbox_id, "no", &error));
    failed = heed_test_database_get(
        test->database, "SELECT concat_ws(' ', last_error, last_success_at IS NULL, lag IS NULL,"
                        " messages_stored, unacknowledged, unreadable, quarantined)"
                        " FROM heed.mailbox_status");
    g_assert_cmpstr(failed, ==, "no t t 1 1 1 0");
    g_assert_true(heed_checkpoint_finish(test->database, checkpoint.mailbox_id, NULL, &error));
    good = heed_test_database_get(
        test->database, "SELECT concat_ws(' ', last_error IS NULL, lag < interval '1 minute')"
                        " FROM heed.mailbox_status");
    g_assert_cmpstr(good, ==, "t t");
}

/* One session has the lease; it goes with the session. */
static void
test_lease(void)
{
    g_autoptr(HeedTestDatabase) test = new_store();
    HeedCheckpoint checkpoint = load(test, "pop3s://a@example.com");
    HeedDatabase *holder = heed_test_database_connect(test);
    g_autoptr(GError) error = NULL;
    bool mine = false;

    g_assert_true(heed_checkpoint_lease(holder, checkpoint.mailbox_id, &mine, &error));
    g_assert_true(mine);
    g_assert_true(heed_checkpoint_lease(test->database, checkpoint.mailbox_id, &mine, &error));
    g_assert_false(mine);
    heed_database_close(holder);
    for (unsigned i = 0; i < 50 && !mine; i++) {
        g_usleep(G_USEC_PER_SEC / 10);
        g_assert_true(heed_checkpoint_lease(test->database, checkpoint.mailbox_id, &mine, &error));
    }
    g_assert_true(mine);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/checkpoint/position", test_position);
    g_test_add_func("/checkpoint/again", test_again);
    g_test_add_func("/checkpoint/acknowledge", test_acknowledge);
    g_test_add_func("/checkpoint/known", test_known);
    g_test_add_func("/checkpoint/missed", test_missed);
    g_test_add_func("/checkpoint/finish", test_finish);
    g_test_add_func("/checkpoint/lease", test_lease);
    return g_test_run();
}
