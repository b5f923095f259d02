/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two pollers add reports of one address, each in a transaction that does not see the other's: the
 * second waits for the first, and whoever folds last sees both.
 */

#include "db/log_sums.h"
#include "suppress/policy.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#define MOST_BEFORE 2

/* A delivery that a log tells of, as an event's verdict. */
#define LOGGED "logged"

typedef struct Row {
    const char *name;
    HeedPastEvent before[MOST_BEFORE]; /* stored and folded before */
    bool at_once;                      /* they come with the one that is no delivery */
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
    /* All that is known of an address comes at once, and a delivery with which nothing was known.
     */
    {.name = "first-failures-and-delivery",
     .before = {{.verdict = "soft", .trust = 3, .hour = 0, .message = 'A'},
                {.verdict = "soft", .trust = 3, .hour = 20, .message = 'B'}},
     .at_once = true,
     .first = {.verdict = "soft", .trust = 3, .hour = 40, .message = 'C'},
     .second = {.verdict = LOGGED, .hour = 50},
     .want = " waiting - - since -, 3 from 0 to 40: not enough evidence yet\n"},
    {.name = "delivery-and-first-failures",
     .before = {{.verdict = "soft", .trust = 3, .hour = 0, .message = 'A'},
                {.verdict = "soft", .trust = 3, .hour = 20, .message = 'B'}},
     .at_once = true,
     .first = {.verdict = LOGGED, .hour = 50},
     .second = {.verdict = "soft", .trust = 3, .hour = 40, .message = 'C'},
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

/* As the store of a log does it; failed: the batch has failures of the address too. */
static void
deliver(HeedDatabase *database, const int *hours, size_t count, bool failed)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(HeedLogSums) sums = heed_log_sums_new();
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < count; i++) {
        const HeedLogDelivery delivery = {.address = "a@example.com",
                                          .at = INT64_C(1767225600) + hours[i] * INT64_C(3600),
                                          .queue_id = "4ABC"};

        g_array_append_val(sums->deliveries, delivery);
    }
    if (failed)
        g_ptr_array_add(addresses, g_strdup("a@example.com"));
    heed_assert_done(heed_policy_lock_deliveries(database, &error), error);
    heed_assert_done(heed_log_deliveries_write(database, sums, addresses, &error), error);
    heed_assert_done(heed_policy_fold(database, policy, addresses, &error), error);
}

/* Stores and folds one. */
static void
add(HeedDatabase *database, const Row *row, const HeedPastEvent *event)
{
    if (g_str_equal(event->verdict, LOGGED)) {
        deliver(database, &event->hour, 1, false);
        return;
    }
    for (size_t i = 0; row->at_once && i < MOST_BEFORE; i++)
        heed_history_add_event(database, &row->before[i]);
    heed_history_add_event(database, event);
    fold(database);
}

static void *
race(void *data)
{
    const Racer *racer = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(racer->database, &error);

    g_assert_no_error(error);
    add(racer->database, racer->row, &racer->row->second);
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

    heed_test_database_do(test->database,
                          "TRUNCATE heed_data.event, heed_data.address_state, heed_data.delivery");
    for (size_t i = 0; i < MOST_BEFORE && row->before[i].verdict != NULL && !row->at_once; i++)
        heed_history_add_event(test->database, &row->before[i]);
    heed_history_fold(test->database, policy, NULL);
    transaction = heed_transaction_begin(test->database, &error);
    g_assert_no_error(error);
    if (row->first_does != NULL) {
        heed_test_database_do(test->database, row->first_does);
        fold(test->database);
    } else {
        add(test->database, row, &row->first);
    }
    thread = g_thread_new("race", race, &racer);
    wait_until_blocked(third);
    heed_assert_done(heed_transaction_commit(transaction, &error), error);
    heed_transaction_free(transaction);
    g_thread_join(thread);
    got = heed_history_states(test->database, NULL);
    g_assert_cmpstr(got, ==, row->want);
}

/* What is kept of deliveries does not depend on how a log is divided into batches. */
static void
test_batches(const void *data)
{
    static const int hours[] = {50, 10, 55, 30, 5};
    bool at_once = GPOINTER_TO_INT(data);
    g_autoptr(GError) error = NULL;
    g_autofree char *got = NULL;
    g_autoptr(HeedTransaction) transaction = NULL;

    heed_test_database_do(test->database,
                          "TRUNCATE heed_data.event, heed_data.address_state, heed_data.delivery");
    transaction = heed_transaction_begin(test->database, &error);
    g_assert_no_error(error);
    for (int hour = 0; hour < 60; hour += 20)
        heed_history_add_event(test->database,
                               &(HeedPastEvent){.verdict = "soft", .trust = 3, .hour = hour});
    if (at_once)
        deliver(test->database, hours, G_N_ELEMENTS(hours), true);
    for (size_t i = 0; !at_once && i < G_N_ELEMENTS(hours); i++)
        deliver(test->database, &hours[i], 1, true);
    got = heed_test_database_get(
        test->database, "SELECT string_agg(extract(hour FROM delivered_at - '2026-01-01Z') + 24 *"
                        " extract(day FROM delivered_at - '2026-01-01Z') || '', ' ' ORDER BY"
                        " delivered_at) FROM heed_data.delivery");
    g_assert_cmpstr(got, ==, "10 30 55");
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
    g_test_add_data_func("/policy-races/batches/one", GINT_TO_POINTER(true), test_batches);
    g_test_add_data_func("/policy-races/batches/several", GINT_TO_POINTER(false), test_batches);
    status = g_test_run();
    heed_test_database_free(test);
    heed_policy_free(policy);
    return status;
}
