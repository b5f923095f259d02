/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_rates.h"

HeedReportLevel
heed_report_level(double rate, const HeedReputationRate *judged)
{
    if (rate < 0 || judged == NULL)
        return HEED_REPORT_UNKNOWN;
    if (rate >= judged->limit)
        return HEED_REPORT_BAD;
    return rate >= judged->much ? HEED_REPORT_WARN : HEED_REPORT_GOOD;
}

const char *
heed_report_level_name(HeedReportLevel level)
{
    static const char *const names[] = {
        [HEED_REPORT_UNKNOWN] = "",
        [HEED_REPORT_GOOD] = "good",
        [HEED_REPORT_WARN] = "warn",
        [HEED_REPORT_BAD] = "bad",
    };

    return names[level];
}
