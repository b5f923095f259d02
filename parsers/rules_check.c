/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rules_check.h"

#include "parsers/reply.h"

#include <string.h>

/* What is asked of an example. */
static HeedRuleQuery
query_of(const HeedRule *rule, const char *example, HeedReply *reply)
{
    HeedRuleQuery query = {.text = example, .length = strlen(example), .host_provider = rule->at};

    (void)heed_reply_read(example, query.length, reply);
    query.code = reply->code[0] == '\0' ? NULL : reply->code;
    query.status = reply->status[0] == '\0' ? NULL : reply->status;
    query.permanent = reply->code[0] != '4' && reply->status[0] != '4';
    return query;
}

/*
 * The rule that decides an example of this rule, NULL for none: the example comes from the rule's
 * provider where the rule asks for one (the first of `at`), and weak rules are asked among
 * themselves.
 */
static const HeedRule *
decide_example(HeedRules *rules, const HeedRule *rule, const char *example)
{
    HeedReply reply;
    const HeedRuleQuery query = query_of(rule, example, &reply);
    HeedRuleMatch match;

    (void)heed_rules_match(rules, &query, &match);
    if (rule->tier != HEED_RULE_TIER_WEAK)
        return match.rule;
    /* Weak rules were not looked for; this one counts where the other is not on its way. */
    if (match.rule != NULL)
        return heed_rules_is_match(rules, rule, &query) ? rule : NULL;
    return match.confirmed == rule ? match.confirmed : match.contradicted;
}

/* Whether a rule matches any example of another. */
static bool
matches_one_of(HeedRules *rules, const HeedRule *rule, const HeedRule *other)
{
    for (const char *const *example = other->examples; *example != NULL; example++) {
        HeedReply reply;
        const HeedRuleQuery query = query_of(other, *example, &reply);

        if (heed_rules_is_match(rules, rule, &query))
            return true;
    }
    return false;
}

/* What is wrong with one example that is decided by the winner. */
static void
report(HeedRules *rules,
       const HeedRule *rule,
       const char *example,
       const HeedRule *winner,
       GString *out)
{
    g_string_append_printf(out, "%s:%u: rule %s: ", rule->file, rule->line, rule->id);
    if (winner == NULL)
        g_string_append(out, "does not match its example");
    else if (winner->class_ != rule->class_ && matches_one_of(rules, rule, winner))
        g_string_append_printf(out, "contradicts rule %s (%s:%u), which wins for the example",
                               winner->id, winner->file, winner->line);
    else
        g_string_append_printf(out, "rule %s (%s:%u) wins for the example", winner->id,
                               winner->file, winner->line);
    g_string_append_printf(out, " '%s'", example);
}

unsigned
heed_rules_check(HeedRules *rules, GString *out)
{
    unsigned wrong = 0;
    const HeedRule *rule;

    for (unsigned i = 0; (rule = heed_rules_get(rules, i)) != NULL; i++) {
        unsigned won = 0;
        unsigned lost = 0;
        g_autoptr(GString) lines = g_string_new(NULL);

        for (const char *const *example = rule->examples; *example != NULL; example++) {
            const HeedRule *winner = decide_example(rules, rule, *example);

            if (winner == rule || (winner != NULL && rule->built_in && !winner->built_in)) {
                won++;
                continue;
            }
            report(rules, rule, *example, winner, lines);
            g_string_append_c(lines, '\n');
            lost++;
        }
        if (lost > 0 && won == 0)
            g_string_append_printf(out, "%s:%u: rule %s can never win, by its examples\n",
                                   rule->file, rule->line, rule->id);
        g_string_append(out, lines->str);
        wrong += lost + (lost > 0 && won == 0 ? 1 : 0);
    }
    return wrong;
}
