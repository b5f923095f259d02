/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_RULES_CHECK_H
#define HEED_PARSERS_RULES_CHECK_H

/*
 * What is wrong with rules that can be read: each says by its examples what it is for, so they are
 * tried. A rule of the user's may win over a built-in one, and is not reported for it.
 */

#include "parsers/rules.h"

/*
 * Appends a line, "FILE:LINE: what", for each example that another rule or none decides: a rule
 * that wins for none of its examples can never win, and two that match each other's examples and
 * have different classes contradict. Returns the number of lines.
 */
unsigned heed_rules_check(HeedRules *rules, GString *out);

#endif
