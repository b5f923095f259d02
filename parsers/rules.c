/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rules.h"

#include "base/embedded.h"
#include "base/error.h"
#include "base/limits.h"
#include "parsers/classify.h"
#include "parsers/rules_scan.h"

#include <stdlib.h>
#include <string.h>

extern const HeedEmbedded heed_embedded_rules[];

struct HeedRules {
    HeedRuleSet *set;
    HeedRuleScan *scan;
    GPtrArray *bare;        /* of HeedRuleEntry *: those without text and tag */
    uint64_t bare_statuses; /* bits of the enhanced codes that they ask for, see bit_of() */
};

static bool
read_built_in(HeedRuleSet *set, GError **error)
{
    set->built_in = true;
    for (const HeedEmbedded *file = heed_embedded_rules; file->name != NULL; file++)
        if (!heed_rule_set_read(set, file->name, file->text, file->length, error))
            return false;
    return true;
}

static bool
read_all(HeedRuleSet *set, const HeedRulesOptions *options, GError **error)
{
    for (const char *const *file = options->files; file != NULL && *file != NULL; file++)
        if (!heed_rule_set_read_file(set, *file, error))
            return false;
    if (!options->no_built_in && !read_built_in(set, error))
        return false;
    heed_rule_set_sort(set);
    return true;
}

/* A bit that a status and others share. */
static uint64_t
bit_of(uint32_t status)
{
    return (uint64_t)1 << (status % 61U);
}

/* Gathers the rules that ask for codes and hosts alone, and which codes concern any of them. */
static void
gather_bare(HeedRules *rules)
{
    for (guint i = 0; i < rules->set->entries->len; i++) {
        HeedRuleEntry *entry = rules->set->entries->pdata[i];

        if (entry->has_text || entry->has_tag)
            continue;
        g_ptr_array_add(rules->bare, entry);
        if (entry->statuses == NULL)
            rules->bare_statuses = UINT64_MAX;
        for (guint j = 0; entry->statuses != NULL && j < entry->statuses->len; j++) {
            const HeedRuleStatus *status = &g_array_index(entry->statuses, HeedRuleStatus, j);
            bool exact = status->mask == UINT32_MAX || status->mask == (1U << 30) - 1;

            rules->bare_statuses |= exact ? bit_of(status->value) : UINT64_MAX;
        }
    }
}

HeedRules *
heed_rules_load(const HeedRulesOptions *options, GError **error)
{
    static const HeedRulesOptions none = {0};
    g_autoptr(HeedRules) rules = g_new0(HeedRules, 1);

    if (options == NULL)
        options = &none;
    rules->set = heed_rule_set_new();
    rules->bare = g_ptr_array_new();
    if (!read_all(rules->set, options, error))
        return NULL;
    gather_bare(rules);
    rules->scan = heed_rule_scan_new(rules->set, options->cache_folder, error);
    if (rules->scan == NULL)
        return NULL;
    return g_steal_pointer(&rules);
}

void
heed_rules_free(HeedRules *rules)
{
    if (rules == NULL)
        return;
    heed_rule_scan_free(rules->scan);
    heed_rule_set_free(rules->set);
    if (rules->bare != NULL)
        g_ptr_array_unref(rules->bare);
    g_free(rules);
}

const HeedRule *
heed_rules_get(const HeedRules *rules, unsigned number)
{
    if (number >= rules->set->entries->len)
        return NULL;
    return &((const HeedRuleEntry *)rules->set->entries->pdata[number])->rule;
}

/* --- conditions --- */

/* A query with its codes read. */
typedef struct Question {
    const HeedRuleQuery *query;
    uint32_t statuses[2];  /* as in HeedRuleStatus */
    unsigned status_count; /* 1 at least: 0, where there is none */
} Question;

static void
add_status(Question *question, const char *text)
{
    HeedRuleStatus status;

    if (text != NULL && heed_rule_status_read(text, &status))
        question->statuses[question->status_count++] = status.value;
}

static bool
is_dead(HeedClass class_)
{
    return class_ == HEED_CLASS_BAD_MAILBOX || class_ == HEED_CLASS_BAD_DOMAIN ||
           class_ == HEED_CLASS_MOVED;
}

/* That an address is dead takes the status that decides: another may be what a reporter made of
 * the bare reply code. */
static bool
any_status_fits(const HeedRuleEntry *entry, const Question *question)
{
    unsigned count = is_dead(entry->rule.class_) ? 1 : question->status_count;

    for (guint i = 0; i < entry->statuses->len; i++) {
        const HeedRuleStatus *wanted = &g_array_index(entry->statuses, HeedRuleStatus, i);

        for (unsigned j = 0; j < count; j++)
            if ((question->statuses[j] & wanted->mask) == wanted->value)
                return true;
    }
    return false;
}

static bool
any_code_fits(const HeedRuleEntry *entry, const char *code)
{
    for (guint i = 0; i < entry->codes->len; i++) {
        const char *mask = g_array_index(entry->codes, HeedRuleCode, i).digits;
        unsigned same = 0;

        if (code == NULL || mask[0] == '\0') {
            if (code == NULL && mask[0] == '\0')
                return true;
            continue;
        }
        while (same < 3 && code[same] != '\0' && (mask[same] == 'x' || mask[same] == code[same]))
            same++;
        if (same == 3)
            return true;
    }
    return false;
}

static bool
any_provider_fits(const HeedRuleEntry *entry, const HeedRuleQuery *query)
{
    for (guint i = 0; i < entry->at->len; i++) {
        const char *at = entry->at->pdata[i];

        if (g_strcmp0(at, query->host_provider) == 0 || g_strcmp0(at, query->domain_provider) == 0)
            return true;
    }
    return false;
}

static bool
other_patterns_fit(const HeedRules *rules, const HeedRuleEntry *entry)
{
    for (guint i = 0; entry->conditions != NULL && i < entry->conditions->len; i++) {
        unsigned index = g_array_index(entry->conditions, unsigned, i);
        const HeedRulePattern *pattern =
            &g_array_index(rules->set->patterns, HeedRulePattern, index);

        if (heed_rule_scan_has(rules->scan, index) != (pattern->role == HEED_RULE_ROLE_AND))
            return false;
    }
    return true;
}

/* All conditions but those on the text. */
static bool
fits(const HeedRuleEntry *entry, const Question *question)
{
    const HeedRuleQuery *query = question->query;

    if (entry->when != HEED_RULE_WHEN_ALWAYS &&
        query->permanent != (entry->when == HEED_RULE_WHEN_PERMANENT))
        return false;
    return (entry->codes == NULL || any_code_fits(entry, query->code)) &&
           (entry->statuses == NULL || any_status_fits(entry, question)) &&
           (entry->at == NULL || any_provider_fits(entry, query));
}

/* --- the match --- */

/* What is known of no class gives way to what is. */
static bool
goes_before(const HeedRule *one, const HeedRule *other)
{
    bool one_unknown = one->class_ == HEED_CLASS_UNKNOWN;
    bool other_unknown = other->class_ == HEED_CLASS_UNKNOWN;

    return one_unknown != other_unknown ? other_unknown : one->number < other->number;
}

static void
weigh_weak(const HeedRule *rule, HeedRuleMatch *match)
{
    if (is_dead(rule->class_)) {
        if (match->confirmed == NULL || rule->number < match->confirmed->number)
            match->confirmed = rule;
        return;
    }
    if (match->contradicted == NULL) {
        match->contradicted = rule;
        return;
    }
    if (rule->class_ != HEED_CLASS_UNKNOWN && match->contradicted->class_ != HEED_CLASS_UNKNOWN &&
        heed_verdict_of(rule->class_, true) != heed_verdict_of(match->contradicted->class_, true))
        match->mixed = true;
    if (goes_before(rule, match->contradicted))
        match->contradicted = rule;
}

static bool
is_strong(const HeedRuleEntry *entry)
{
    return entry->rule.tier <= HEED_RULE_TIER_PROVIDER;
}

/* The rule that a pattern which was found makes match, but for its conditions on the text. */
static const HeedRuleEntry *
matched_by(const HeedRules *rules, const Question *question, unsigned hit)
{
    const HeedRulePattern *pattern = &g_array_index(rules->set->patterns, HeedRulePattern, hit);

    return pattern->role == HEED_RULE_ROLE_ANY && fits(pattern->entry, question) ? pattern->entry
                                                                                 : NULL;
}

/* Weighs what was found of rules with a tag or about a provider, or of the others. */
static void
weigh_hits(const HeedRules *rules, bool strong, const Question *question, HeedRuleMatch *match)
{
    unsigned count;
    const unsigned *hits = heed_rule_scan_hits(rules->scan, &count);

    for (unsigned i = 0; i < count; i++) {
        const HeedRuleEntry *entry = matched_by(rules, question, hits[i]);

        if (entry == NULL || is_strong(entry) != strong || !other_patterns_fit(rules, entry))
            continue;
        if (entry->is_weak)
            weigh_weak(&entry->rule, match);
        else if (match->rule == NULL || entry->rule.number < match->rule->number)
            match->rule = &entry->rule;
    }
}

/* The rule that wins whatever is left to look for: one without conditions on the text, where none
 * before it waits for its own. NULL: it is not known yet. */
static const HeedRule *
certain_winner(const HeedRules *rules, const Question *question)
{
    const HeedRuleEntry *winner = NULL;
    unsigned count;
    const unsigned *hits = heed_rule_scan_hits(rules->scan, &count);

    for (unsigned i = 0; i < count; i++) {
        const HeedRuleEntry *entry = matched_by(rules, question, hits[i]);

        if (entry != NULL && entry->rule.tier == HEED_RULE_TIER_GENERAL &&
            (winner == NULL || entry->rule.number < winner->rule.number))
            winner = entry;
    }
    return winner == NULL || winner->conditions != NULL ? NULL : &winner->rule;
}

/* The rules that ask for codes and hosts alone, which are all of the first stage. */
static void
weigh_bare(const HeedRules *rules, const Question *question, HeedRuleMatch *match)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < question->status_count; i++)
        bits |= bit_of(question->statuses[i]);
    if ((bits & rules->bare_statuses) == 0)
        return;
    for (guint i = 0; i < rules->bare->len; i++) {
        const HeedRuleEntry *entry = rules->bare->pdata[i];

        if (match->rule != NULL && match->rule->number < entry->rule.number)
            return;
        if (fits(entry, question) && other_patterns_fit(rules, entry)) {
            match->rule = &entry->rule;
            return;
        }
    }
}

static Question
question_of(const HeedRuleQuery *query)
{
    Question question = {.query = query};

    add_status(&question, query->status);
    add_status(&question, query->other_status);
    if (question.status_count == 0)
        question.status_count = 1;
    return question;
}

bool
heed_rules_match(HeedRules *rules, const HeedRuleQuery *query, HeedRuleMatch *out_match)
{
    const Question question = question_of(query);

    *out_match = (HeedRuleMatch){0};
    heed_rule_scan_begin(rules->scan, query->text, query->length);
    heed_rule_scan_look(rules->scan, HEED_RULE_STAGE_STRONG);
    weigh_hits(rules, true, &question, out_match);
    weigh_bare(rules, &question, out_match);
    if (out_match->rule != NULL)
        return true;
    heed_rule_scan_look(rules->scan, HEED_RULE_STAGE_GENERAL);
    out_match->rule = certain_winner(rules, &question);
    if (out_match->rule != NULL)
        return true;
    heed_rule_scan_look(rules->scan, HEED_RULE_STAGE_REST);
    weigh_hits(rules, false, &question, out_match);
    if (out_match->rule != NULL)
        *out_match = (HeedRuleMatch){.rule = out_match->rule};
    return out_match->rule != NULL || out_match->confirmed != NULL ||
           out_match->contradicted != NULL;
}

bool
heed_rules_is_match(HeedRules *rules, const HeedRule *rule, const HeedRuleQuery *query)
{
    const HeedRuleEntry *entry = rules->set->entries->pdata[rule->number];
    const Question question = question_of(query);
    const unsigned *hits;
    unsigned count;

    heed_rule_scan_begin(rules->scan, query->text, query->length);
    for (unsigned i = 0; i < HEED_RULE_STAGES; i++)
        heed_rule_scan_look(rules->scan, (HeedRuleStage)i);
    if (!other_patterns_fit(rules, entry))
        return false;
    if (!entry->has_text && !entry->has_tag)
        return fits(entry, &question);
    hits = heed_rule_scan_hits(rules->scan, &count);
    for (unsigned i = 0; i < count; i++)
        if (matched_by(rules, &question, hits[i]) == entry)
            return true;
    return false;
}
