/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_page.h"

#include "base/embedded.h"
#include "cli/html.h"
#include "cli/report_parts.h"
#include "cli/report_plot.h"
#include "cli/report_rates.h"
#include "cli/report_sections.h"
#include "cli/version.h"
#include "db/overview.h"

#include <inttypes.h>
#include <math.h>

/* A mailbox that was not read for so long is worth a word. */
#define SILENT_SECONDS ((int64_t)24 * 60 * 60)
/* The right end of a meter, as a factor of the limit. */
#define METER_END 1.25

#define NO_LOG "No log tells how much was sent, so rates are not known (docs/logs.md)."

extern const HeedEmbedded heed_report_style[];

/* A rate of the whole span. */
typedef struct Rate {
    HeedReputationCount count; /* says how it is judged */
    HeedSummaryCount counted;
    const char *id;
    const char *name;
    const char *style;
    const char *what; /* it is the share of */
} Rate;

static const Rate rates[] = {
    {HEED_REPUTATION_HARD, HEED_SUMMARY_HARD, "hard", "Dead addresses", "hard",
     "Hard failures of messages sent."},
    {HEED_REPUTATION_COMPLAINTS, HEED_SUMMARY_COMPLAINTS, "complaints", "Complaints", "complaints",
     "Complaints of messages delivered."},
    {HEED_REPUTATION_DEFERRED, HEED_SUMMARY_DEFERRED, "deferred", "Put off", "deferred",
     "Messages put off at least once, of messages sent."},
    {HEED_REPUTATION_BLOCK, HEED_SUMMARY_BLOCK, "block", "Blocked", "block",
     "Refused because of the sender, of messages sent."},
};

static int64_t
sent_of(const HeedSummaryDay *day)
{
    return day->counts[HEED_SUMMARY_DELIVERED] + day->counts[HEED_SUMMARY_FAILED];
}

/* -1 where nothing says of how much. */
static double
rate_of(const HeedSummaryDay *day, const Rate *rate)
{
    int64_t of = heed_reputation_rate(rate->count)->of == HEED_REPUTATION_DELIVERED
                     ? day->counts[HEED_SUMMARY_DELIVERED]
                     : sent_of(day);

    return of > 0 ? (double)day->counts[rate->counted] / (double)of : -1;
}

/* --- the head --- */

static void
append_head(GString *page, const HeedReportPage *report)
{
    const HeedSummary *summary = report->summary;

    g_string_append(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<title>Heed: how mail fared</title>\n<style>\n");
    g_string_append(page, heed_report_style[0].text);
    g_string_append(page,
                    "</style></head>\n<body>\n<header><h1>How mail fared</h1><p class=\"quiet\">");
    heed_html_day(page, summary->days[0].starts_at);
    g_string_append(page, " to ");
    heed_html_day(page, summary->days[summary->day_count - 1].starts_at);
    g_string_append(page, ", days of UTC; ");
    if (report->query->scope != NULL) {
        g_string_append(page, "the stream <b>");
        heed_html_foreign(page, report->query->scope, HEED_REPORT_NAME_LETTERS);
        g_string_append(page, "</b>, scores of all mail; ");
    } else
        g_string_append(page, "all mail; ");
    g_string_append(page, "made ");
    heed_html_time(page, report->now);
    g_string_append(
        page,
        "</p><nav aria-label=\"Sections\"><ul><li><a href=\"#todo\">To do</a></li><li><a "
        "href=\"#days\">Day by day</a></li><li><a href=\"#providers\">Providers</a></li>"
        "<li><a href=\"#domains\">Domains</a></li><li><a href=\"#senders\">Senders</a></li>"
        "<li><a href=\"#classes\">Why</a></li><li><a href=\"#replies\">Replies</a></li>"
        "<li><a href=\"#suppression\">Suppressed</a></li><li><a href=\"#holds\">Holds</a>"
        "</li><li><a href=\"#mailboxes\">Mailboxes</a></li><li><a href=\"#logs\">Logs</a></li></ul></nav></header>\n<main>\n");
}

/* --- tiles --- */

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
append_rate_tile(GString *page, const HeedSummary *summary, const Rate *rate)
{
    static const char *const words[] = {
        [HEED_REPORT_UNKNOWN] = "rate unknown",
        [HEED_REPORT_GOOD] = "good",
        [HEED_REPORT_WARN] = "much",
        [HEED_REPORT_BAD] = "over the limit",
    };
    const HeedReputationRate *judged = heed_reputation_rate(rate->count);
    double value = rate_of(&summary->total, rate);
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
    int64_t sent = sent_of(total);

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
        g_string_append(page, NO_LOG);
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

static void
append_tiles(GString *page, const HeedSummary *summary)
{
    g_string_append(page, "<ul class=\"tiles\">\n");
    append_sent_tile(page, &summary->total);
    for (size_t i = 0; i < G_N_ELEMENTS(rates); i++)
        append_rate_tile(page, summary, &rates[i]);
    append_suppressed_tile(page, summary);
    g_string_append(page, "</ul>\n");
}

/* --- what there is to do --- */

static void
begin_item(GString *page, const char *level, unsigned *items)
{
    g_string_append_printf(page, "<li class=\"%s\">", level);
    (*items)++;
}

static void
end_item(GString *page, const char *step)
{
    g_string_append_printf(page, " <span class=\"step\">%s</span></li>\n", step);
}

static void
append_rates_to_mend(GString *page, const HeedSummary *summary, unsigned *items)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
        const HeedReputationRate *judged = heed_reputation_rate(rates[i].count);
        double value = rate_of(&summary->total, &rates[i]);
        HeedReportLevel level = heed_report_level(value, judged);

        if (level != HEED_REPORT_WARN && level != HEED_REPORT_BAD)
            continue;
        begin_item(page, heed_report_level_name(level), items);
        g_string_append_printf(page, "<b>%s: ", rates[i].name);
        heed_html_percent(page, value);
        g_string_append_printf(page, "</b>, %s.",
                               level == HEED_REPORT_BAD ? "over the limit" : "which is much");
        end_item(page,
                 "Where it comes from is in <a href=\"#providers\">providers</a>, <a "
                 "href=\"#domains\">domains</a> and <a href=\"#classes\">why mail failed</a>.");
    }
}

static void
append_holds_to_decide(GString *page, const HeedSummary *summary, unsigned *items)
{
    for (unsigned i = 0; i < summary->holds->len; i++) {
        const HeedSummaryHold *hold = summary->holds->pdata[i];

        if (hold->resolution != NULL || hold->ended_at != HEED_DATE_UNKNOWN)
            continue;
        begin_item(page, "bad", items);
        g_string_append(page, "<b>A surge of hard failures lasts: ");
        heed_html_foreign(page, hold->name, HEED_REPORT_NAME_LETTERS);
        g_string_append(page, "</b>, ");
        heed_html_number(page, hold->addresses);
        g_string_append(page, " addresses paused.");
        end_item(page, "Look at the replies with <code>heed suppress review</code>.");
    }
}

/* What is read, a mailbox or a log, and its columns in db/overview.h. */
typedef struct Reading {
    const char *what;
    const char *failed; /* before the error */
    const char *silent; /* before the time */
    const char *step;
    size_t success;
    size_t error;
    bool (*is_read)(const HeedConfig *config, const char *name); /* still */
} Reading;

static const Reading of_mailboxes = {"Mailbox",
                                     "the last poll failed: ",
                                     "not polled since ",
                                     "<code>heed poll</code> tries it now, and says more.",
                                     HEED_MAILBOX_LAST_SUCCESS,
                                     HEED_MAILBOX_LAST_ERROR,
                                     heed_config_reads_mailbox};
static const Reading of_logs = {
    "Log",
    "the last look failed: ",
    "not read since ",
    "Without it rates are not those of all mail. <code>heed poll</code> reads it.",
    HEED_LOG_COLUMN_LAST_SUCCESS,
    HEED_LOG_COLUMN_LAST_ERROR,
    heed_config_reads_log};

/* Of which the name is the first column. What is read no more needs no mending. */
static void
append_to_mend(GString *page,
               const HeedReportPage *report,
               const HeedRows *rows,
               const Reading *reading,
               unsigned *items)
{
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        int64_t success = heed_rows_time(rows, row, reading->success);
        bool failed = !heed_rows_is_null(rows, row, reading->error);

        if (!reading->is_read(report->config, heed_rows_text(rows, row, 0)) ||
            (!failed && success != HEED_DATE_UNKNOWN && report->now - success < SILENT_SECONDS))
            continue;
        begin_item(page, failed ? "bad" : "warn", items);
        g_string_append_printf(page, "<b>%s ", reading->what);
        heed_html_foreign(page, heed_rows_text(rows, row, 0), HEED_REPORT_NAME_LETTERS);
        g_string_append_printf(page, "</b>: %s", failed ? reading->failed : reading->silent);
        if (failed)
            heed_html_foreign(page, heed_rows_text(rows, row, reading->error), HEED_HTML_LETTERS);
        else
            heed_html_time(page, success);
        end_item(page, reading->step);
    }
}

static void
append_counted(GString *page, int64_t count, const char *what, const char *step, unsigned *items)
{
    if (count == 0)
        return;
    begin_item(page, "warn", items);
    g_string_append(page, "<b>");
    heed_html_number(page, count);
    g_string_append_printf(page, "</b> %s", what);
    end_item(page, step);
}

static void
append_todo(GString *page, const HeedReportPage *report)
{
    const HeedSummary *summary = report->summary;
    unsigned items = 0;

    heed_report_section(page, "todo", "To do");
    g_string_append(page, "<ul class=\"todo\">\n");
    append_holds_to_decide(page, summary, &items);
    append_rates_to_mend(page, summary, &items);
    append_to_mend(page, report, summary->mailboxes, &of_mailboxes, &items);
    append_to_mend(page, report, summary->logs, &of_logs, &items);
    append_counted(page, heed_rows_int(summary->database, 0, HEED_STORE_QUARANTINED),
                   "messages could not be read and wait in quarantine.",
                   "<code>heed quarantine list</code>", &items);
    append_counted(page, summary->unmatched, "complaints of these days name no recipient.",
                   "What is known of them is in the view <code>heed.unmatched_complaint</code>; "
                   "signed tokens find the recipient (docs/trust.md).",
                   &items);
    append_counted(page, summary->unclassified,
                   "failures of these days had replies that no rule knows.",
                   "They are in the view <code>heed.unclassified_reply</code>; a rule of your own "
                   "classifies them (docs/rules.md).",
                   &items);
    if (report->policy_stale) {
        begin_item(page, "warn", &items);
        g_string_append(page, "<b>The policy has changed</b> since suppressions were computed.");
        end_item(page, "<code>heed suppress rebuild</code>");
    }
    if (items == 0)
        g_string_append(page, "<li class=\"good\">Nothing.</li>\n");
    g_string_append(page, "</ul>\n");
    heed_report_section_end(page);
}

/* --- plots --- */

typedef struct Plots {
    const HeedSummary *summary;
    int64_t *days;
    GPtrArray *columns; /* of double *, owned */
} Plots;

static void
plots_clear(Plots *plots)
{
    g_free(plots->days);
    g_ptr_array_unref(plots->columns);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plots, plots_clear)

static double *
new_column(Plots *plots)
{
    double *values = g_new0(double, plots->summary->day_count);

    g_ptr_array_add(plots->columns, values);
    return values;
}

static const double *
counts_of(Plots *plots, HeedSummaryCount count)
{
    double *values = new_column(plots);

    for (size_t i = 0; i < plots->summary->day_count; i++)
        values[i] = (double)plots->summary->days[i].counts[count];
    return values;
}

static const double *
rates_of(Plots *plots, const Rate *rate)
{
    double *values = new_column(plots);

    for (size_t i = 0; i < plots->summary->day_count; i++) {
        double value = rate_of(&plots->summary->days[i], rate);

        values[i] = value < 0 ? NAN : value;
    }
    return values;
}

static HeedPlot
plot_of(const Plots *plots, const char *id, const char *title, const char *subtitle)
{
    return (HeedPlot){.id = id,
                      .title = title,
                      .subtitle = subtitle,
                      .empty = "None in these days.",
                      .days = plots->days,
                      .day_count = plots->summary->day_count};
}

static void
append_volume(GString *page, Plots *plots)
{
    const HeedPlotSeries series[] = {
        {"delivered", "delivered", counts_of(plots, HEED_SUMMARY_DELIVERED)},
        {"failed for good", "failed", counts_of(plots, HEED_SUMMARY_FAILED)},
    };
    HeedPlot plot = plot_of(plots, "volume", "Messages sent",
                            "By the logs of the mail servers. The last day is not over.");

    plot.series = series;
    plot.series_count = G_N_ELEMENTS(series);
    plot.empty = NO_LOG;
    heed_plot_bars(page, &plot);
}

static void
append_failures(GString *page, Plots *plots)
{
    const HeedPlotSeries series[] = {
        {"hard", "hard", counts_of(plots, HEED_SUMMARY_HARD)},
        {"soft", "soft", counts_of(plots, HEED_SUMMARY_SOFT)},
        {"block", "block", counts_of(plots, HEED_SUMMARY_BLOCK)},
        {"transient", "transient", counts_of(plots, HEED_SUMMARY_TRANSIENT)},
        {"others", "other", counts_of(plots, HEED_SUMMARY_OTHER)},
    };
    HeedPlot plot = plot_of(plots, "failures", "Failures, by verdict",
                            "By reports and logs, each failure once.");

    plot.series = series;
    plot.series_count = G_N_ELEMENTS(series);
    heed_plot_bars(page, &plot);
}

static void
append_rate(GString *page, Plots *plots, const Rate *rate)
{
    const HeedReputationRate *judged = heed_reputation_rate(rate->count);
    const HeedPlotSeries series = {rate->name, rate->style, rates_of(plots, rate)};
    const HeedPlotMark marks[] = {{judged->much, "much"}, {judged->limit, "limit"}};
    g_autofree char *id = g_strconcat("rate-", rate->id, NULL);
    HeedPlot plot = plot_of(plots, id, rate->name, rate->what);

    plot.percent = true;
    plot.series = &series;
    plot.series_count = 1;
    plot.marks = marks;
    plot.mark_count = G_N_ELEMENTS(marks);
    heed_plot_lines(page, &plot);
}

static void
append_complaints(GString *page, Plots *plots)
{
    const HeedPlotSeries series[] = {
        {"complaints", "complaints", counts_of(plots, HEED_SUMMARY_COMPLAINTS)},
    };
    HeedPlot plot = plot_of(plots, "complaints", "Complaints", "By feedback loops, each once.");

    plot.series = series;
    plot.series_count = G_N_ELEMENTS(series);
    heed_plot_bars(page, &plot);
}

static void
append_days(GString *page, Plots *plots)
{
    heed_report_section(page, "days", "Day by day");
    g_string_append(page, "<div class=\"plots\">\n");
    append_volume(page, plots);
    append_failures(page, plots);
    if (sent_of(&plots->summary->total) > 0) {
        g_string_append(page, "</div>\n<div class=\"plots rates\">\n");
        for (size_t i = 0; i < G_N_ELEMENTS(rates); i++)
            append_rate(page, plots, &rates[i]);
    } else
        append_complaints(page, plots);
    g_string_append(page, "</div>\n");
    heed_report_section_end(page);
}

/* How many were suppressed at the end of each day, of those that are now. */
static void
append_growth(GString *page, Plots *plots)
{
    const HeedSummary *summary = plots->summary;
    double *values = new_column(plots);
    const HeedPlotSeries series = {"suppressed", "suppressed", values};
    HeedPlot plot = plot_of(plots, "growth", "Growth of the list",
                            "Of those suppressed now: how many were at the end of each day.");
    int64_t sum = summary->suppressed - summary->total.counts[HEED_SUMMARY_SUPPRESSED];

    for (size_t i = 0; i < summary->day_count; i++) {
        sum += summary->days[i].counts[HEED_SUMMARY_SUPPRESSED];
        values[i] = (double)sum;
    }
    plot.series = &series;
    plot.series_count = 1;
    heed_report_section(page, "suppression", "Who is suppressed");
    if (summary->suppressed > 0) {
        g_string_append(page, "<div class=\"plots\">\n");
        heed_plot_bars(page, &plot);
        g_string_append(page, "</div>\n");
    }
    heed_report_reasons(page, summary);
    heed_report_section_end(page);
}

static void
append_foot(GString *page, const HeedReportPage *report)
{
    g_string_append(
        page,
        "</main>\n<footer><p>Dead addresses are hard failures. What is much and what the limit: of "
        "complaints Gmail and Yahoo (0.3&nbsp;%), of dead addresses Amazon SES (10&nbsp;%), of blocks and "
        "deferrals ours, since nobody publishes one; docs/reputation.md has the sources and the formula of "
        "the scores. Counts are as far as they were stored by then.</p><p>Heed ");
    g_string_append(page, HEED_VERSION);
    g_string_append(page, ", database ");
    heed_html_foreign(page, heed_rows_text(report->summary->database, 0, HEED_STORE_NAME),
                      HEED_REPORT_NAME_LETTERS);
    g_string_append(page, ", ");
    heed_html_number(page, heed_rows_int(report->summary->database, 0, HEED_STORE_BYTES) / 1000000);
    g_string_append(page, " MB. No addresses are on this page.</p></footer>\n</body></html>\n");
}

GString *
heed_report_page(const HeedReportPage *report)
{
    const HeedSummary *summary = report->summary;
    GString *page = g_string_sized_new((gsize)256 * 1024);
    g_auto(Plots) plots = {.summary = summary,
                           .days = g_new0(int64_t, summary->day_count),
                           .columns = g_ptr_array_new_with_free_func(g_free)};

    for (size_t i = 0; i < summary->day_count; i++)
        plots.days[i] = summary->days[i].starts_at;
    append_head(page, report);
    append_tiles(page, summary);
    append_todo(page, report);
    append_days(page, &plots);
    heed_report_worst(page, summary);
    heed_report_classes(page, summary);
    heed_report_replies(page, summary, report->rules);
    append_growth(page, &plots);
    heed_report_holds(page, summary);
    heed_report_mailboxes(page, summary, report->config);
    heed_report_logs(page, summary, report->config);
    append_foot(page, report);
    return page;
}
