/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Invariant 3 of design.md under random policies: two pollers store reports, lose batches half done
 * and have their connections cut, while people decide, undo, take undos back, settle what the guard
 * held, forget addresses, drop old months and rebuild. Whatever came of it in whatever order, a
 * rebuild from nothing says the same. That the rules are the documented ones is what
 * test_policy_histories.c checks.
 */

#include "base/error.h"
#include "suppress/decide.h"
#include "suppress/forget.h"
#include "suppress/guard.h"
#include "suppress/policy.h"
#include "suppress/undo.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#include <string.h>

#define ROUNDS     3U
#define ADDRESSES  30
#define DOMAINS    3
#define STEPS      50U
#define MOST_BATCH 8
#define TRIES      20U

/* Hours after the beginning of 2026. */
#define LATEST    9000
#define YEAR_2026 INT64_C(1767225600)

typedef struct Poller {
    HeedDatabase *database; /* borrowed, as all; its own */
    HeedDatabase *killer;   /* of both */
    GMutex *killing;
    const HeedPolicy *policy;
    GRand *random;
    uint32_t digest; /* the next; of its own */
    unsigned lost;   /* batches that were never committed */
} Poller;

static gint32
below(GRand *random, gint32 count)
{
    return g_rand_int_range(random, 0, count);
}

/* --- a policy --- */

static void
vary_line(GRand *random, HeedPolicyLine *line)
{
    line->action = (HeedPolicyAction)below(random, 3);
    /* Only what suppresses can be held. */
    if (line->verdict == HEED_VERDICT_HARD && line->class_ == HEED_CLASS_NONE)
        line->action = HEED_POLICY_SUPPRESS;
    line->failures = 2U + (unsigned)below(random, 3);
    line->apart_hours = 4U * (unsigned)below(random, 12);
    line->within_days = below(random, 2) == 0 ? 0 : 20U + (unsigned)below(random, 200);
    line->distinct = g_rand_boolean(random);
    line->plausible = below(random, 4) != 0;
    line->everywhere = g_rand_boolean(random);
    line->cleared_by_delivery = g_rand_boolean(random);
    line->steps = 1U + (unsigned)below(random, 3);
    for (unsigned i = 0; i < line->steps; i++)
        line->lasts_days[i] = 1U + (unsigned)below(random, 200);
    if (g_rand_boolean(random))
        line->lasts_days[line->steps - 1] = 0;
}

static HeedPolicy *
random_policy(HeedDatabase *database, GRand *random)
{
    HeedPolicy *policy = heed_policy_new();
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < policy->lines->len; i++)
        vary_line(random, &g_array_index(policy->lines, HeedPolicyLine, i));
    policy->plausible_messages = 1U + (unsigned)below(random, 3);
    policy->plausible_apart_hours = (unsigned)below(random, 48);
    policy->believe_authenticated = below(random, 4) != 0;
    policy->closed_complaints = g_rand_boolean(random);
    policy->hold_hours = 1U + (unsigned)below(random, 100);
    heed_policy_protect(policy, "user3@d0.example");
    if (g_rand_boolean(random))
        heed_policy_exempt(policy, "shop", true, g_rand_boolean(random));
    heed_assert_done(heed_policy_establish(database, policy, &error), error);
    return policy;
}

/* --- reports --- */

static char *
random_address(GRand *random)
{
    gint32 number = below(random, ADDRESSES);

    return g_strdup_printf("user%d@d%d.example", number, number % DOMAINS);
}

static HeedPastEvent
random_event(Poller *poller, const char *address, int arrived)
{
    static const char *const verdicts[] = {"hard",  "hard",      "hard",      "soft",
                                           "soft",  "soft",      "complaint", "unsubscribe",
                                           "block", "delivered", "not-spam"};
    static const char *const streams[] = {NULL, "news", "shop"};
    static const char *const reasons[] = {"bad-mailbox", "bad-domain", "moved"};
    GRand *random = poller->random;
    HeedPastEvent event = {.address = address, .digest = poller->digest++};

    event.verdict = verdicts[below(random, G_N_ELEMENTS(verdicts))];
    if (g_str_equal(event.verdict, "hard") && g_rand_boolean(random))
        event.reason = reasons[below(random, G_N_ELEMENTS(reasons))];
    event.stream = streams[below(random, G_N_ELEMENTS(streams))];
    event.trust = 1U + (unsigned)below(random, 4);
    if (g_rand_boolean(random))
        event.trust = 3;
    event.late = below(random, 4) == 0 ? below(random, 200) : 0;
    event.hour = arrived - event.late;
    event.message = "\0ABCDEF"[below(random, 7)];
    event.failure = g_str_equal(event.verdict, "delivered") ? '\0' : "\0\0\0fg"[below(random, 5)];
    event.closed = below(random, 4) == 0;
    return event;
}

/* Cuts the connection that is in the middle of something. */
static void
cut(Poller *poller)
{
    g_autofree char *pid = heed_test_database_get(poller->database, "SELECT pg_backend_pid()");
    g_autofree char *sql = g_strdup_printf("SELECT pg_terminate_backend(%s, 5000)", pid);

    g_mutex_lock(poller->killing);
    heed_test_database_do(poller->killer, sql);
    g_mutex_unlock(poller->killing);
}

typedef struct Batch {
    HeedPastEvent events[MOST_BATCH];
    unsigned count;
    int arrived;
    bool is_lost;
    bool is_cut;
} Batch;

static bool
store_once(Poller *poller, const Batch *batch, GError **error)
{
    const HeedGuardOptions options = {.addresses = 2, .times = 1};
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(poller->database, error);
    unsigned placed = 0;

    if (transaction == NULL)
        return false;
    heed_test_database_do(
        poller->database,
        "SELECT pg_advisory_xact_lock_shared(hashtextextended('heed.forget', 0))");
    for (unsigned i = 0; i < batch->count; i++) {
        if (!heed_history_try_event(poller->database, &batch->events[i], error))
            return false;
        g_ptr_array_add(addresses, g_strdup(batch->events[i].address));
    }
    if (batch->is_cut)
        cut(poller);
    if (!heed_guard_watch(poller->database, &options, YEAR_2026 + batch->arrived * INT64_C(3600),
                          addresses, &placed, error) ||
        !heed_policy_fold(poller->database, poller->policy, addresses, error))
        return false;
    /* Whoever is killed here has done nothing. */
    return batch->is_lost || heed_transaction_commit(transaction, error);
}

/* Most come together, as surges do. */
static int
random_arrival(GRand *random)
{
    return below(random, 4) == 0 ? below(random, LATEST) : 4000 + below(random, 3);
}

/* It is patient until the next commit. */
static void
connect_again(Poller *poller)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedTransaction) transaction = NULL;

    heed_assert_done(heed_database_reconnect(poller->database, &error), error);
    transaction = heed_transaction_begin(poller->database, &error);
    g_assert_no_error(error);
    heed_assert_done(heed_transaction_commit(transaction, &error), error);
}

static void
store(Poller *poller)
{
    Batch batch = {.count = 1U + (unsigned)below(poller->random, MOST_BATCH),
                   .arrived = random_arrival(poller->random),
                   .is_lost = below(poller->random, 8) == 0,
                   .is_cut = below(poller->random, 12) == 0};
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < batch.count; i++) {
        char *address = random_address(poller->random);

        g_ptr_array_add(names, address);
        batch.events[i] = random_event(poller, address, batch.arrived);
    }
    poller->lost += batch.is_lost || batch.is_cut;
    for (unsigned tries = 0; tries < TRIES; tries++) {
        g_autoptr(GError) error = NULL;

        if (store_once(poller, &batch, &error))
            return;
        if (g_error_matches(error, HEED_ERROR, HEED_ERROR_CONFLICT))
            continue;
        g_assert_true(batch.is_cut);
        g_clear_error(&error);
        connect_again(poller);
        return;
    }
    g_assert_not_reached();
}

/* --- what people do --- */

static void
decide(Poller *poller)
{
    static const char *const scopes[] = {"", "", "news", "shop"};
    g_autofree char *address = random_address(poller->random);
    g_autoptr(GError) error = NULL;
    bool changed;

    heed_assert_done(heed_decide(poller->database, (HeedDecisionAction)below(poller->random, 4),
                                 scopes[below(poller->random, G_N_ELEMENTS(scopes))], address,
                                 "test", NULL, &changed, &error),
                     error);
}

static void
undo(Poller *poller)
{
    static const char *const classes[] = {"bad-mailbox", "bad-domain", "moved", "abuse"};
    const HeedUndoSelection selection = {
        .domain = below(poller->random, 2) == 0 ? "d1.example" : NULL,
        .class_ = classes[below(poller->random, G_N_ELEMENTS(classes))],
    };
    g_autoptr(GError) error = NULL;
    HeedUndone done;

    heed_assert_done(
        heed_undo(poller->database, &selection, "test", NULL, false, NULL, &done, &error), error);
}

static void
revert(Poller *poller)
{
    g_autoptr(GError) error = NULL;
    HeedUndone done;

    if (!heed_undo_revert(poller->database, 1 + below(poller->random, 4), "test", NULL, NULL, &done,
                          &error))
        g_assert_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT);
}

static void
settle(Poller *poller)
{
    const int64_t hold = 1 + below(poller->random, 6);
    const HeedGuardChoice choice = {.holds = &hold, .count = 1};
    g_autoptr(GError) error = NULL;
    HeedGuardResolved done;

    if (!heed_guard_resolve(poller->database, &choice, g_rand_boolean(poller->random), "test", NULL,
                            &done, &error))
        g_assert_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT);
}

static void
forget(Poller *poller)
{
    g_autofree char *address = random_address(poller->random);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();
    const HeedForgetRequest request = {
        .addresses = addresses, .who = "test", .also_suppress = below(poller->random, 4) == 0};
    g_autoptr(GError) error = NULL;
    HeedForgotten done;

    g_ptr_array_add(addresses, address);
    heed_assert_done(heed_forget(poller->database, &request, &done, &error), error);
}

/* It gives up where others are in the way for long. */
static void
drop(Poller *poller)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT heed_data.drop_events(to_timestamp(%d * 3600.0 + 1767225600))",
                        below(poller->random, LATEST));
    g_autoptr(GError) error = NULL;

    if (!heed_database_run(poller->database, "drop events", sql, NULL, &error))
        g_test_message("%s", error->message);
}

static void
rebuild(Poller *poller)
{
    g_autoptr(GError) error = NULL;
    HeedRebuilt rebuilt;

    heed_assert_done(heed_policy_rebuild(poller->database, poller->policy, &rebuilt, &error),
                     error);
}

static void *
work(void *data)
{
    static void (*const others[])(Poller *) = {decide, decide, decide, undo,
                                               revert, settle, forget, drop};
    Poller *poller = data;

    for (unsigned i = 0; i < STEPS; i++) {
        gint32 which = below(poller->random, 20);

        if (which < (gint32)G_N_ELEMENTS(others))
            others[which](poller);
        else if (which == (gint32)G_N_ELEMENTS(others))
            rebuild(poller);
        else
            store(poller);
    }
    return NULL;
}

/* --- the property --- */

static char *
all_states(HeedDatabase *database)
{
    return heed_test_database_get(
        database, "SELECT coalesce(string_agg(state::text, E'\\n' ORDER BY address, scope), '')"
                  " FROM heed_data.address_state AS state");
}

static void
check(HeedDatabase *database, const HeedPolicy *policy)
{
    g_autofree char *folded = all_states(database);
    g_autofree char *rebuilt_states = NULL;
    g_autoptr(GError) error = NULL;
    HeedRebuilt rebuilt;

    heed_assert_done(heed_policy_rebuild(database, policy, &rebuilt, &error), error);
    if (rebuilt.changed != 0) {
        g_autofree char *then = all_states(database);

        g_test_message("folded:\n%s\nrebuilt:\n%s", folded, then);
    }
    g_assert_cmpuint(rebuilt.changed, ==, 0);
    heed_test_database_do(database, "DELETE FROM heed_data.address_state");
    heed_assert_done(heed_policy_rebuild(database, policy, &rebuilt, &error), error);
    rebuilt_states = all_states(database);
    g_assert_cmpstr(folded, !=, "");
    g_assert_cmpstr(folded, ==, rebuilt_states);
}

static void
test_round(const void *data)
{
    uint32_t seed = GPOINTER_TO_UINT(data);
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(HeedDatabase) other = heed_test_database_connect(test);
    g_autoptr(HeedDatabase) killer = heed_test_database_connect(test);
    g_autoptr(HeedPolicy) usual = heed_history_prepare(test);
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    g_autoptr(GRand) another = g_rand_new_with_seed(seed + 1);
    g_autoptr(HeedPolicy) policy = random_policy(test->database, random);
    GMutex killing;
    Poller first = {test->database, killer, &killing, policy, random, 1000, 0};
    Poller second = {other, killer, &killing, policy, another, 500000, 0};
    g_autofree char *said = NULL;
    GThread *thread;

    g_mutex_init(&killing);
    thread = g_thread_new("second", work, &second);
    (void)work(&first);
    g_thread_join(thread);
    said = heed_test_database_get(
        killer,
        "SELECT format('%s events, %s kept of dropped ones, %s holds, %s undos, %s taken back,"
        " %s decisions, %s forgotten', (SELECT count(*) FROM heed_data.event),"
        " (SELECT count(*) FROM heed_data.evidence), (SELECT count(*) FROM heed_data.guard_hold),"
        " (SELECT count(*) FROM heed_data.undo), (SELECT count(reverted_at) FROM heed_data.undo),"
        " count(*), count(*) FILTER (WHERE action = 'forget')) FROM heed_data.decision");
    g_test_message("seed %u: %s; %u batches lost", seed, said, first.lost + second.lost);
    check(killer, policy);
    heed_test_database_do(killer, "SELECT heed_data.drop_events('infinity')");
    check(killer, policy);
    g_mutex_clear(&killing);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned seed = 20261130U + 1000U * i;
        g_autofree char *path = g_strdup_printf("/policy/replay/%u", seed);

        g_test_add_data_func(path, GUINT_TO_POINTER(seed), test_round);
    }
    return g_test_run();
}
