/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rules_set.h"

#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file of rules: read, and sorted; patterns are libhs's to read, which is not what is tried. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(HeedRuleSet) set = heed_rule_set_new();
    g_autoptr(GError) error = NULL;

    if (!heed_rule_set_read(set, "fuzz", (const char *)data, size, &error)) {
        g_assert_nonnull(error);
        return 0;
    }
    heed_rule_set_sort(set);
    for (guint i = 0; i < set->entries->len; i++) {
        const HeedRuleEntry *entry = set->entries->pdata[i];

        g_assert_cmpuint(entry->rule.number, ==, i);
        g_assert_nonnull(entry->rule.examples[0]);
    }
    return 0;
}
