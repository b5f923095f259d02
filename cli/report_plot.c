/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_plot.h"

#include "cli/html.h"

#include <inttypes.h>
#include <math.h>

/* Units of the drawing: so wide is a day, so high the plot. */
#define DAY_WIDTH 10.0
#define BAR_WIDTH 7.6
#define HEIGHT    100.0
/* About so many lines of a grid. */
#define TICKS 4.0
/* Room above the highest value, as a factor. */
#define HEADROOM 1.08
/* Numbers in the drawing have a dot whatever the locale; so many bytes hold one. */
#define NUMBER_BYTES 16

typedef struct Scale {
    double top;     /* the value at the upper edge */
    double step;    /* between two lines of the grid */
    unsigned lines; /* of the grid, the lowest at nothing */
} Scale;

static void
append_coordinate(GString *page, double value)
{
    char text[NUMBER_BYTES];

    g_string_append(page, g_ascii_formatd(text, sizeof(text), "%.2f", value));
}

/* A step of 1, 2 or 5 times a power of ten, or of 2.5 where that may be a fraction. */
static Scale
scale_of(double highest, bool percent)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    Scale scale = {.top = highest * HEADROOM};
    double rough;
    double power;

    if (!(scale.top > 0))
        scale.top = percent ? 0.01 : 4;
    rough = scale.top / TICKS;
    power = pow(10, floor(log10(rough)));
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        scale.step = steps[i] * power;
        if (scale.step >= rough)
            break;
    }
    if (!percent)
        scale.step = fmax(1, ceil(scale.step));
    scale.lines = 1 + (unsigned)(scale.top / scale.step);
    return scale;
}

static double
height_of(const Scale *scale, double value)
{
    return HEIGHT * value / scale->top;
}

/* A value of an axis, short: "1.2M", "0.3 %". */
static void
append_tick(GString *page, double value, bool percent)
{
    char text[NUMBER_BYTES];

    if (percent) {
        g_string_append(page, g_ascii_formatd(text, sizeof(text), "%.4g", value * 100));
        g_string_append(page, "\u00a0%");
    } else if (value >= 1e6) {
        g_string_append(page, g_ascii_formatd(text, sizeof(text), "%.4g", value / 1e6));
        g_string_append_c(page, 'M');
    } else if (value >= 1e4) {
        g_string_append(page, g_ascii_formatd(text, sizeof(text), "%.4g", value / 1e3));
        g_string_append_c(page, 'k');
    } else
        heed_html_number(page, (int64_t)value);
}

static void
append_value(GString *page, double value, bool percent)
{
    if (isnan(value))
        g_string_append(page, "–");
    else if (percent)
        heed_html_percent(page, value);
    else
        heed_html_number(page, (int64_t)llround(value));
}

/* --- what stands around the drawing --- */

static void
append_legend(GString *page, const HeedPlot *plot)
{
    if (plot->series_count < 2)
        return;
    g_string_append(page, "<ul class=\"legend\">");
    for (size_t i = 0; i < plot->series_count; i++)
        g_string_append_printf(page, "<li><i class=\"%s\"></i>%s</li>", plot->series[i].style,
                               plot->series[i].name);
    g_string_append(page, "</ul>");
}

static void
append_axis(GString *page, const HeedPlot *plot, const Scale *scale)
{
    g_string_append(page, "<div class=\"axis\" aria-hidden=\"true\">");
    for (unsigned i = 0; i < scale->lines; i++) {
        double value = i * scale->step;

        g_string_append(page, "<span style=\"bottom:");
        append_coordinate(page, height_of(scale, value));
        g_string_append(page, "%\">");
        append_tick(page, value, plot->percent);
        g_string_append(page, "</span>");
    }
    g_string_append(page, "</div>");
}

/* The first day, the one in the middle, the last. */
static void
append_days(GString *page, const HeedPlot *plot)
{
    const size_t shown[] = {0, plot->day_count / 2, plot->day_count - 1};

    g_string_append(page, "<div class=\"days\" aria-hidden=\"true\">");
    for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
        if (i == 0 || shown[i] != shown[i - 1]) {
            g_string_append(page, "<span>");
            heed_html_day(page, plot->days[shown[i]]);
            g_string_append(page, "</span>");
        }
    g_string_append(page, "</div>");
}

static void
append_table(GString *page, const HeedPlot *plot)
{
    g_string_append_printf(page,
                           "<details><summary>Figures: %s</summary><div class=\"scroll\">"
                           "<table><thead><tr><th scope=\"col\">Day</th>",
                           plot->title);
    for (size_t i = 0; i < plot->series_count; i++)
        g_string_append_printf(page, "<th scope=\"col\" class=\"n\">%s</th>", plot->series[i].name);
    g_string_append(page, "</tr></thead><tbody>\n");
    for (size_t day = plot->day_count; day-- > 0;) {
        g_string_append(page, "<tr><th scope=\"row\">");
        heed_html_day(page, plot->days[day]);
        g_string_append(page, "</th>");
        for (size_t i = 0; i < plot->series_count; i++) {
            g_string_append(page, "<td class=\"n\">");
            append_value(page, plot->series[i].values[day], plot->percent);
            g_string_append(page, "</td>");
        }
        g_string_append(page, "</tr>\n");
    }
    g_string_append(page, "</tbody></table></div></details>");
}

/* --- the drawing --- */

static void
begin_drawing(GString *page, const HeedPlot *plot, const Scale *scale)
{
    g_string_append_printf(page,
                           "<figure class=\"plot\" id=\"%s\"><figcaption><h3>%s</h3><p>%s</p>",
                           plot->id, plot->title, plot->subtitle);
    append_legend(page, plot);
    g_string_append(page, "</figcaption><div class=\"chart\">");
    append_axis(page, plot, scale);
    g_string_append_printf(page,
                           "<svg role=\"img\" aria-labelledby=\"%s-title %s-desc\" viewBox=\"0 0 "
                           "%.0f %.0f\" preserveAspectRatio=\"none\"><title id=\"%s-title\">%s"
                           "</title><desc id=\"%s-desc\">%s The table behind it has the "
                           "figures.</desc>",
                           plot->id, plot->id, DAY_WIDTH * (double)plot->day_count, HEIGHT,
                           plot->id, plot->title, plot->id, plot->subtitle);
    for (unsigned i = 0; i < scale->lines; i++) {
        g_string_append(page, "<path class=\"grid\" d=\"M0 ");
        append_coordinate(page, HEIGHT - height_of(scale, i * scale->step));
        g_string_append_printf(page, "H%.0f\"/>", DAY_WIDTH * (double)plot->day_count);
    }
}

static void
append_marks(GString *page, const HeedPlot *plot, const Scale *scale)
{
    for (size_t i = 0; i < plot->mark_count; i++) {
        if (plot->marks[i].at > scale->top)
            continue;
        g_string_append_printf(page, "<path class=\"mark%s\" d=\"M0 ",
                               i + 1 == plot->mark_count ? " limit" : "");
        append_coordinate(page, HEIGHT - height_of(scale, plot->marks[i].at));
        g_string_append_printf(page, "H%.0f\"/>", DAY_WIDTH * (double)plot->day_count);
    }
}

/* The names of the marks, over the drawing. */
static void
append_mark_names(GString *page, const HeedPlot *plot, const Scale *scale)
{
    for (size_t i = 0; i < plot->mark_count; i++) {
        if (plot->marks[i].at > scale->top)
            continue;
        g_string_append(page, "<span class=\"mark-name\" style=\"bottom:");
        append_coordinate(page, height_of(scale, plot->marks[i].at));
        g_string_append_printf(page, "%%\">%s</span>", plot->marks[i].name);
    }
}

static void
end_drawing(GString *page, const HeedPlot *plot, const Scale *scale)
{
    g_string_append(page, "</svg>");
    append_mark_names(page, plot, scale);
    g_string_append(page, "</div>");
    append_days(page, plot);
    append_table(page, plot);
    g_string_append(page, "</figure>\n");
}

/* From so far above the ground up; hovering over it tells the figure. */
static void
append_bar(
    GString *page, const HeedPlot *plot, size_t series, size_t day, double base, double height)
{
    double value = plot->series[series].values[day];

    g_string_append_printf(page, "<rect class=\"%s\" x=\"", plot->series[series].style);
    append_coordinate(page, DAY_WIDTH * (double)day + (DAY_WIDTH - BAR_WIDTH) / 2);
    g_string_append(page, "\" y=\"");
    append_coordinate(page, HEIGHT - base - height);
    g_string_append(page, "\" width=\"");
    append_coordinate(page, BAR_WIDTH);
    g_string_append(page, "\" height=\"");
    append_coordinate(page, height);
    g_string_append(page, "\"><title>");
    append_value(page, value, plot->percent);
    g_string_append_printf(page, " %s</title></rect>", plot->series[series].name);
}

static double
highest_pile(const HeedPlot *plot)
{
    double highest = 0;

    for (size_t day = 0; day < plot->day_count; day++) {
        double sum = 0;

        for (size_t i = 0; i < plot->series_count; i++)
            sum += plot->series[i].values[day];
        highest = fmax(highest, sum);
    }
    return highest;
}

void
heed_plot_bars(GString *page, const HeedPlot *plot)
{
    double highest = highest_pile(plot);
    const Scale scale = scale_of(highest, plot->percent);

    if (!(highest > 0)) {
        g_string_append_printf(page,
                               "<figure class=\"plot\" id=\"%s\"><figcaption><h3>%s</h3><p "
                               "class=\"empty\">%s</p></figcaption></figure>\n",
                               plot->id, plot->title, plot->empty);
        return;
    }
    begin_drawing(page, plot, &scale);
    for (size_t day = 0; day < plot->day_count; day++) {
        double base = 0;

        for (size_t i = 0; i < plot->series_count; i++) {
            double height = height_of(&scale, plot->series[i].values[day]);

            if (height > 0)
                append_bar(page, plot, i, day, base, height);
            base += height;
        }
    }
    append_marks(page, plot, &scale);
    end_drawing(page, plot, &scale);
}

/* A day alone between two of which nothing is known is a short line. */
static void
append_line(GString *page, const HeedPlot *plot, size_t series, const Scale *scale)
{
    const double *values = plot->series[series].values;
    bool drawing = false;

    g_string_append_printf(page, "<path class=\"line %s\" d=\"", plot->series[series].style);
    for (size_t day = 0; day < plot->day_count; day++) {
        bool alone = !drawing && (day + 1 == plot->day_count || isnan(values[day + 1]));

        if (isnan(values[day])) {
            drawing = false;
            continue;
        }
        g_string_append_c(page, drawing ? 'L' : 'M');
        append_coordinate(page, DAY_WIDTH * ((double)day + (alone ? 0.3 : 0.5)));
        g_string_append_c(page, ' ');
        append_coordinate(page, HEIGHT - height_of(scale, values[day]));
        if (alone)
            g_string_append_printf(page, "h%.0f", DAY_WIDTH * 0.4);
        drawing = true;
    }
    g_string_append(page, "\"/>");
}

void
heed_plot_lines(GString *page, const HeedPlot *plot)
{
    double highest = plot->mark_count > 0 ? plot->marks[0].at : 0;
    Scale scale;

    for (size_t i = 0; i < plot->series_count; i++)
        for (size_t day = 0; day < plot->day_count; day++)
            highest = fmax(highest, plot->series[i].values[day]); /* not of NAN */
    scale = scale_of(highest, plot->percent);
    begin_drawing(page, plot, &scale);
    append_marks(page, plot, &scale);
    for (size_t i = 0; i < plot->series_count; i++)
        append_line(page, plot, i, &scale);
    end_drawing(page, plot, &scale);
}
