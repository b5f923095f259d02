/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_RULES_SCAN_H
#define HEED_PARSERS_RULES_SCAN_H

/*
 * Inside of the rule engine: which patterns are found in a text. One text at a time; its stages are
 * looked through in their order, as far as they are needed, and what was found in texts before is
 * remembered, since servers repeat themselves.
 */

#include "parsers/rules_set.h"

typedef struct HeedRuleScan HeedRuleScan;

/* Compiles a set that is sorted, or takes it from the folder (NULL: none); the set must stay.
 * HEED_ERROR_CONFIG for a pattern that does not compile. */
HeedRuleScan *heed_rule_scan_new(const HeedRuleSet *set, const char *folder, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void heed_rule_scan_free(HeedRuleScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedRuleScan, heed_rule_scan_free)

/* Takes the next text, a reply of any bytes, in which nothing is found yet. NULL: an empty one. */
void heed_rule_scan_begin(HeedRuleScan *scan, const char *text, size_t length);

/* Finds the patterns of one stage, too: each stage once, in their order. */
void heed_rule_scan_look(HeedRuleScan *scan, HeedRuleStage stage);

/* The patterns that were found, each once, by their index in the set: *out_count of them. */
const unsigned *heed_rule_scan_hits(const HeedRuleScan *scan, unsigned *out_count);

bool heed_rule_scan_has(const HeedRuleScan *scan, unsigned pattern);

#endif
