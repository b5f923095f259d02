/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/judge.h"

#include "parsers/address.h"
#include "suppress/ruling.h"
#include "suppress/tally.h"

#include <string.h>

/* What would suppress an address in a scope. */
typedef struct Candidate {
    const HeedFact *fact; /* that decided; borrowed; NULL: none */
    const HeedPolicyLine *line;
    int64_t until;
    HeedTallied tallied; /* why now */
    unsigned days;       /* 0: without end */
    int64_t hold_id;     /* it is only a hold; 0: not */
} Candidate;

/* What is known before any scope is looked at. */
typedef struct Hearing {
    const HeedPolicy *policy;
    const HeedCase *the_case;
    /* For each fact: the line it counts for, NULL for none. Owned. */
    const HeedPolicyLine **lines;
    bool *is_delivery; /* for each fact: a delivery that stands; owned */
} Hearing;

/* Whether the sender's customer said later that this message was not spam: RFC 6430. */
static bool
is_withdrawn(const HeedPolicy *policy, const HeedCase *the_case, const HeedFact *complaint)
{
    if (complaint->original[0] == '\0')
        return false;
    for (size_t i = 0; i < the_case->fact_count; i++) {
        const HeedFact *fact = &the_case->facts[i];

        if (fact->kind == HEED_FACT_WITHDRAWAL && heed_fact_is_believed(policy, fact) &&
            fact->occurred_at >= complaint->occurred_at &&
            g_str_equal(fact->original, complaint->original))
            return true;
    }
    return false;
}

/* A server takes mail and then sends it back: no delivery, whatever the log had said. */
static bool
has_failed(const HeedCase *the_case, const HeedFact *delivery)
{
    if (delivery->original[0] == '\0')
        return false;
    for (size_t i = 0; i < the_case->fact_count; i++) {
        const HeedFact *fact = &the_case->facts[i];

        if (fact->kind == HEED_FACT_FAILURE &&
            (fact->verdict == HEED_VERDICT_HARD || fact->verdict == HEED_VERDICT_SOFT) &&
            g_str_equal(fact->original, delivery->original))
            return true;
    }
    return false;
}

static const HeedPolicyLine *
line_of(const HeedPolicy *policy, const HeedCase *the_case, const HeedFact *fact)
{
    const HeedPolicyLine *line = heed_policy_line(policy, fact->verdict, fact->class_);

    if (line == NULL || line->action == HEED_POLICY_IGNORE || fact->trust < HEED_TRUST_PLAUSIBLE ||
        (!line->plausible && !heed_fact_is_believed(policy, fact)))
        return NULL;
    /* Whoever reads a role's mail reports other people's mail. */
    if (fact->verdict == HEED_VERDICT_COMPLAINT &&
        (heed_address_is_role(the_case->address) || is_withdrawn(policy, the_case, fact)))
        return NULL;
    return line;
}

static void
hearing_open(Hearing *out, const HeedPolicy *policy, const HeedCase *the_case)
{
    out->policy = policy;
    out->the_case = the_case;
    out->lines = g_new0(const HeedPolicyLine *, the_case->fact_count);
    out->is_delivery = g_new0(bool, the_case->fact_count);
    for (size_t i = 0; i < the_case->fact_count; i++) {
        const HeedFact *fact = &the_case->facts[i];

        if (fact->kind == HEED_FACT_FAILURE)
            out->lines[i] = line_of(policy, the_case, fact);
        else if (fact->kind == HEED_FACT_DELIVERY)
            out->is_delivery[i] =
                heed_fact_is_believed(policy, fact) && !has_failed(the_case, fact);
    }
}

static void
hearing_close(Hearing *hearing)
{
    g_free(hearing->lines);
    g_free(hearing->is_delivery);
}

static bool
is_exempt(const HeedPolicyExemption *exemption, const HeedPolicyLine *line)
{
    return exemption != NULL &&
           ((exemption->complaint && line->verdict == HEED_VERDICT_COMPLAINT) ||
            (exemption->unsubscribe && line->verdict == HEED_VERDICT_UNSUBSCRIBE));
}

static bool
is_in_scope(const HeedRuling *ruling, const HeedPolicyLine *line, const HeedFact *fact)
{
    return g_str_equal(line->everywhere ? "" : fact->stream, ruling->scope) &&
           fact->first_arrived_at > ruling->removed_at &&
           (!is_exempt(ruling->exemption, line) ||
            g_str_equal(fact->stream, ruling->exemption->stream));
}

/* The history of one line in one scope: what suppresses at its end. Held failures wait. */
static Candidate
run_line(const Hearing *hearing, const HeedRuling *ruling, const HeedPolicyLine *line)
{
    const HeedCase *the_case = hearing->the_case;
    Candidate best = {0};
    unsigned level = 0;
    HeedTally tally;

    heed_tally_begin(&tally, hearing->policy, line);
    for (size_t i = 0; i < the_case->fact_count; i++) {
        const HeedFact *fact = &the_case->facts[i];
        Candidate next;

        if (hearing->is_delivery[i] && line->cleared_by_delivery &&
            (best.fact == NULL || best.until != HEED_TIME_WITHOUT_END)) {
            best = (Candidate){0};
            level = 0;
            heed_tally_begin(&tally, hearing->policy, line);
        }
        if (hearing->lines[i] != line || fact->held_until != HEED_TIME_NONE ||
            !is_in_scope(ruling, line, fact))
            continue;
        /* Mail that was under way, or that is sent all the same. */
        if (best.fact != NULL && fact->occurred_at < best.until)
            continue;
        if (best.fact != NULL && line->within_days > 0 &&
            fact->occurred_at - best.until > line->within_days * HEED_TIME_DAY)
            level = 0;
        next = (Candidate){.fact = fact, .line = line, .until = HEED_TIME_WITHOUT_END};
        next.tallied = heed_tally_add(&tally, hearing->policy, line, fact);
        if (next.tallied.why == HEED_TALLIED_NOT_YET)
            continue;
        next.days = line->lasts_days[MIN(level, line->steps - 1)];
        if (next.days > 0)
            next.until = fact->occurred_at + next.days * HEED_TIME_DAY;
        best = next;
        level++;
        heed_tally_begin(&tally, hearing->policy, line);
    }
    return best;
}

/* The same with the held failures: how long those that would suppress pause the address. */
static Candidate
run_holds(const Hearing *hearing, const HeedRuling *ruling, const HeedPolicyLine *line)
{
    const HeedCase *the_case = hearing->the_case;
    Candidate best = {0};
    HeedTally tally;

    heed_tally_begin(&tally, hearing->policy, line);
    for (size_t i = 0; i < the_case->fact_count; i++) {
        const HeedFact *fact = &the_case->facts[i];
        HeedTallied tallied;

        if (hearing->lines[i] != line || !is_in_scope(ruling, line, fact))
            continue;
        tallied = heed_tally_add(&tally, hearing->policy, line, fact);
        if (tallied.why == HEED_TALLIED_NOT_YET || fact->held_until == HEED_TIME_NONE)
            continue;
        if (best.fact == NULL || fact->held_until > best.until) {
            best = (Candidate){.fact = fact,
                               .line = line,
                               .until = fact->held_until,
                               .tallied = tallied,
                               .hold_id = fact->hold_id};
        }
    }
    return best;
}

/* What lasts longer; of what lasts as long, what was there first. */
static void
keep_better(Candidate *best, const Candidate *other)
{
    if (other->fact == NULL)
        return;
    if (best->fact == NULL || other->until > best->until ||
        (other->until == best->until &&
         (other->fact->occurred_at < best->fact->occurred_at ||
          (other->fact->occurred_at == best->fact->occurred_at && other->fact < best->fact))))
        *best = *other;
}

static bool
has_facts(const Hearing *hearing, const HeedPolicyLine *line)
{
    for (size_t i = 0; i < hearing->the_case->fact_count; i++)
        if (hearing->lines[i] == line)
            return true;
    return false;
}

/* What suppresses in a scope. */
static Candidate
weigh(const Hearing *hearing, const HeedRuling *ruling)
{
    Candidate best = {0};

    for (guint i = 0; i < hearing->policy->lines->len; i++) {
        const HeedPolicyLine *line = &g_array_index(hearing->policy->lines, HeedPolicyLine, i);
        Candidate next;

        if (!has_facts(hearing, line))
            continue;
        next = run_line(hearing, ruling, line);
        keep_better(&best, &next);
        next = run_holds(hearing, ruling, line);
        keep_better(&best, &next);
    }
    return best;
}

static char *
describe(const Candidate *candidate)
{
    const HeedPolicyLine *line = candidate->line;
    const HeedTallied *tallied = &candidate->tallied;
    GString *rule = g_string_new(heed_policy_line_name(line));

    g_string_append(rule, ": ");
    if (candidate->hold_id != 0)
        g_string_append_printf(rule, "held, surge %" G_GINT64_FORMAT, candidate->hold_id);
    else if (tallied->why == HEED_TALLIED_COUNT && tallied->failures > 1)
        g_string_append_printf(rule, "%u %s %" G_GINT64_FORMAT " h apart", tallied->failures,
                               line->action == HEED_POLICY_COUNT && !line->distinct ? "reports"
                                                                                    : "messages",
                               tallied->apart / HEED_TIME_HOUR);
    else if (tallied->why == HEED_TALLIED_NULL_MX)
        g_string_append(rule, "null MX");
    else if (tallied->why == HEED_TALLIED_CLOSED_MAILBOX)
        g_string_append(rule, "closed mailbox");
    else
        g_string_append_printf(rule, "%s report", heed_trust_name(candidate->fact->trust));
    if (candidate->days > 0)
        g_string_append_printf(rule, ", for %u days", candidate->days);
    return g_string_free(rule, FALSE);
}

static const char *
reason_of(const HeedFact *fact)
{
    return fact->class_ != HEED_CLASS_NONE ? heed_class_name(fact->class_)
                                           : heed_verdict_name(fact->verdict);
}

static void
apply(const Candidate *candidate, HeedJudgement *out)
{
    if (candidate->fact == NULL)
        return;
    out->suppressed = true;
    out->reason = reason_of(candidate->fact);
    out->verdict = heed_verdict_name(candidate->fact->verdict);
    out->since = candidate->fact->occurred_at;
    out->until = candidate->until;
    out->hold_id = candidate->hold_id;
    g_free(out->rule);
    out->rule = describe(candidate);
}

/* How much evidence there is in the scope, whatever becomes of it. */
static void
count_evidence(const Hearing *hearing, const HeedRuling *ruling, HeedJudgement *out)
{
    for (size_t i = 0; i < hearing->the_case->fact_count; i++) {
        const HeedFact *fact = &hearing->the_case->facts[i];

        if (hearing->lines[i] == NULL || !is_in_scope(ruling, hearing->lines[i], fact))
            continue;
        if (out->evidence_count == 0)
            out->first_event_at = fact->occurred_at;
        out->last_event_at = fact->occurred_at;
        out->evidence_count++;
    }
}

/* There is no evidence beside it: what it rested on was erased. */
static void
keep(const HeedKept *kept, HeedJudgement *out)
{
    out->suppressed = kept->suppressed;
    out->allowed = kept->allowed;
    out->reason = kept->reason;
    out->verdict = kept->verdict;
    out->since = kept->since;
    out->until = kept->until;
    out->evidence_count = kept->evidence_count;
    out->first_event_at = kept->first_event_at;
    out->last_event_at = kept->last_event_at;
    g_free(out->rule);
    out->rule = g_strconcat("kept: ", kept->rule, NULL);
}

static void
decide(const Hearing *hearing, const HeedRuling *ruling, HeedJudgement *out)
{
    const char *name = NULL;

    if (ruling->kept != NULL)
        keep(ruling->kept, out);
    if (ruling->added_at != HEED_TIME_NONE) {
        out->suppressed = true;
        out->reason = "manual";
        out->verdict = "manual";
        out->since = ruling->added_at;
        out->until = HEED_TIME_WITHOUT_END;
        out->hold_id = 0;
        g_free(out->rule);
        out->rule = g_strdup("added by hand");
    } else if (heed_policy_protects(hearing->policy, hearing->the_case->address, &name)) {
        out->suppressed = false;
        out->allowed = true;
        g_free(out->rule);
        out->rule = g_strconcat("protected: ", name, NULL);
    }
    if (ruling->allowed) {
        out->suppressed = false;
        out->allowed = true;
        g_free(out->rule);
        out->rule = g_strdup("allowed");
    }
}

static bool
judge_scope(const Hearing *hearing, const char *scope, HeedJudgement *out)
{
    HeedRuling ruling = heed_ruling_on(hearing->the_case, scope);
    Candidate best;

    *out = (HeedJudgement){.since = HEED_TIME_NONE,
                           .until = HEED_TIME_WITHOUT_END,
                           .first_event_at = HEED_TIME_NONE,
                           .last_event_at = HEED_TIME_NONE};
    count_evidence(hearing, &ruling, out);
    if (out->evidence_count == 0 &&
        !(ruling.is_own &&
          (ruling.allowed || ruling.added_at != HEED_TIME_NONE || ruling.kept != NULL)))
        return false;
    out->scope = g_strdup(scope);
    out->rule = g_strdup("not enough evidence yet");
    best = weigh(hearing, &ruling);
    apply(&best, out);
    decide(hearing, &ruling, out);
    return true;
}

static HeedJudgement *
find_judgement(GArray *judgements, const char *scope)
{
    for (guint i = 0; i < judgements->len; i++) {
        HeedJudgement *judgement = &g_array_index(judgements, HeedJudgement, i);

        if (g_str_equal(judgement->scope, scope))
            return judgement;
    }
    return NULL;
}

/* Where scope "" is suppressed by what leaves a stream alone, and by nothing that lasts as long,
 * the stream gets a row that allows it. What is suppressed in the stream itself stays so. */
static void
exempt(const Hearing *hearing, const HeedPolicyExemption *exemption, GArray *judgements)
{
    HeedJudgement *everywhere = find_judgement(judgements, "");
    HeedJudgement *own = find_judgement(judgements, exemption->stream);
    HeedRuling ruling = heed_ruling_on(hearing->the_case, "");
    Candidate all;
    Candidate rest;

    if (everywhere == NULL || !everywhere->suppressed || ruling.added_at != HEED_TIME_NONE ||
        ruling.kept != NULL || (own != NULL && (own->suppressed || own->allowed)))
        return;
    all = weigh(hearing, &ruling);
    ruling.exemption = exemption;
    rest = weigh(hearing, &ruling);
    if (rest.fact != NULL && rest.until >= all.until)
        return;
    if (own == NULL) {
        HeedJudgement made = {.scope = g_strdup(exemption->stream),
                              .since = HEED_TIME_NONE,
                              .until = HEED_TIME_WITHOUT_END,
                              .first_event_at = HEED_TIME_NONE,
                              .last_event_at = HEED_TIME_NONE};

        g_array_append_val(judgements, made);
        own = &g_array_index(judgements, HeedJudgement, judgements->len - 1);
    }
    own->allowed = true;
    g_free(own->rule);
    own->rule = g_strdup("exempt from what was said elsewhere");
}

static gint
compare_scopes(gconstpointer a, gconstpointer b)
{
    return strcmp(((const HeedJudgement *)a)->scope, ((const HeedJudgement *)b)->scope);
}

/* The scopes that anything was said about. */
static GHashTable *
scopes_of(const Hearing *hearing)
{
    GHashTable *scopes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < hearing->the_case->fact_count; i++) {
        const HeedPolicyLine *line = hearing->lines[i];

        if (line != NULL)
            (void)g_hash_table_add(
                scopes, g_strdup(line->everywhere ? "" : hearing->the_case->facts[i].stream));
    }
    for (size_t i = 0; i < hearing->the_case->decision_count; i++)
        (void)g_hash_table_add(scopes, g_strdup(hearing->the_case->decisions[i].scope));
    return scopes;
}

static void
clear_judgement(void *data)
{
    HeedJudgement *judgement = data;

    g_free(judgement->scope);
    g_free(judgement->rule);
}

GArray *
heed_judge(const HeedPolicy *policy, const HeedCase *the_case)
{
    g_autoptr(GArray) judgements = g_array_new(FALSE, FALSE, sizeof(HeedJudgement));
    g_autoptr(GHashTable) scopes = NULL;
    GHashTableIter iter;
    Hearing hearing;
    gpointer scope;

    g_array_set_clear_func(judgements, clear_judgement);
    hearing_open(&hearing, policy, the_case);
    scopes = scopes_of(&hearing);
    g_hash_table_iter_init(&iter, scopes);
    while (g_hash_table_iter_next(&iter, &scope, NULL)) {
        HeedJudgement judgement;

        if (judge_scope(&hearing, scope, &judgement))
            g_array_append_val(judgements, judgement);
    }
    for (guint i = 0; i < policy->exemptions->len; i++)
        exempt(&hearing, &g_array_index(policy->exemptions, HeedPolicyExemption, i), judgements);
    hearing_close(&hearing);
    g_array_sort(judgements, compare_scopes);
    return g_steal_pointer(&judgements);
}
