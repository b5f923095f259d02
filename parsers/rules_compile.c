/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "parsers/rules_set.h"

#include <hs/hs.h>

static HeedRulesDatabase *
explain_failure(const HeedRuleSet *set, hs_compile_error_t *failure, GError **error)
{
    const char *what = failure != NULL ? failure->message : "out of memory";

    if (failure != NULL && failure->expression >= 0 &&
        (unsigned)failure->expression < set->patterns->len) {
        const HeedRulePattern *pattern =
            &g_array_index(set->patterns, HeedRulePattern, (unsigned)failure->expression);

        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "%s:%u: the pattern '%s': %s",
                    pattern->entry->rule.file, pattern->line, pattern->expression, what);
    } else {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "the rules do not compile: %s", what);
    }
    (void)hs_free_compile_error(failure);
    return NULL;
}

HeedRulesDatabase *
heed_rule_set_compile(const HeedRuleSet *set, GError **error)
{
    /* No feature of a processor is asked for, so that a compiled copy serves on all of them. */
    static const hs_platform_info_t generic = {.tune = HS_TUNE_FAMILY_GENERIC};
    unsigned count = set->patterns->len;
    g_autofree const char **expressions = g_new(const char *, count + 1);
    g_autofree unsigned *flags = g_new(unsigned, count + 1);
    g_autofree unsigned *ids = g_new(unsigned, count + 1);
    hs_compile_error_t *failure = NULL;
    hs_database_t *database = NULL;

    for (unsigned i = 0; i < count; i++) {
        const HeedRulePattern *pattern = &g_array_index(set->patterns, HeedRulePattern, i);

        expressions[i] = pattern->expression;
        flags[i] = pattern->flags;
        ids[i] = i;
    }
    if (hs_compile_multi(expressions, flags, ids, count, HS_MODE_BLOCK, &generic, &database,
                         &failure) != HS_SUCCESS)
        return explain_failure(set, failure, error);
    return database;
}
