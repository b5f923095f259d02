/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_parts.h"
#include "cli/report_plot.h"
#include "cli/report_rates.h"
#include "cli/report_sections.h"

#include <math.h>

/* Columns of figures that plots borrow. */
typedef struct Plots {
    const HeedSummary *summary;
    int64_t *days;
    GPtrArray *columns; /* of double *, owned */
} Plots;

static void
plots_init(Plots *plots, const HeedSummary *summary)
{
    plots->summary = summary;
    plots->days = g_new0(int64_t, summary->day_count);
    plots->columns = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < summary->day_count; i++)
        plots->days[i] = summary->days[i].starts_at;
}

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
rates_of(Plots *plots, const HeedReportRate *rate)
{
    double *values = new_column(plots);

    for (size_t i = 0; i < plots->summary->day_count; i++) {
        double value = heed_report_rate(&plots->summary->days[i], rate);

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
    plot.empty = HEED_REPORT_NO_LOG;
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
append_rate(GString *page, Plots *plots, const HeedReportRate *rate)
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

void
heed_report_days(GString *page, const HeedSummary *summary)
{
    g_auto(Plots) plots = {0};

    plots_init(&plots, summary);
    heed_report_section(page, "days", "Day by day");
    g_string_append(page, "<div class=\"plots\">\n");
    append_volume(page, &plots);
    append_failures(page, &plots);
    if (heed_report_sent(&summary->total) > 0) {
        g_string_append(page, "</div>\n<div class=\"plots rates\">\n");
        for (size_t i = 0; i < HEED_REPORT_RATES; i++)
            append_rate(page, &plots, &heed_report_rates[i]);
    } else
        append_complaints(page, &plots);
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
    g_string_append(page, "<div class=\"plots\">\n");
    heed_plot_bars(page, &plot);
    g_string_append(page, "</div>\n");
}

void
heed_report_growth(GString *page, const HeedSummary *summary)
{
    g_auto(Plots) plots = {0};

    plots_init(&plots, summary);
    if (summary->suppressed > 0)
        append_growth(page, &plots);
}
