/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_REPORT_TABLES_H
#define HEED_CLI_REPORT_TABLES_H

/*
 * The tables of a report's page (cli/report_page.h), each a section with its heading, and with what
 * to do beside what is wrong. A section that has nothing to show says so in words.
 */

#include "cli/config.h"
#include "parsers/rules.h"
#include "suppress/summary.h"

#include <glib.h>

/* How far a rate is, by docs/reputation.md. */
typedef enum HeedReportLevel {
    HEED_REPORT_UNKNOWN,
    HEED_REPORT_GOOD,
    HEED_REPORT_WARN, /* much */
    HEED_REPORT_BAD   /* at or above the limit */
} HeedReportLevel;

HeedReportLevel heed_report_level(double rate, const HeedReputationRate *judged);

/* Its class in report.css: "good", "warn", "bad", or "". */
const char *heed_report_level_name(HeedReportLevel level);

/* <section> with a heading of ours, and its end. */
void heed_report_section(GString *page, const char *id, const char *title);
void heed_report_section_end(GString *page);

/* Where the lowest scores are, one section for each dimension. */
void heed_report_worst(GString *page, const HeedSummary *summary);
/* Why mail failed, and what to do about each class. */
void heed_report_classes(GString *page, const HeedSummary *summary);
/* What servers said; the rules explain it. */
void heed_report_replies(GString *page, const HeedSummary *summary, HeedRules *rules);
void heed_report_suppression(GString *page, const HeedSummary *summary);
void heed_report_holds(GString *page, const HeedSummary *summary);
/* Of what the configuration has no more, that is said in place of the error. */
void heed_report_mailboxes(GString *page, const HeedSummary *summary, const HeedConfig *config);
void heed_report_logs(GString *page, const HeedSummary *summary, const HeedConfig *config);

#endif
