/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two pollers add reports of one address, each in a transaction that does not see the other's: the
 * second waits for the first, and whoever folds last sees both.
 */

#include "suppress/policy.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#define MOST_BEFORE 2

typedef struct Row {
    const char *name;
    HeedPastEvent before[MOST_BEFORE]; /* stored and folded before */
    const char *first_does;            /* SQL instead of the first event; NULL: none */
    HeedPastEvent first;
    HeedPastEvent second;
    const char *want;
} Row;

static const Row rows[] = {
    {.name = "first-and-second",
     .first = {.verdict = "hard", .trust = 2, .hour = 0, .message = 'A'},
     .second = {.verdict = "hard", .trust = 2, .hour = 50, .message = 'B'},
     .want =
         " suppressed hard bad-mailbox since 50, 2 from 0 to 50: hard: 2 messages 20 h apart\n"},
    {.name = "second-and-third-soft",
     .before = {{.verdict = "soft", .trust = 3, .hour = 0, .message = 'A'}},
     .first = {.verdict = "soft", .trust = 3, .hour = 20, .message = 'B'},
     .second = {.verdict = "soft", .trust = 3, .hour = 40, .message = 'C'},
     .want =
         " suppressed soft bad-mailbox since 40 until 760, 3 from 0 to 40: soft: 3 messages 20 h "
         "apart, for 30 days\n"},
    {.name = "third-soft-and-second",
     .before = {{.verdict = "soft", .trust = 3, .hour = 0, .message = 'A'}},
     .first = {.verdict = "soft", .trust = 3, .hour = 40, .message = 'C'},
     .second = {.verdict = "soft", .trust = 3, .hour = 20, .message = 'B'},
     .want =
         " suppressed soft bad-mailbox since 40 until 760, 3 from 0 to 40: soft: 3 messages 20 h "
         "apart, for 30 days\n"},
    {.name = "third-soft-and-delivery",
     .before = {{.verdict = "soft", .trust = 3, .hour = 0, .message = 'A'},
                {.verdict = "soft", .trust = 3, .hour = 20, .message = 'B'}},
     .first = {.verdict = "soft", .trust = 3, .hour = 40, .message = 'C'},
     .second = {.verdict = "delivered", .trust = 3, .hour = 30, .message = 'X'},
     .want = " waiting - - since -, 3 from 0 to 40: not enough evidence yet\n"},
    {.name = "complaint-and-not-spam",
     .first = {.verdict = "complaint", .trust = 3, .hour = 0, .message = 'A'},
     .second = {.verdict = "not-spam", .trust = 3, .hour = 9, .message = 'A'},
     .want = ""},
    /* One failure, said to be hard by one report, and not by another that is trusted more. */
    {.name = "contradiction",
     .first = {.verdict = "soft", .trust = 4, .hour = 0, .failure = 'f'},
     .second = {.verdict = "hard", .trust = 3, .hour = 0, .failure = 'f'},
     .want = " waiting - - since -, 1 from 0 to 0: not enough evidence yet\n"},
    /* The row that the second waits for is deleted by the first: the second makes its own. */
    {.name = "deleted-while-waiting",
     .before = {{.verdict = "hard", .trust = 3, .hour = 0, .message = 'A'}},
     .first_does = "DELETE FROM heed_data.event",
     .second = {.verdict = "hard", .trust = 3, .hour = 50, .message = 'B'},
     .want =
         " suppressed hard bad-mailbox since 50, 1 from 50 to 50: hard: authenticated report\n"},
};

static HeedTestDatabase *test;
static HeedPolicy *policy;

typedef struct Racer {
    HeedDatabase *database; /* borrowed */
    const Row *row;         /* borrowed */
} Racer;

static void
fold(HeedDatabase *database)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(addresses, g_strdup("a@example.com"));
    heed_assert_done(heed_policy_fold(database, policy, addresses, &error), error);
}

static void *
race(void *data)
{
    const Racer *racer = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(racer->database, &error);

    g_assert_no_error(error);
    heed_history_add_event(racer->database, &racer->row->second);
    fold(racer->database);
    heed_assert_done(heed_transaction_commit(transaction, &error), error);
    return NULL;
}

static void
wait_until_blocked(HeedDatabase *database)
{
    for (unsigned tries = 0;; tries++) {
        g_autofree char *waiting =
            heed_test_database_get(database, "SELECT count(*) FROM pg_locks WHERE NOT granted");

        if (!g_str_equal(waiting, "0"))
            return;
        g_assert_cmpuint(tries, <, 2000);
        g_usleep(5000);
    }
}

static void
test_row(const void *data)
{
    const Row *row = data;
    g_autoptr(HeedDatabase) other = heed_test_database_connect(test);
    g_autoptr(HeedDatabase) third = heed_test_database_connect(test);
    Racer racer = {other, row};
    g_autoptr(GError) error = NULL;
    g_autofree char *got = NULL;
    HeedTransaction *transaction;
    GThread *thread;

    heed_test_database_do(test->database, "TRUNCATE heed_data.event, heed_data.address_state");
    for (size_t i = 0; i < MOST_BEFORE && row->before[i].verdict != NULL; i++)
        heed_history_add_event(test->database, &row->before[i]);
    heed_history_fold(test->database, policy, NULL);
    transaction = heed_transaction_begin(test->database, &error);
    g_assert_no_error(error);
    if (row->first_does != NULL)
        heed_test_database_do(test->database, row->first_does);
    else
        heed_history_add_event(test->database, &row->first);
    fold(test->database);
    thread = g_thread_new("race", race, &racer);
    wait_until_blocked(third);
    heed_assert_done(heed_transaction_commit(transaction, &error), error);
    heed_transaction_free(transaction);
    g_thread_join(thread);
    got = heed_history_states(test->database, NULL);
    g_assert_cmpstr(got, ==, row->want);
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_new();
    policy = heed_history_prepare(test);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/policy-races/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    status = g_test_run();
    heed_test_database_free(test);
    heed_policy_free(policy);
    return status;
}
