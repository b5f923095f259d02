/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Invariant 3 of design.md over random histories: whatever order their reports came in, in whatever
 * batches and through two connections at once, the state is what the rules say of all of them, and
 * what a rebuild makes. What the rules say is asked of tests/support/oracle.h. Half of the rounds
 * have the default policy, half a random one.
 */

#include "base/error.h"
#include "suppress/policy.h"
#include "tests/support/check.h"
#include "tests/support/history.h"
#include "tests/support/oracle.h"

#define ROUNDS     6U
#define ADDRESSES  60U
#define MOST_BATCH 12U

static const char *
choose(GRand *random, const char *const *words, gint32 count)
{
    return words[g_rand_int_range(random, 0, count)];
}

/* Another line for the same failures. */
static HeedOracleLine
random_line(GRand *random, const HeedOracleLine *usual)
{
    HeedOracleLine line = *usual;
    bool bounces = line.verdict == HEED_VERDICT_HARD || line.verdict == HEED_VERDICT_SOFT;

    line.steps = (unsigned)g_rand_int_range(random, 1, HEED_ORACLE_MOST_STEPS + 1);
    for (unsigned i = 0; i < line.steps; i++)
        line.days[i] = g_rand_int_range(random, 1, 40);
    if (g_rand_boolean(random))
        line.days[line.steps - 1] = 0;
    line.within = g_rand_boolean(random) ? g_rand_int_range(random, 20, 200) : 0;
    line.everywhere = g_rand_boolean(random);
    line.cleared = bounces && g_rand_boolean(random);
    line.failures = g_rand_boolean(random) ? (unsigned)g_rand_int_range(random, 2, 5) : 1;
    line.apart = line.failures > 1 ? g_rand_int_range(random, 0, 80) : 0;
    line.distinct = line.failures > 1 && g_rand_boolean(random);
    return line;
}

static void
set_line(HeedPolicy *policy, const HeedOracleLine *line)
{
    HeedPolicyLine set = {
        .verdict = line->verdict,
        .class_ = line->class_,
        .action = line->failures > 1 ? HEED_POLICY_COUNT : HEED_POLICY_SUPPRESS,
        .failures = line->failures > 1 ? line->failures : 0,
        .apart_hours = (unsigned)line->apart,
        .within_days = (unsigned)line->within,
        .distinct = line->distinct,
        .steps = line->steps,
        .everywhere = line->everywhere,
        .cleared_by_delivery = line->cleared,
        .plausible = true,
    };

    for (unsigned i = 0; i < line->steps; i++)
        set.lasts_days[i] = (unsigned)line->days[i];
    heed_policy_set_line(policy, &set);
}

static HeedPastEvent
random_event(GRand *random, const char *address, bool is_full, uint32_t digest)
{
    static const char *const verdicts[] = {"hard",      "hard",        "hard",      "complaint",
                                           "complaint", "unsubscribe", "soft",      "soft",
                                           "soft",      "block",       "delivered", "not-spam"};
    static const char *const of_a_full_mailbox[] = {"soft", "soft", "soft", "delivered"};
    static const char *const streams[] = {NULL, "news", "shop"};
    static const char *const reasons[] = {"bad-mailbox", "bad-domain", "moved"};
    HeedPastEvent event = {.address = address, .digest = digest};

    event.verdict = is_full ? choose(random, of_a_full_mailbox, G_N_ELEMENTS(of_a_full_mailbox))
                            : choose(random, verdicts, G_N_ELEMENTS(verdicts));
    event.reason =
        g_str_equal(event.verdict, "hard") ? choose(random, reasons, G_N_ELEMENTS(reasons)) : NULL;
    event.status = g_rand_int_range(random, 0, 6) == 0 ? "5.1.10" : NULL;
    event.stream = choose(random, streams, G_N_ELEMENTS(streams));
    event.trust = (unsigned)g_rand_int_range(random, 0, 12);
    event.trust = event.trust > 4 ? 2 + event.trust % 2 : event.trust;
    event.hour = 4 * g_rand_int_range(random, 0, g_rand_int_range(random, 0, 3) == 0 ? 3000 : 50);
    event.late = g_rand_int_range(random, 0, 3) == 0 ? 4 * g_rand_int_range(random, 0, 30) : 0;
    event.message = "\0ABCDEF"[g_rand_int_range(random, 0, is_full ? 7 : 4)];
    event.failure =
        heed_history_is_lift(&event) ? '\0' : "\0\0\0fg"[g_rand_int_range(random, 0, 5)];
    event.undone = g_rand_int_range(random, 0, 12) == 0;
    event.closed = g_rand_int_range(random, 0, 4) == 0;
    return event;
}

static HeedPastDecision
random_decision(GRand *random, const char *address)
{
    static const char *const actions[] = {"add", "remove", "remove", "allow", "disallow"};
    static const char *const scopes[] = {"", "", "news", "shop"};

    return (HeedPastDecision){.address = address,
                              .action = choose(random, actions, G_N_ELEMENTS(actions)),
                              .scope = choose(random, scopes, G_N_ELEMENTS(scopes)),
                              .hour = 4 * g_rand_int_range(random, 0, 60) + 1};
}

static void
history_free(void *data)
{
    HeedOracleHistory *history = data;

    g_free(history->address);
    g_free(history);
}

static HeedOracleHistory *
random_history(GRand *random,
               unsigned number,
               const HeedOracleLine *lines,
               const HeedOracleHold *holds,
               uint32_t *digest)
{
    HeedOracleHistory *history = g_new0(HeedOracleHistory, 1);

    history->lines = lines;
    history->holds = holds;
    history->address = number % 20 == 0 ? g_strdup_printf("abuse@domain%u.example", number)
                                        : g_strdup_printf("user%u@example.com", number);
    history->event_count = (unsigned)g_rand_int_range(random, 0, HEED_ORACLE_MOST_EVENTS + 1);
    for (unsigned i = 0; i < history->event_count; i++)
        history->events[i] = random_event(random, history->address, number % 3 == 1, (*digest)++);
    if (g_rand_boolean(random))
        history->decision_count =
            (unsigned)g_rand_int_range(random, 0, HEED_ORACLE_MOST_DECISIONS + 1);
    for (unsigned i = 0; i < history->decision_count; i++)
        history->decisions[i] = random_decision(random, history->address);
    return history;
}

/* Something to store: an event or a decision. */
typedef struct Step {
    const HeedPastEvent *event;
    const HeedPastDecision *decision;
} Step;

typedef struct Poller {
    HeedDatabase *database;
    const Step *steps; /* borrowed */
    unsigned count;
    const HeedPolicy *policy; /* borrowed */
    uint32_t seed;
} Poller;

static bool
store_batch(const Poller *poller, unsigned start, unsigned count, GError **error)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(poller->database, error);

    for (unsigned i = start; i < start + count && transaction != NULL; i++) {
        const Step *step = &poller->steps[i];

        if (step->event != NULL)
            heed_history_add_event(poller->database, step->event);
        else
            heed_history_add_decision(poller->database, step->decision);
        g_ptr_array_add(addresses, g_strdup(step->event != NULL ? step->event->address
                                                                : step->decision->address));
    }
    return transaction != NULL &&
           heed_policy_fold(poller->database, poller->policy, addresses, error) &&
           heed_transaction_commit(transaction, error);
}

/* Stores its steps in batches of random size. Locks are taken in order, so no batch may fail. */
static void *
poll_steps(void *data)
{
    const Poller *poller = data;
    g_autoptr(GRand) random = g_rand_new_with_seed(poller->seed);
    unsigned start = 0;

    while (start < poller->count) {
        unsigned count = (unsigned)g_rand_int_range(random, 1, MOST_BATCH + 1);
        g_autoptr(GError) error = NULL;

        count = MIN(count, poller->count - start);
        heed_assert_done(store_batch(poller, start, count, &error), error);
        start += count;
    }
    return NULL;
}

/* Every step once; of one address's decisions, each after the one before it, since their numbers
 * say their order: so all decisions are in the first poller's half. */
static GArray *
steps_of(const GPtrArray *histories, GRand *random, unsigned *out_first_half)
{
    GArray *steps = g_array_new(FALSE, FALSE, sizeof(Step));

    for (guint i = 0; i < histories->len; i++) {
        const HeedOracleHistory *history = g_ptr_array_index(histories, i);

        for (unsigned j = 0; j < history->event_count; j++) {
            Step step = {&history->events[j], NULL};

            g_array_append_val(steps, step);
        }
    }
    for (guint i = steps->len; i > 1; i--) {
        guint other = (guint)g_rand_int_range(random, 0, (gint32)i);
        Step step = g_array_index(steps, Step, i - 1);

        g_array_index(steps, Step, i - 1) = g_array_index(steps, Step, other);
        g_array_index(steps, Step, other) = step;
    }
    *out_first_half = steps->len / 2;
    for (guint i = 0; i < histories->len; i++) {
        const HeedOracleHistory *history = g_ptr_array_index(histories, i);
        guint place = 0;

        for (unsigned j = 0; j < history->decision_count; j++) {
            Step step = {NULL, &history->decisions[j]};

            place = (guint)g_rand_int_range(random, (gint32)place, (gint32)*out_first_half + 1);
            g_array_insert_val(steps, place, step);
            place++;
            (*out_first_half)++;
        }
    }
    return steps;
}

static HeedOracleHold
place_hold(HeedDatabase *database, GRand *random)
{
    static const char *const resolutions[] = {NULL, NULL, "released", "discarded"};
    int from = g_rand_int_range(random, 0, 200);
    HeedOracleHold hold = {from, from + g_rand_int_range(random, 1, 120),
                           choose(random, resolutions, G_N_ELEMENTS(resolutions))};

    heed_history_add_hold(database, hold.from, hold.to, hold.resolution);
    return hold;
}

static void
check_all(HeedDatabase *database, const GPtrArray *histories, const char *when)
{
    for (guint i = 0; i < histories->len; i++) {
        const HeedOracleHistory *history = g_ptr_array_index(histories, i);
        g_autofree char *want = heed_oracle_judge(history);
        g_autofree char *got = heed_history_states(database, history->address);

        if (!g_str_equal(got, want))
            g_test_message("%s: %s", when, history->address);
        g_assert_cmpstr(got, ==, want);
    }
}

static void
check_rebuild(HeedTestDatabase *test, const HeedPolicy *policy, const GPtrArray *histories)
{
    g_autoptr(GError) error = NULL;
    HeedRebuilt rebuilt;

    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.changed, ==, 0);
    heed_test_database_do(test->database, "DELETE FROM heed_data.address_state");
    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.changed, >, 0);
    check_all(test->database, histories, "rebuilt from nothing");
}

/* The default policy, or a random one. */
static void
use_lines(
    HeedDatabase *database, HeedPolicy *policy, bool usual, GRand *random, HeedOracleLine *out)
{
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < HEED_ORACLE_LINES; i++) {
        out[i] = usual ? heed_oracle_lines[i] : random_line(random, &heed_oracle_lines[i]);
        if (!usual)
            set_line(policy, &out[i]);
    }
    if (!usual)
        heed_assert_done(heed_policy_establish(database, policy, &error), error);
}

static void
test_round(const void *data)
{
    uint32_t seed = GPOINTER_TO_UINT(data);
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(HeedDatabase) other = heed_test_database_connect(test);
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    g_autoptr(GPtrArray) histories = g_ptr_array_new_with_free_func(history_free);
    g_autoptr(GArray) steps = NULL;
    g_autoptr(HeedPolicy) policy = heed_history_prepare(test);
    HeedOracleLine lines[HEED_ORACLE_LINES];
    uint32_t digest = 1000; /* beyond the numbers that name shared failures */
    HeedOracleHold holds[HEED_ORACLE_HOLDS];
    unsigned half;
    GThread *thread;

    g_test_message("seed %u", seed);
    use_lines(test->database, policy, seed / 1000 % 2 == 0, random, lines);
    for (unsigned i = 0; i < HEED_ORACLE_HOLDS; i++)
        holds[i] = place_hold(test->database, random);
    for (unsigned i = 0; i < ADDRESSES; i++)
        g_ptr_array_add(histories, random_history(random, i, lines, holds, &digest));
    steps = steps_of(histories, random, &half);
    {
        const Step *all = &g_array_index(steps, Step, 0);
        Poller first = {test->database, all, half, policy, seed + 1};
        Poller second = {other, all + half, steps->len - half, policy, seed + 2};

        thread = g_thread_new("second", poll_steps, &second);
        (void)poll_steps(&first);
        g_thread_join(thread);
    }
    check_all(test->database, histories, "folded as they came");
    check_rebuild(test, policy, histories);
    /* What is kept of dropped events says the same, be it some of them or all. */
    heed_test_database_do(test->database, "SELECT heed_data.drop_events('2026-03-01')");
    check_rebuild(test, policy, histories);
    heed_test_database_do(test->database, "SELECT heed_data.drop_events('infinity')");
    check_rebuild(test, policy, histories);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned seed = 20260101U + 1001U * i;
        g_autofree char *path = g_strdup_printf("/policy/histories/%u", seed);

        g_test_add_data_func(path, GUINT_TO_POINTER(seed), test_round);
    }
    return g_test_run();
}
