/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Invariant 3 of design.md over random histories: whatever order their reports came in, in whatever
 * batches and through two connections at once, the state is what the rules say of all of them, and
 * what a rebuild makes. The rules are written down here a second time, the slow and plain way. Half
 * of the rounds have the default policy, half a random one.
 */

#include "base/error.h"
#include "suppress/policy.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#include <string.h>

#define ROUNDS         6U
#define ADDRESSES      60U
#define MOST_EVENTS    14U
#define MOST_DECISIONS 4U
#define MOST_BATCH     12U
#define HOLDS          2U
#define HOLD_HOURS     48
#define FOR_EVER       G_MAXINT

#define MOST_STEPS 4U

/* A line of the policy. */
typedef struct Line {
    const char *matter;
    HeedVerdict verdict;
    HeedClass class_;
    unsigned failures; /* 1: at once */
    int apart;         /* hours */
    int within;        /* days; 0: whatever time */
    bool distinct;
    int days[MOST_STEPS]; /* 0: without end */
    unsigned steps;
    bool everywhere;
    bool cleared;
} Line;

#define LINES 5U

static const Line default_lines[LINES] = {
    {"hard", HEED_VERDICT_HARD, HEED_CLASS_NONE, 1, 0, 0, false, {0}, 1, true, false},
    {"bad-domain", HEED_VERDICT_HARD, HEED_CLASS_BAD_DOMAIN, 2, 72, 0, false, {0}, 1, true, false},
    {"soft", HEED_VERDICT_SOFT, HEED_CLASS_NONE, 3, 20, 180, true, {30, 90, 180}, 4, true, true},
    {"complaint", HEED_VERDICT_COMPLAINT, HEED_CLASS_NONE, 1, 0, 0, false, {0}, 1, false, false},
    {"unsubscribe",
     HEED_VERDICT_UNSUBSCRIBE,
     HEED_CLASS_NONE,
     1,
     0,
     0,
     false,
     {0},
     1,
     false,
     false},
};

typedef struct Hold {
    int from;
    int to;
    const char *resolution; /* NULL: it waits */
} Hold;

typedef struct History {
    const Line *lines; /* borrowed; LINES of them */
    const Hold *holds; /* borrowed; HOLDS of them, of example.com */
    char *address;     /* owned */
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

/* Another line for the same failures. */
static Line
random_line(GRand *random, const Line *usual)
{
    Line line = *usual;
    bool bounces = line.verdict == HEED_VERDICT_HARD || line.verdict == HEED_VERDICT_SOFT;

    line.steps = (unsigned)g_rand_int_range(random, 1, MOST_STEPS + 1);
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
set_line(HeedPolicy *policy, const Line *line)
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

static bool
is_lift(const HeedPastEvent *event)
{
    return g_str_equal(event->verdict, "delivered") || g_str_equal(event->verdict, "not-spam");
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
    event.failure = is_lift(&event) ? '\0' : "\0\0\0fg"[g_rand_int_range(random, 0, 5)];
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
    History *history = data;

    g_free(history->address);
    g_free(history);
}

static History *
random_history(
    GRand *random, unsigned number, const Line *lines, const Hold *holds, uint32_t *digest)
{
    History *history = g_new0(History, 1);

    history->lines = lines;
    history->holds = holds;
    history->address = number % 20 == 0 ? g_strdup_printf("abuse@domain%u.example", number)
                                        : g_strdup_printf("user%u@example.com", number);
    history->event_count = (unsigned)g_rand_int_range(random, 0, MOST_EVENTS + 1);
    for (unsigned i = 0; i < history->event_count; i++)
        history->events[i] = random_event(random, history->address, number % 3 == 1, (*digest)++);
    if (g_rand_boolean(random))
        history->decision_count = (unsigned)g_rand_int_range(random, 0, MOST_DECISIONS + 1);
    for (unsigned i = 0; i < history->decision_count; i++)
        history->decisions[i] = random_decision(random, history->address);
    return history;
}

/* The rules once more. */

typedef struct Failure {
    HeedPastEvent speaker;
    int arrived;    /* of the first report of it */
    int held_until; /* -1: not held */
    unsigned hold;  /* by which; from 1 */
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

/* -2: it was discarded; -1: it is not held. */
static int
held_until(const History *history, const HeedPastEvent *event, unsigned *out_hold)
{
    int until = -1;

    if (!g_str_has_suffix(history->address, "@example.com") || !g_str_equal(event->verdict, "hard"))
        return -1;
    for (unsigned i = 0; i < HOLDS; i++) {
        const Hold *hold = &history->holds[i];

        if (event->hour < hold->from || event->hour >= hold->to)
            continue;
        if (g_strcmp0(hold->resolution, "discarded") == 0)
            return -2;
        if (hold->resolution == NULL) {
            until = MAX(until, MAX(event->hour, hold->from) + HOLD_HOURS);
            *out_hold = i + 1;
        }
    }
    return until;
}

static gint
compare_failures(gconstpointer a, gconstpointer b)
{
    return is_before(&((const Failure *)a)->speaker, &((const Failure *)b)->speaker) ? -1 : 1;
}

/* In the order of history, lifts among them. */
static GArray *
failures_of(const History *history)
{
    GArray *failures = g_array_new(FALSE, FALSE, sizeof(Failure));

    for (unsigned i = 0; i < history->event_count; i++) {
        const HeedPastEvent *event = &history->events[i];
        Failure *known = NULL;
        Failure new = {*event, event->hour + event->late, -1, 0};

        new.held_until = held_until(history, event, &new.hold);
        if (event->trust < (is_lift(event) ? 3 : 2) || event->undone || new.held_until == -2)
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
        if (speaks_better(event, &known->speaker)) {
            known->speaker = *event;
            known->held_until = new.held_until;
            known->hold = new.hold;
        }
    }
    g_array_sort(failures, compare_failures);
    return failures;
}

static bool
covers(const HeedPastDecision *decision, const char *scope)
{
    return decision->scope[0] == '\0' || g_str_equal(decision->scope, scope);
}

static bool
is_withdrawn(const GArray *failures, const HeedPastEvent *complaint)
{
    for (guint i = 0; i < failures->len; i++) {
        const HeedPastEvent *event = &g_array_index(failures, Failure, i).speaker;

        if (g_str_equal(event->verdict, "not-spam") && event->message != '\0' &&
            event->message == complaint->message && event->hour >= complaint->hour)
            return true;
    }
    return false;
}

static const char *
reason_of(const HeedPastEvent *event)
{
    if (event->reason != NULL)
        return event->reason;
    if (g_str_equal(event->verdict, "complaint"))
        return "abuse";
    return g_str_equal(event->verdict, "unsubscribe") ? "unsubscribe" : "bad-mailbox";
}

static const char *
matter_of(const HeedPastEvent *event)
{
    bool is_bad_domain =
        g_str_equal(event->verdict, "hard") && g_str_equal(reason_of(event), "bad-domain");

    return is_bad_domain ? "bad-domain" : event->verdict;
}

/* The line that a failure is of; NULL for what is none. */
static const Line *
line_of(const History *history, const HeedPastEvent *event)
{
    for (unsigned i = 0; i < LINES; i++)
        if (g_str_equal(history->lines[i].matter, matter_of(event)))
            return &history->lines[i];
    return NULL;
}

static bool
counts(const History *history, const GArray *failures, const Failure *failure, const char *scope)
{
    const HeedPastEvent *event = &failure->speaker;
    const Line *line = line_of(history, event);
    bool complaint = g_str_equal(event->verdict, "complaint");

    if (line == NULL ||
        !g_str_equal(line->everywhere || event->stream == NULL ? "" : event->stream, scope))
        return false;
    if (complaint &&
        (g_str_has_prefix(history->address, "abuse@") || is_withdrawn(failures, event)))
        return false;
    for (unsigned i = 0; i < history->decision_count; i++) {
        const HeedPastDecision *decision = &history->decisions[i];

        if (g_str_equal(decision->action, "remove") && covers(decision, scope) &&
            failure->arrived <= decision->hour)
            return false;
    }
    return true;
}

/* What counts of one matter in one scope, with the deliveries where they matter. */
typedef struct Docket {
    const Line *line;    /* borrowed */
    GPtrArray *failures; /* of borrowed Failure * */
} Docket;

/* Leaves out what is older; how many are left. */
static unsigned
drop_old(const HeedPastEvent **counted, unsigned count, int oldest)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < count; i++)
        if (counted[i]->hour >= oldest)
            counted[kept++] = counted[i];
    return kept;
}

static bool
is_believed(const HeedPastEvent *event)
{
    return event->trust >= 3 || (event->closed && g_str_equal(event->verdict, "complaint"));
}

/* Of the count of what is believed, or of all. */
static unsigned
failures_of_count(const Line *line, bool believed)
{
    return believed ? line->failures : MAX(line->failures, 2);
}

static int
hours_of_count(const Line *line, bool believed)
{
    return believed ? line->apart : MAX(line->apart, 20);
}

/* Whether the count that begins at `start` is full with the failure at `end`. */
static bool
is_full(const Docket *docket, guint start, guint end, bool believed, bool with_held)
{
    const Line *line = docket->line;
    unsigned need = failures_of_count(line, believed);
    int apart = hours_of_count(line, believed);
    const HeedPastEvent *counted[MOST_EVENTS];
    unsigned count = 0;

    for (guint i = start; i <= end; i++) {
        const Failure *failure = g_ptr_array_index(docket->failures, i);
        const HeedPastEvent *event = &failure->speaker;
        bool known = false;

        if (is_lift(event) || (believed && !is_believed(event)) ||
            (!with_held && failure->held_until >= 0))
            continue;
        if (line->failures > 1 && line->within > 0)
            count = drop_old(counted, count, event->hour - line->within * 24);
        /* One that stays full goes on. */
        if (count == need)
            continue;
        for (unsigned j = 0; j < count; j++)
            known |= counted[j]->message == event->message;
        if ((count > 0 && event->hour - counted[count - 1]->hour < apart) ||
            (known && (line->distinct || !believed)))
            continue;
        counted[count++] = event;
    }
    return count == need;
}

/* The rule that the failure at `end` satisfies; NULL for none. */
static char *
rule_at(const Docket *docket, guint start, guint end, bool with_held)
{
    const Failure *failure = g_ptr_array_index(docket->failures, end);
    const HeedPastEvent *event = &failure->speaker;
    const Line *line = docket->line;
    bool believed;

    if (g_str_equal(line->matter, "bad-domain") && event->trust >= 3 &&
        g_strcmp0(event->status, "5.1.10") == 0)
        return g_strdup("bad-domain: null MX");
    if (line->failures == 1 && event->trust >= 3)
        return g_strconcat(line->matter,
                           event->trust == 4 ? ": signed report" : ": authenticated report", NULL);
    if (line->failures == 1 && is_believed(event))
        return g_strdup("complaint: closed mailbox");
    believed =
        line->failures > 1 && is_believed(event) && is_full(docket, start, end, true, with_held);
    if (!believed && !is_full(docket, start, end, false, with_held))
        return NULL;
    return g_strdup_printf("%s: %u %s %d h apart", line->matter, failures_of_count(line, believed),
                           line->failures > 1 && !line->distinct ? "reports" : "messages",
                           hours_of_count(line, believed));
}

typedef struct Sentence {
    const HeedPastEvent *decisive; /* borrowed; NULL for none */
    int until;
    char *rule; /* owned */
} Sentence;

static void
sentence_take(Sentence *sentence, const HeedPastEvent *decisive, int until, char *rule)
{
    g_free(sentence->rule);
    sentence->decisive = decisive;
    sentence->until = until;
    sentence->rule = rule;
}

static bool
has_failed(const GArray *failures, const HeedPastEvent *delivery)
{
    for (guint i = 0; i < failures->len; i++) {
        const HeedPastEvent *event = &g_array_index(failures, Failure, i).speaker;

        if (event->message == delivery->message && event->message != '\0' &&
            (g_str_equal(event->verdict, "hard") || g_str_equal(event->verdict, "soft")))
            return true;
    }
    return false;
}

/* The first failure from `start` on that did not come while the address was suppressed: such do not
 * count. */
static guint
first_from(const Docket *docket, guint start, guint end, int until)
{
    while (start < end &&
           ((const Failure *)g_ptr_array_index(docket->failures, start))->speaker.hour < until)
        start++;
    return start;
}

/* The sentence for a failure that satisfies a rule, the so-manieth time. */
static void
pass_sentence(Sentence *sentence,
              const Docket *docket,
              const HeedPastEvent *event,
              unsigned level,
              const char *rule)
{
    int days = docket->line->days[MIN(level, docket->line->steps - 1)];

    if (days > 0)
        sentence_take(sentence, event, event->hour + 24 * days,
                      g_strdup_printf("%s, for %d days", rule, days));
    else
        sentence_take(sentence, event, FOR_EVER, g_strdup(rule));
}

static Sentence
try_matter(const Docket *docket)
{
    Sentence sentence = {0};
    unsigned level = 0;
    guint start = 0;

    for (guint i = 0; i < docket->failures->len; i++) {
        const Failure *failure = g_ptr_array_index(docket->failures, i);
        const HeedPastEvent *event = &failure->speaker;
        g_autofree char *rule = NULL;

        if (is_lift(event) && sentence.until != FOR_EVER) {
            sentence_take(&sentence, NULL, 0, NULL);
            level = 0;
            start = i + 1;
        }
        if (is_lift(event) || failure->held_until >= 0 || event->hour < sentence.until)
            continue;
        if (sentence.decisive != NULL && docket->line->within > 0 &&
            event->hour - sentence.until > docket->line->within * 24)
            level = 0;
        start = MAX(start, first_from(docket, start, i, sentence.until));
        rule = rule_at(docket, start, i, false);
        if (rule == NULL)
            continue;
        pass_sentence(&sentence, docket, event, level, rule);
        level++;
        start = i + 1;
    }
    return sentence;
}

/* How long what is held pauses. */
static Sentence
try_holds(const Docket *docket)
{
    Sentence sentence = {0};

    for (guint i = 0; i < docket->failures->len; i++) {
        const Failure *failure = g_ptr_array_index(docket->failures, i);
        char *rule;

        if (failure->held_until <= sentence.until)
            continue;
        rule = rule_at(docket, 0, i, true);
        if (rule != NULL)
            sentence_take(
                &sentence, &failure->speaker, failure->held_until,
                g_strdup_printf("%s: held, surge %u", docket->line->matter, failure->hold));
        g_free(rule);
    }
    return sentence;
}

static void
keep_better(Sentence *best, Sentence other)
{
    if (other.decisive != NULL &&
        (best->decisive == NULL || other.until > best->until ||
         (other.until == best->until && is_before(other.decisive, best->decisive))))
        sentence_take(best, other.decisive, other.until, g_steal_pointer(&other.rule));
    g_free(other.rule);
}

static Sentence
weigh(const History *history, const GArray *failures, const char *scope)
{
    Sentence best = {0};

    for (unsigned i = 0; i < LINES; i++) {
        g_autoptr(GPtrArray) heard = g_ptr_array_new();
        const Line *line = &history->lines[i];
        Docket docket = {line, heard};

        for (guint j = 0; j < failures->len; j++) {
            Failure *failure = &g_array_index(failures, Failure, j);
            const HeedPastEvent *event = &failure->speaker;
            bool clears = g_str_equal(event->verdict, "delivered") && line->cleared &&
                          !has_failed(failures, event);

            if (clears ||
                (line_of(history, event) == line && counts(history, failures, failure, scope)))
                g_ptr_array_add(heard, failure);
        }
        keep_better(&best, try_matter(&docket));
        keep_better(&best, try_holds(&docket));
    }
    return best;
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
        else if (g_str_equal(decision->scope, scope) && decided.added < 0)
            decided.added = decision->hour;
    }
    return decided;
}

typedef struct Evidence {
    unsigned count;
    int first;
    int last;
} Evidence;

static Evidence
evidence_in(const History *history, const GArray *failures, const char *scope)
{
    Evidence evidence = {0};

    for (guint i = 0; i < failures->len; i++) {
        const Failure *failure = &g_array_index(failures, Failure, i);

        if (!counts(history, failures, failure, scope))
            continue;
        if (evidence.count++ == 0)
            evidence.first = failure->speaker.hour;
        evidence.last = failure->speaker.hour;
    }
    return evidence;
}

static void
describe(const Sentence *sentence,
         const Evidence *evidence,
         Decided decided,
         const char *scope,
         GString *out)
{
    const HeedPastEvent *decisive = sentence->decisive;
    const char *rule = decisive != NULL ? sentence->rule : "not enough evidence yet";
    const char *verdict = decisive != NULL ? decisive->verdict : "-";
    const char *reason = decisive != NULL ? reason_of(decisive) : "-";
    int since = decisive != NULL ? decisive->hour : -1;
    int until = decisive != NULL ? sentence->until : FOR_EVER;

    if (decided.added >= 0) {
        verdict = reason = "manual";
        rule = "added by hand";
        since = decided.added;
        until = FOR_EVER;
    }
    g_string_append_printf(out, "%s %s %s %s since ", scope,
                           decided.allowed ? "allowed"
                           : since >= 0    ? "suppressed"
                                           : "waiting",
                           verdict, reason);
    if (since >= 0)
        g_string_append_printf(out, "%d", since);
    else
        g_string_append(out, "-");
    if (until != FOR_EVER)
        g_string_append_printf(out, " until %d", until);
    g_string_append_printf(out, ", %u from ", evidence->count);
    if (evidence->count > 0)
        g_string_append_printf(out, "%d to %d", evidence->first, evidence->last);
    else
        g_string_append(out, "- to -");
    g_string_append_printf(out, ": %s\n", decided.allowed ? "allowed" : rule);
}

static void
judge_scope(const History *history, const GArray *failures, const char *scope, GString *out)
{
    Decided decided = decided_in(history, scope);
    Evidence evidence = evidence_in(history, failures, scope);
    Sentence sentence = weigh(history, failures, scope);

    if (evidence.count > 0 || (decided.any && (decided.allowed || decided.added >= 0)))
        describe(&sentence, &evidence, decided, scope, out);
    g_free(sentence.rule);
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

static Hold
place_hold(HeedDatabase *database, GRand *random)
{
    static const char *const resolutions[] = {NULL, NULL, "released", "discarded"};
    int from = g_rand_int_range(random, 0, 200);
    Hold hold = {from, from + g_rand_int_range(random, 1, 120),
                 choose(random, resolutions, G_N_ELEMENTS(resolutions))};

    heed_history_add_hold(database, hold.from, hold.to, hold.resolution);
    return hold;
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
use_lines(HeedDatabase *database, HeedPolicy *policy, bool usual, GRand *random, Line *out)
{
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < LINES; i++) {
        out[i] = usual ? default_lines[i] : random_line(random, &default_lines[i]);
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
    Line lines[LINES];
    uint32_t digest = 1000; /* beyond the numbers that name shared failures */
    Hold holds[HOLDS];
    unsigned half;
    GThread *thread;

    g_test_message("seed %u", seed);
    use_lines(test->database, policy, seed / 1000 % 2 == 0, random, lines);
    for (unsigned i = 0; i < HOLDS; i++)
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
