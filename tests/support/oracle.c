/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/oracle.h"

#define HOLD_HOURS 48
#define FOR_EVER   G_MAXINT

const HeedOracleLine heed_oracle_lines[HEED_ORACLE_LINES] = {
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
held_until(const HeedOracleHistory *history, const HeedPastEvent *event, unsigned *out_hold)
{
    int until = -1;

    if (!g_str_has_suffix(history->address, "@example.com") || !g_str_equal(event->verdict, "hard"))
        return -1;
    for (unsigned i = 0; i < HEED_ORACLE_HOLDS; i++) {
        const HeedOracleHold *hold = &history->holds[i];

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
failures_of(const HeedOracleHistory *history)
{
    GArray *failures = g_array_new(FALSE, FALSE, sizeof(Failure));

    for (unsigned i = 0; i < history->event_count; i++) {
        const HeedPastEvent *event = &history->events[i];
        Failure *known = NULL;
        Failure new = {*event, event->hour + event->late, -1, 0};

        new.held_until = held_until(history, event, &new.hold);
        if (event->trust < (heed_history_is_lift(event) ? 3 : 2) || event->undone ||
            new.held_until == -2)
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
static const HeedOracleLine *
line_of(const HeedOracleHistory *history, const HeedPastEvent *event)
{
    for (unsigned i = 0; i < HEED_ORACLE_LINES; i++)
        if (g_str_equal(history->lines[i].matter, matter_of(event)))
            return &history->lines[i];
    return NULL;
}

static bool
counts(const HeedOracleHistory *history,
       const GArray *failures,
       const Failure *failure,
       const char *scope)
{
    const HeedPastEvent *event = &failure->speaker;
    const HeedOracleLine *line = line_of(history, event);
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
    const HeedOracleLine *line; /* borrowed */
    GPtrArray *failures;        /* of borrowed Failure * */
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
failures_of_count(const HeedOracleLine *line, bool believed)
{
    return believed ? line->failures : MAX(line->failures, 2);
}

static int
hours_of_count(const HeedOracleLine *line, bool believed)
{
    return believed ? line->apart : MAX(line->apart, 20);
}

/* Whether the count that begins at `start` is full with the failure at `end`. */
static bool
is_full(const Docket *docket, guint start, guint end, bool believed, bool with_held)
{
    const HeedOracleLine *line = docket->line;
    unsigned need = failures_of_count(line, believed);
    int apart = hours_of_count(line, believed);
    const HeedPastEvent *counted[HEED_ORACLE_MOST_EVENTS];
    unsigned count = 0;

    for (guint i = start; i <= end; i++) {
        const Failure *failure = g_ptr_array_index(docket->failures, i);
        const HeedPastEvent *event = &failure->speaker;
        bool known = false;

        if (heed_history_is_lift(event) || (believed && !is_believed(event)) ||
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
    const HeedOracleLine *line = docket->line;
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

        if (heed_history_is_lift(event) && sentence.until != FOR_EVER) {
            sentence_take(&sentence, NULL, 0, NULL);
            level = 0;
            start = i + 1;
        }
        if (heed_history_is_lift(event) || failure->held_until >= 0 || event->hour < sentence.until)
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
weigh(const HeedOracleHistory *history, const GArray *failures, const char *scope)
{
    Sentence best = {0};

    for (unsigned i = 0; i < HEED_ORACLE_LINES; i++) {
        g_autoptr(GPtrArray) heard = g_ptr_array_new();
        const HeedOracleLine *line = &history->lines[i];
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
decided_in(const HeedOracleHistory *history, const char *scope)
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
evidence_in(const HeedOracleHistory *history, const GArray *failures, const char *scope)
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
judge_scope(const HeedOracleHistory *history,
            const GArray *failures,
            const char *scope,
            GString *out)
{
    Decided decided = decided_in(history, scope);
    Evidence evidence = evidence_in(history, failures, scope);
    Sentence sentence = weigh(history, failures, scope);

    if (evidence.count > 0 || (decided.any && (decided.allowed || decided.added >= 0)))
        describe(&sentence, &evidence, decided, scope, out);
    g_free(sentence.rule);
}

char *
heed_oracle_judge(const HeedOracleHistory *history)
{
    static const char *const scopes[] = {"", "news", "shop"};
    GString *states = g_string_new(NULL);
    g_autoptr(GArray) failures = failures_of(history);

    for (size_t i = 0; i < G_N_ELEMENTS(scopes); i++)
        judge_scope(history, failures, scopes[i], states);
    return g_string_free(states, FALSE);
}
