/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_REPORT_PAGE_H
#define HEED_CLI_REPORT_PAGE_H

/*
 * The page of `heed report`: one HTML file that stands alone. It loads nothing and runs nothing,
 * and says so itself (a content security policy); what came from mail or servers passes through
 * cli/html.h. Names of domains and providers, and counts, but no addresses.
 */

#include "cli/config.h"
#include "parsers/rules.h"
#include "suppress/summary.h"

#include <glib.h>

typedef struct HeedReportPage {
    const HeedSummary *summary;
    const HeedSummaryQuery *query;
    const HeedConfig *config; /* what is read */
    HeedRules *rules;         /* to explain replies by */
    int64_t now;              /* seconds since 1970: when it was made */
    bool policy_stale;        /* states were folded by another policy */
} HeedReportPage;

/* Caller frees. */
GString *heed_report_page(const HeedReportPage *report);

#endif
