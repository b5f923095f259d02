/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_REPORT_PLOT_H
#define HEED_CLI_REPORT_PLOT_H

/*
 * Plots over days as inline SVG. Only shapes are in the SVG, which is stretched to whatever width
 * there is; axes and legends are HTML around it, so that letters are of the same size on a phone
 * and on paper. Behind each plot stands a table of its figures.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row of values; NAN where nothing is known. All texts are static, and of this program. */
typedef struct HeedPlotSeries {
    const char *name;
    const char *style; /* a class of report.css that has the colour */
    const double *values;
} HeedPlotSeries;

/* A line across: from here on it is much, or too much. */
typedef struct HeedPlotMark {
    double at;
    const char *name;
} HeedPlotMark;

typedef struct HeedPlot {
    const char *id;       /* of the element, unique on the page */
    const char *title;    /* text */
    const char *subtitle; /* text, one line of what to see */
    const char *empty;    /* text, instead of bars where all is nothing */
    bool percent;         /* values are rates, else counts */
    const int64_t *days;  /* the beginning of each, seconds since 1970 */
    size_t day_count;
    const HeedPlotSeries *series;
    size_t series_count;
    const HeedPlotMark *marks; /* in increasing order; those far above all values are left out */
    size_t mark_count;
} HeedPlot;

/* Bars, the series one upon another; words where all of them are nothing. */
void heed_plot_bars(GString *page, const HeedPlot *plot);

/* Lines; a gap where nothing is known. */
void heed_plot_lines(GString *page, const HeedPlot *plot);

#endif
