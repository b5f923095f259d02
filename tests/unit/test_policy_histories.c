/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Invariant 3 of design.md over random histories: whatever order their reports came in, in whatever
 * batches and through two connections at once, the state is what the rules say of all of them, and
 * what a rebuild makes. The rules are written down here a second time, the slow and plain way.
 */

#include "base/error.h"
#include "suppress/policy.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#include <string.h>

#define ROUNDS         6U
#define ADDRESSES      60U
#define MOST_EVENTS    9U
#define MOST_DECISIONS 4U
#define MOST_BATCH     12U

typedef struct History {
    char *address; /* owned */
    HeedPastEvent events[MOST_EVENTS];
    unsigned event_count;
    HeedPastDecision decisions[MOST_DECISIONS];
    unsigned decision_count;
} History;

static const char *
choose(GRand *random, const char *const *words, gint32 count)
{
    return words[g_rand_int_range(random, 0, count)];
}

static HeedPastEvent
random_event(GRand *random, const char *address, uint32_t digest)
{
    static const char *const verdicts[] = {"hard",      "hard",        "hard", "complaint",
                                           "complaint", "unsubscribe", "soft", "block"};
    static const char *const streams[] = {NULL, "news", "shop"};
    static const char *const reasons[] = {"bad-mailbox", "bad-domain", "moved"};
    HeedPastEvent event = {.address = address, .digest = digest};

    event.verdict = choose(random, verdicts, G_N_ELEMENTS(verdicts));
    event.reason =
        g_str_equal(event.verdict, "hard") ? choose(random, reasons, G_N_ELEMENTS(reasons)) : NULL;
    event.status = g_rand_int_range(random, 0, 6) == 0 ? "5.1.10" : NULL;
    event.stream = choose(random, streams, G_N_ELEMENTS(streams));
    event.trust = (unsigned)g_rand_int_range(random, 0, 12);
    event.trust = event.trust > 4 ? 2 : event.trust; /* mostly plausible: most is decided there */
    event.hour = 4 * g_rand_int_range(random, 0, 50);
    event.late = g_rand_int_range(random, 0, 3) == 0 ? 4 * g_rand_int_range(random, 0, 30) : 0;
    event.message = "\0ABC"[g_rand_int_range(random, 0, 4)];
    event.failure = "\0\0\0fg"[g_rand_int_range(random, 0, 5)];
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
    History *history = data;

    g_free(history->address);
    g_free(history);
}

static History *
random_history(GRand *random, unsigned number, uint32_t *digest)
{
    History *history = g_new0(History, 1);

    history->address = number % 20 == 0 ? g_strdup_printf("abuse@domain%u.example", number)
                                        : g_strdup_printf("user%u@example.com", number);
    history->event_count = (unsigned)g_rand_int_range(random, 0, MOST_EVENTS + 1);
    for (unsigned i = 0; i < history->event_count; i++)
        history->events[i] = random_event(random, history->address, (*digest)++);
    if (g_rand_boolean(random))
        history->decision_count = (unsigned)g_rand_int_range(random, 0, MOST_DECISIONS + 1);
    for (unsigned i = 0; i < history->decision_count; i++)
        history->decisions[i] = random_decision(random, history->address);
    return history;
}

/* The rules once more. */

typedef struct Failure {
    HeedPastEvent speaker;
    const char *scope;
    int arrived; /* of the first report of it */
} Failure;

static bool
is_before(const HeedPastEvent *one, const HeedPastEvent *other)
{
    return one->hour < other->hour || (one->hour == other->hour && one->digest < other->digest);
}

static bool
speaks_better(const HeedPastEvent *one, const HeedPastEvent *other)
{
    bool one_closed = one->closed && g_str_equal(one->verdict, "complaint");
    bool other_closed = other->closed && g_str_equal(other->verdict, "complaint");

    if (one->trust != other->trust)
        return one->trust > other->trust;
    return one_closed != other_closed ? one_closed : is_before(one, other);
}

static GArray *
failures_of(const History *history)
{
    GArray *failures = g_array_new(FALSE, FALSE, sizeof(Failure));

    for (unsigned i = 0; i < history->event_count; i++) {
        const HeedPastEvent *event = &history->events[i];
        Failure *known = NULL;
        Failure new = {*event, NULL, event->hour + event->late};

        if (event->trust < 2)
            continue;
        for (guint j = 0; j < failures->len && event->failure != '\0'; j++) {
            Failure *failure = &g_array_index(failures, Failure, j);

            if (failure->speaker.failure == event->failure)
                known = failure;
        }
        if (known == NULL) {
            g_array_append_val(failures, new);
            continue;
        }
        known->arrived = MIN(known->arrived, new.arrived);
        if (speaks_better(event, &known->speaker))
            known->speaker = *event;
    }
    return failures;
}

static bool
covers(const HeedPastDecision *decision, const char *scope)
{
    return decision->scope[0] == '\0' || g_str_equal(decision->scope, scope);
}

static bool
counts(const History *history, const Failure *failure, const char *scope)
{
    const HeedPastEvent *event = &failure->speaker;
    bool hard = g_str_equal(event->verdict, "hard");
    bool complaint = g_str_equal(event->verdict, "complaint");
    const char *own_scope = hard || event->stream == NULL ? "" : event->stream;

    if (!g_str_equal(own_scope, scope) ||
        !(hard || complaint || g_str_equal(event->verdict, "unsubscribe")))
        return false;
    if (complaint && g_str_has_prefix(history->address, "abuse@"))
        return false;
    for (unsigned i = 0; i < history->decision_count; i++) {
        const HeedPastDecision *decision = &history->decisions[i];

        if (g_str_equal(decision->action, "remove") && covers(decision, scope) &&
            failure->arrived <= decision->hour)
            return false;
    }
    return true;
}

static const char *
reason_of(const HeedPastEvent *event)
{
    if (event->reason != NULL)
        return event->reason;
    return g_str_equal(event->verdict, "complaint") ? "abuse" : "unsubscribe";
}

static const char *
matter_of(const HeedPastEvent *event)
{
    return g_str_equal(reason_of(event), "bad-domain") ? "bad-domain" : event->verdict;
}

/* Two reports of one matter, the first at least so long before the second, of different messages or
 * both authenticated where that is enough. */
static bool
is_pair(const HeedPastEvent *one, const HeedPastEvent *other, int apart, bool trusted)
{
    return g_str_equal(matter_of(one), matter_of(other)) && other->hour - one->hour >= apart &&
           (one->message != other->message || (trusted && one->trust >= 3 && other->trust >= 3));
}

static char *
bad_domain_rule(const GPtrArray *evidence, const HeedPastEvent *event)
{
    if (event->trust >= 3 && g_strcmp0(event->status, "5.1.10") == 0)
        return g_strdup("bad-domain: null MX");
    for (guint i = 0; i < evidence->len; i++) {
        if (is_pair(g_ptr_array_index(evidence, i), event, 72, true))
            return g_strdup("bad-domain: 2 reports 72 h apart");
    }
    return NULL;
}

/* The rule that is satisfied once this report is in; NULL for none. */
static char *
rule_at(const GPtrArray *evidence, const HeedPastEvent *event)
{
    const char *matter = matter_of(event);

    if (g_str_equal(matter, "bad-domain"))
        return bad_domain_rule(evidence, event);
    if (event->trust >= 3)
        return g_strconcat(matter, event->trust == 4 ? ": signed report" : ": authenticated report",
                           NULL);
    if (g_str_equal(matter, "complaint") && event->closed)
        return g_strdup("complaint: closed mailbox");
    for (guint i = 0; i < evidence->len; i++) {
        const HeedPastEvent *later = g_ptr_array_index(evidence, i);

        if (!g_str_equal(matter_of(later), matter) || is_before(event, later))
            continue;
        for (guint j = 0; j < evidence->len; j++) {
            if (is_pair(g_ptr_array_index(evidence, j), later, 20, false))
                return g_strconcat(matter, ": 2 messages 20 h apart", NULL);
        }
    }
    return NULL;
}

typedef struct Decided {
    int added; /* hour; -1: not */
    bool allowed;
    bool any; /* in this very scope */
} Decided;

static Decided
decided_in(const History *history, const char *scope)
{
    Decided decided = {-1, false, false};

    for (unsigned i = 0; i < history->decision_count; i++) {
        const HeedPastDecision *decision = &history->decisions[i];

        if (!covers(decision, scope))
            continue;
        decided.any |= g_str_equal(decision->scope, scope);
        if (g_str_equal(decision->action, "remove"))
            decided.added = -1;
        else if (g_str_equal(decision->action, "allow"))
            decided.allowed = true;
        else if (g_str_equal(decision->action, "disallow"))
            decided.allowed = false;
        else if (g_str_equal(decision->scope, scope) &&
                 (decided.added < 0 || decision->hour < decided.added))
            decided.added = decision->hour;
    }
    return decided;
}

typedef struct Evidence {
    GPtrArray *events; /* owned; of borrowed HeedPastEvent */
    int first;
    int last;
    const HeedPastEvent *decisive; /* borrowed; NULL for none */
    char *rule;                    /* owned */
} Evidence;

static void
weigh(Evidence *evidence)
{
    evidence->first = G_MAXINT;
    for (guint i = 0; i < evidence->events->len; i++) {
        const HeedPastEvent *event = g_ptr_array_index(evidence->events, i);
        char *rule = rule_at(evidence->events, event);

        evidence->first = MIN(evidence->first, event->hour);
        evidence->last = MAX(evidence->last, event->hour);
        if (rule != NULL && (evidence->decisive == NULL || is_before(event, evidence->decisive))) {
            evidence->decisive = event;
            g_free(evidence->rule);
            evidence->rule = g_steal_pointer(&rule);
        }
        g_free(rule);
    }
}

static void
describe(const Evidence *evidence, Decided decided, const char *scope, GString *out)
{
    const HeedPastEvent *decisive = evidence->decisive;
    const char *rule = evidence->rule != NULL ? evidence->rule : "not enough evidence yet";
    const char *verdict = decisive != NULL ? decisive->verdict : "-";
    const char *reason = decisive != NULL ? reason_of(decisive) : "-";
    int since = decisive != NULL ? decisive->hour : -1;

    if (decided.added >= 0) {
        verdict = reason = "manual";
        rule = "added by hand";
        since = decided.added;
    }
    g_string_append_printf(out, "%s %s %s %s since ", scope,
                           decided.allowed ? "allowed"
                           : since >= 0    ? "suppressed"
                                           : "waiting",
                           verdict, reason);
    if (since >= 0)
        g_string_append_printf(out, "%d, %u from ", since, evidence->events->len);
    else
        g_string_append_printf(out, "-, %u from ", evidence->events->len);
    if (evidence->events->len > 0)
        g_string_append_printf(out, "%d to %d", evidence->first, evidence->last);
    else
        g_string_append(out, "- to -");
    g_string_append_printf(out, ": %s\n", decided.allowed ? "allowed" : rule);
}

static void
judge_scope(const History *history, const GArray *failures, const char *scope, GString *out)
{
    Decided decided = decided_in(history, scope);
    g_autoptr(GPtrArray) events = g_ptr_array_new();
    Evidence evidence = {.events = events, .last = G_MININT};

    for (guint i = 0; i < failures->len; i++) {
        Failure *failure = &g_array_index(failures, Failure, i);

        if (counts(history, failure, scope))
            g_ptr_array_add(events, &failure->speaker);
    }
    weigh(&evidence);
    if (events->len > 0 || (decided.any && (decided.allowed || decided.added >= 0)))
        describe(&evidence, decided, scope, out);
    g_free(evidence.rule);
}

static char *
judge(const History *history)
{
    static const char *const scopes[] = {"", "news", "shop"};
    GString *states = g_string_new(NULL);
    g_autoptr(GArray) failures = failures_of(history);

    for (size_t i = 0; i < G_N_ELEMENTS(scopes); i++)
        judge_scope(history, failures, scopes[i], states);
    return g_string_free(states, FALSE);
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
    int version;
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
           heed_policy_fold(poller->database, poller->version, addresses, error) &&
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
        const History *history = g_ptr_array_index(histories, i);

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
        const History *history = g_ptr_array_index(histories, i);
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

static void
check_all(HeedDatabase *database, const GPtrArray *histories, const char *when)
{
    for (guint i = 0; i < histories->len; i++) {
        const History *history = g_ptr_array_index(histories, i);
        g_autofree char *want = judge(history);
        g_autofree char *got = heed_history_states(database, history->address);

        if (!g_str_equal(got, want))
            g_test_message("%s: %s", when, history->address);
        g_assert_cmpstr(got, ==, want);
    }
}

static void
check_rebuild(HeedTestDatabase *test, int version, const GPtrArray *histories)
{
    g_autoptr(GError) error = NULL;
    HeedRebuilt rebuilt;

    heed_assert_done(heed_policy_rebuild(test->database, version, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.changed, ==, 0);
    heed_test_database_do(test->database, "DELETE FROM heed_data.address_state");
    heed_assert_done(heed_policy_rebuild(test->database, version, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.changed, >, 0);
    check_all(test->database, histories, "rebuilt from nothing");
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
    int version = heed_history_prepare(test);
    uint32_t digest = 1000; /* beyond the numbers that name shared failures */
    unsigned half;
    GThread *thread;

    g_test_message("seed %u", seed);
    for (unsigned i = 0; i < ADDRESSES; i++)
        g_ptr_array_add(histories, random_history(random, i, &digest));
    steps = steps_of(histories, random, &half);
    {
        const Step *all = &g_array_index(steps, Step, 0);
        Poller first = {test->database, all, half, version, seed + 1};
        Poller second = {other, all + half, steps->len - half, version, seed + 2};

        thread = g_thread_new("second", poll_steps, &second);
        (void)poll_steps(&first);
        g_thread_join(thread);
    }
    check_all(test->database, histories, "folded as they came");
    check_rebuild(test, version, histories);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned seed = 20260101U + 1000U * i;
        g_autofree char *path = g_strdup_printf("/policy/histories/%u", seed);

        g_test_add_data_func(path, GUINT_TO_POINTER(seed), test_round);
    }
    return g_test_run();
}
