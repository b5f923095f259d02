/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_REPORT_RATES_H
#define HEED_CLI_REPORT_RATES_H

/* How a report's page judges rates. */

#include "suppress/reputation.h"

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

#endif
