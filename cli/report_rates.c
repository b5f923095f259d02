/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_rates.h"

const HeedReportRate heed_report_rates[HEED_REPORT_RATES] = {
    {HEED_REPUTATION_HARD, HEED_SUMMARY_HARD, "hard", "Dead addresses", "hard",
     "Hard failures of messages sent."},
    {HEED_REPUTATION_COMPLAINTS, HEED_SUMMARY_COMPLAINTS, "complaints", "Complaints", "complaints",
     "Complaints of messages delivered."},
    {HEED_REPUTATION_DEFERRED, HEED_SUMMARY_DEFERRED, "deferred", "Put off", "deferred",
     "Messages put off at least once, of messages sent."},
    {HEED_REPUTATION_BLOCK, HEED_SUMMARY_BLOCK, "block", "Blocked", "block",
     "Refused because of the sender, of messages sent."},
};

int64_t
heed_report_sent(const HeedSummaryDay *day)
{
    return day->counts[HEED_SUMMARY_DELIVERED] + day->counts[HEED_SUMMARY_FAILED];
}

double
heed_report_rate(const HeedSummaryDay *day, const HeedReportRate *rate)
{
    int64_t of = heed_reputation_rate(rate->count)->of == HEED_REPUTATION_DELIVERED
                     ? day->counts[HEED_SUMMARY_DELIVERED]
                     : heed_report_sent(day);

    return of > 0 ? (double)day->counts[rate->counted] / (double)of : -1;
}

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
