/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"
#include "cli/report_rates.h"
#include "cli/report_sections.h"

#include <math.h>

/* The right end of a meter, as a factor of the limit. */
#define METER_END 1.25

static void
begin_tile(GString *page, const char *name, const char *level)
{
    g_string_append_printf(
        page, "<li class=\"tile %s\"><div class=\"name\">%s</div><div class=\"figure\">", level,
        name);
}

/* Where the rate is between nothing and beyond the limit, with a tick at much and at the limit. */
static void
append_meter(GString *page, double rate, const HeedReputationRate *judged, const char *level)
{
    double end = judged->limit * METER_END;

    g_string_append_printf(
        page,
        "<svg class=\"meter\" aria-hidden=\"true\" viewBox=\"0 0 1000 6\" preserveAspectRatio=\"none\">"
        "<rect class=\"ground\" width=\"1000\" height=\"6\"/><rect class=\"%s\" width=\"%d\" "
        "height=\"6\"/><rect class=\"tick\" x=\"%d\" width=\"5\" height=\"6\"/><rect class=\"tick\" "
        "x=\"%d\" width=\"5\" height=\"6\"/></svg>",
        level, (int)(1000 * fmin(1, rate / end)), (int)(1000 * judged->much / end),
        (int)(1000 * judged->limit / end));
}

static void
append_rate_tile(GString *page, const HeedSummary *summary, const HeedReportRate *rate)
{
    static const char *const words[] = {
        [HEED_REPORT_UNKNOWN] = "rate unknown",
        [HEED_REPORT_GOOD] = "good",
        [HEED_REPORT_WARN] = "much",
        [HEED_REPORT_BAD] = "over the limit",
    };
    const HeedReputationRate *judged = heed_reputation_rate(rate->count);
    double value = heed_report_rate(&summary->total, rate);
    HeedReportLevel level = heed_report_level(value, judged);
    const char *name = heed_report_level_name(level);

    begin_tile(page, rate->name, name);
    if (level == HEED_REPORT_UNKNOWN)
        heed_html_number(page, summary->total.counts[rate->counted]);
    else
        heed_html_percent(page, value);
    g_string_append(page, "</div>");
    if (level != HEED_REPORT_UNKNOWN)
        append_meter(page, value, judged, name);
    g_string_append_printf(page, "<div class=\"small\"><span class=\"word %s\">%s</span>", name,
                           words[level]);
    if (level != HEED_REPORT_UNKNOWN) {
        g_string_append(page, "; ");
        heed_html_number(page, summary->total.counts[rate->counted]);
    }
    g_string_append_printf(page, "<br>much %g\u00a0%%, limit %g\u00a0%%%s%s</div></li>\n",
                           judged->much * 100, judged->limit * 100,
                           judged->whose != NULL ? " of " : "",
                           judged->whose != NULL ? judged->whose : "");
}

static void
append_sent_tile(GString *page, const HeedSummaryDay *total)
{
    int64_t sent = heed_report_sent(total);

    begin_tile(page, "Sent", "");
    if (sent > 0)
        heed_html_number(page, sent);
    else
        g_string_append(page, "unknown");
    g_string_append(page, "</div><div class=\"small\">");
    if (sent > 0) {
        heed_html_percent(page, (double)total->counts[HEED_SUMMARY_DELIVERED] / (double)sent);
        g_string_append(page, " delivered, the rest failed for good");
    } else
        g_string_append(page, HEED_REPORT_NO_LOG);
    g_string_append(page, "</div></li>\n");
}

static void
append_suppressed_tile(GString *page, const HeedSummary *summary)
{
    begin_tile(page, "Suppressed now", "");
    heed_html_number(page, summary->suppressed);
    g_string_append(page, "</div><div class=\"small\">an address once for each stream<br>");
    heed_html_number(page, summary->total.counts[HEED_SUMMARY_SUPPRESSED]);
    g_string_append(page, " since the first day<br>");
    heed_html_number(page, summary->total.counts[HEED_SUMMARY_UNSUBSCRIBED]);
    g_string_append(page, " asked to unsubscribe</div></li>\n");
}

void
heed_report_tiles(GString *page, const HeedSummary *summary)
{
    g_string_append(page, "<ul class=\"tiles\">\n");
    append_sent_tile(page, &summary->total);
    for (size_t i = 0; i < HEED_REPORT_RATES; i++)
        append_rate_tile(page, summary, &heed_report_rates[i]);
    append_suppressed_tile(page, summary);
    g_string_append(page, "</ul>\n");
}
