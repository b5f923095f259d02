/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_REPORT_SECTIONS_H
#define HEED_CLI_REPORT_SECTIONS_H

/*
 * The sections of a report's page (cli/report_page.h), each with its heading, and with what to do
 * beside what is wrong. A section that has nothing to show says so in words.
 */

#include "cli/config.h"
#include "parsers/rules.h"
#include "suppress/summary.h"

#include <glib.h>

/* report_scores.c: where the lowest scores are, one section for each dimension. */
void heed_report_worst(GString *page, const HeedSummary *summary);

/* report_failures.c: why mail failed, and what to do about each class; what servers said, which the
 * rules explain. */
void heed_report_classes(GString *page, const HeedSummary *summary);
void heed_report_replies(GString *page, const HeedSummary *summary, HeedRules *rules);

/* report_state.c: the reasons of suppressions, a table alone; what the guard holds; what is read.
 * Of a mailbox or log that the configuration has no more, that is said in place of the error. */
void heed_report_reasons(GString *page, const HeedSummary *summary);
void heed_report_holds(GString *page, const HeedSummary *summary);
void heed_report_mailboxes(GString *page, const HeedSummary *summary, const HeedConfig *config);
void heed_report_logs(GString *page, const HeedSummary *summary, const HeedConfig *config);

#endif
