/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_REPORT_RATES_H
#define HEED_CLI_REPORT_RATES_H

/* The rates that a report's page tells of the whole span, and how it judges rates. */

#include "suppress/reputation.h"
#include "suppress/summary.h"

/* How far a rate is, by docs/reputation.md. */
typedef enum HeedReportLevel {
    HEED_REPORT_UNKNOWN,
    HEED_REPORT_GOOD,
    HEED_REPORT_WARN, /* much */
    HEED_REPORT_BAD   /* at or above the limit */
} HeedReportLevel;

/* Unknown where the rate is negative or judged NULL. */
HeedReportLevel heed_report_level(double rate, const HeedReputationRate *judged);

/* Its class in report.css: "good", "warn", "bad", or "". */
const char *heed_report_level_name(HeedReportLevel level);

/* A rate of the whole span. */
typedef struct HeedReportRate {
    HeedReputationCount count; /* says how it is judged */
    HeedSummaryCount counted;
    const char *id;
    const char *name;
    const char *style;
    const char *what; /* it is the share of */
} HeedReportRate;

#define HEED_REPORT_RATES 4U

/* In the order of the page. */
extern const HeedReportRate heed_report_rates[HEED_REPORT_RATES];

/* What is said where it is not known how much was sent. */
#define HEED_REPORT_NO_LOG "No log tells how much was sent, so rates are not known (docs/logs.md)."

/* How much was sent in a day, or in all of them; 0 where no log tells. */
int64_t heed_report_sent(const HeedSummaryDay *day);

/* The rate of a day, or of all of them; -1 where nothing says of how much. */
double heed_report_rate(const HeedSummaryDay *day, const HeedReportRate *rate);

#endif
