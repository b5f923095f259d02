/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_REPORT_SECTIONS_H
#define HEED_CLI_REPORT_SECTIONS_H

/*
 * The sections of a report's page (cli/report_page.h), each with its heading, and with what to do
 * beside what is wrong. A section that has nothing to show says so in words.
 */

#include "cli/report_page.h"

/* report_tiles.c: the figures of the whole span, in tiles. */
void heed_report_tiles(GString *page, const HeedSummary *summary);

/* report_todo.c: what wants a person. */
void heed_report_todo(GString *page, const HeedReportPage *report);

/* report_days.c: plots of each day; and of the list of suppressions, a plot alone and nothing where
 * none is. */
void heed_report_days(GString *page, const HeedSummary *summary);
void heed_report_growth(GString *page, const HeedSummary *summary);

/* report_scores.c: where the lowest scores are, one section for each dimension. */
void heed_report_worst(GString *page, const HeedSummary *summary);

/* report_failures.c: why mail failed, and what to do about each class; what servers said, which the
 * rules explain. */
void heed_report_classes(GString *page, const HeedSummary *summary);
void heed_report_replies(GString *page, const HeedSummary *summary, HeedRules *rules);

/* report_state.c: who is suppressed and why; what the guard holds; what is read. Of a mailbox or
 * log that the configuration has no more, that is said in place of the error. */
void heed_report_suppression(GString *page, const HeedSummary *summary);
void heed_report_holds(GString *page, const HeedSummary *summary);
void heed_report_mailboxes(GString *page, const HeedSummary *summary, const HeedConfig *config);
void heed_report_logs(GString *page, const HeedSummary *summary, const HeedConfig *config);

#endif
