/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/classify.h"

#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The built-in rules over any text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const HeedRulesOptions options = {.cache_folder = HEED_TEST_RULES_CACHE};
    static HeedRules *rules;
    static char folded[512];
    HeedRuleQuery query = {.text = (const char *)data,
                           .length = size,
                           .code = "550",
                           .status = "5.1.1",
                           .host_provider = "yahoo",
                           .permanent = true};
    g_autofree char *text = g_strndup((const char *)data, size);
    HeedClassifyInput input = {.action = HEED_ACTION_FAILED, .diagnostic = text};
    HeedClassification result;
    HeedRuleMatch match;
    size_t used;

    if (rules == NULL)
        rules = heed_rules_load(&options, NULL);
    (void)heed_rules_match(rules, &query, &match);
    used = heed_rules_normalise(query.text, size, folded, sizeof(folded));
    g_assert_true(used == 0 || g_utf8_validate(folded, (gssize)used, NULL));
    result = heed_classify(&input, rules);
    g_assert_cmpint((int)result.class_, !=, HEED_CLASS_NONE);
    return 0;
}
