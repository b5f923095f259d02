/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "parsers/rules_set.h"

#include <hs/hs.h>

HeedRuleStage
heed_rule_stage(const HeedRulePattern *pattern)
{
    if (pattern->entry->rule.tier <= HEED_RULE_TIER_PROVIDER)
        return HEED_RULE_STAGE_STRONG;
    return pattern->role == HEED_RULE_ROLE_ANY && !pattern->entry->is_weak ? HEED_RULE_STAGE_GENERAL
                                                                           : HEED_RULE_STAGE_REST;
}

/* ids: the pattern of each expression that libhs was given. */
static bool
explain_failure(const HeedRuleSet *set,
                const unsigned *ids,
                hs_compile_error_t *failure,
                GError **error)
{
    const char *what = failure != NULL ? failure->message : "out of memory";

    if (failure != NULL && failure->expression >= 0) {
        const HeedRulePattern *pattern =
            &g_array_index(set->patterns, HeedRulePattern, ids[failure->expression]);

        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "%s:%u: the pattern '%s': %s",
                    pattern->entry->rule.file, pattern->line, pattern->expression, what);
    } else {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "the rules do not compile: %s", what);
    }
    (void)hs_free_compile_error(failure);
    return false;
}

bool
heed_rule_set_compile(const HeedRuleSet *set,
                      HeedRuleStage stage,
                      HeedRulesDatabase **out,
                      GError **error)
{
    /* No feature of a processor is asked for, so that a compiled copy serves on all of them. */
    static const hs_platform_info_t generic = {.tune = HS_TUNE_FAMILY_GENERIC};
    unsigned most = set->patterns->len;
    g_autofree const char **expressions = g_new(const char *, most + 1);
    g_autofree unsigned *flags = g_new(unsigned, most + 1);
    g_autofree unsigned *ids = g_new(unsigned, most + 1);
    hs_compile_error_t *failure = NULL;
    unsigned count = 0;

    *out = NULL;
    for (unsigned i = 0; i < most; i++) {
        const HeedRulePattern *pattern = &g_array_index(set->patterns, HeedRulePattern, i);

        if (heed_rule_stage(pattern) != stage)
            continue;
        expressions[count] = pattern->expression;
        flags[count] = pattern->flags;
        ids[count++] = i;
    }
    if (count == 0)
        return true;
    if (hs_compile_multi(expressions, flags, ids, count, HS_MODE_BLOCK, &generic, out, &failure) !=
        HS_SUCCESS)
        return explain_failure(set, ids, failure, error);
    return true;
}
