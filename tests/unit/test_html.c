/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exposition.h"
#include "cli/html.h"
#include "cli/report_plot.h"
#include "parsers/report.h"

#include <math.h>
#include <string.h>

#define REPLACED "\xef\xbf\xbd"

static void
test_text(void)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {NULL, "–"},
        {"", ""},
        {"plain", "plain"},
        {"<a href=\"x\" title='y'>&amp;</a>",
         "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;"},
        {"a\tb\r\nc", "a b  c"},
        {"\033[31m \a \x7f \xc2\x9b", REPLACED "[31m " REPLACED " " REPLACED " " REPLACED},
        {"bad \xff\xc0\x80", "bad " REPLACED REPLACED REPLACED},
        {"\xe2\x80\xae \xe2\x81\xa6 \xe2\x80\x8f \xd8\x9c",
         REPLACED " " REPLACED " " REPLACED " " REPLACED},
        {"no character \xef\xbf\xbf \xef\xb7\x90", "no character " REPLACED " " REPLACED},
        {"z\xcc\xb5\xcc\xa2\xcc\xa2\xcc\xa2!", "z\xcc\xb5\xcc\xa2!"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        heed_html_text(out, rows[i].text, HEED_HTML_LETTERS);
        g_assert_cmpstr(out->str, ==, rows[i].want);
    }
}

static void
test_cut(void)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"0123456789", "0123456789"},
        {"0123456789a", "0123456789…"},
        {"<<<<<<<<<<<", "&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;…"},
        {"漢字漢字漢字漢字漢字漢字", "漢字漢字漢字漢字漢字…"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        heed_html_text(out, rows[i].text, 10);
        g_assert_cmpstr(out->str, ==, rows[i].want);
    }
}

static void
test_foreign(void)
{
    g_autoptr(GString) out = g_string_new("<td>");

    heed_html_foreign(out, "مرحبا<", 80);
    g_assert_cmpstr(out->str, ==, "<td><bdi>مرحبا&lt;</bdi>");
}

static void
test_numbers(void)
{
    static const struct {
        int64_t number;
        const char *want;
    } numbers[] = {{0, "0"},          {999, "999"},   {1000, "1,000"},
                   {-1000, "-1,000"}, {-100, "-100"}, {1234567, "1,234,567"}};

    static const struct {
        double rate;
        const char *want;
    } rates[] = {{0, "0.00\u00a0%"},     {0.0004, "0.040\u00a0%"}, {0.0123, "1.23\u00a0%"},
                 {0.123, "12.3\u00a0%"}, {1, "100.0\u00a0%"},      {-1, "–"}};

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        heed_html_number(out, numbers[i].number);
        g_assert_cmpstr(out->str, ==, numbers[i].want);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        heed_html_percent(out, rates[i].rate);
        g_assert_cmpstr(out->str, ==, rates[i].want);
    }
}

static void
test_times(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    heed_html_time(out, 1767323045);
    heed_html_day(out, 1767323045);
    heed_html_day(out, HEED_DATE_UNKNOWN);
    g_assert_cmpstr(out->str, ==,
                    "<time datetime=\"2026-01-02T03:04:05Z\">2026-01-02 03:04Z</time>"
                    "<time datetime=\"2026-01-02\">2026-01-02</time>–");
}

/* --- plots --- */

#define DAY 86400

static size_t
count_of(const char *text, const char *word)
{
    size_t count = 0;

    for (const char *c = strstr(text, word); c != NULL; c = strstr(c + 1, word))
        count++;
    return count;
}

static void
test_bars(void)
{
    static const int64_t days[] = {0, DAY, 2 * (int64_t)DAY};
    static const double first[] = {10, 0, 30};
    static const double second[] = {10, 0, 0};
    static const HeedPlotSeries series[] = {{"one", "hard", first}, {"two", "soft", second}};
    const HeedPlot plot = {.id = "p",
                           .title = "Title",
                           .subtitle = "Words.",
                           .empty = "Nothing.",
                           .days = days,
                           .day_count = G_N_ELEMENTS(days),
                           .series = series,
                           .series_count = G_N_ELEMENTS(series)};
    HeedPlot none = plot;
    static const double zero[] = {0, 0, 0};
    const HeedPlotSeries nothing = {"one", "hard", zero};
    g_autoptr(GString) page = g_string_new(NULL);
    g_autoptr(GString) empty = g_string_new(NULL);

    heed_plot_bars(page, &plot);
    g_assert_cmpuint(count_of(page->str, "<rect "), ==, 3); /* no bar without height */
    /* Of 32.4 at the top, 10 and 10 one upon the other: heights are of 100. */
    g_assert_nonnull(
        strstr(page->str, "y=\"69.14\" width=\"7.60\" height=\"30.86\"><title>10 one"));
    g_assert_nonnull(
        strstr(page->str, "y=\"38.27\" width=\"7.60\" height=\"30.86\"><title>10 two"));
    g_assert_nonnull(strstr(page->str, "aria-labelledby=\"p-title p-desc\""));
    g_assert_cmpuint(count_of(page->str, "<tr>"), ==, 4);
    g_assert_nonnull(strstr(page->str, "1970-01-03</time></th><td class=\"n\">30</td>"));
    none.series = &nothing;
    none.series_count = 1;
    heed_plot_bars(empty, &none);
    g_assert_nonnull(strstr(empty->str, "<p class=\"empty\">Nothing.</p>"));
    g_assert_null(strstr(empty->str, "<svg"));
}

static void
test_lines(void)
{
    static const int64_t days[] = {0, DAY, 2 * (int64_t)DAY, 3 * (int64_t)DAY, 4 * (int64_t)DAY};
    const double values[] = {0.01, 0.02, NAN, 0.04, NAN};
    const HeedPlotSeries series = {"rate", "hard", values};
    static const HeedPlotMark marks[] = {{0.05, "much"}, {0.1, "limit"}};
    const HeedPlot plot = {.id = "p",
                           .title = "Title",
                           .subtitle = "Words.",
                           .percent = true,
                           .days = days,
                           .day_count = G_N_ELEMENTS(days),
                           .series = &series,
                           .series_count = 1,
                           .marks = marks,
                           .mark_count = G_N_ELEMENTS(marks)};
    g_autoptr(GString) page = g_string_new(NULL);

    heed_plot_lines(page, &plot);
    /* A line of two days, a gap, a day alone. */
    g_assert_nonnull(strstr(page->str, "d=\"M5.00 81.48L15.00 62.96M33.00 25.93h4\""));
    g_assert_nonnull(strstr(page->str, ">much</span>"));
    g_assert_null(strstr(page->str, ">limit</span>")); /* far above */
    g_assert_cmpuint(count_of(page->str, "<td class=\"n\">–</td>"), ==, 2);
}

/* --- Prometheus --- */

static void
test_exposition(void)
{
    g_auto(HeedExposition) out = {.text = g_string_new(NULL)};
    g_autofree char *longest = g_strnfill(1024, 'x');

    heed_exposition_family(&out, "heed_x", "gauge", "What x is.");
    heed_exposition_sample(&out, 1, NULL);
    heed_exposition_sample(&out, 0.5, "a", "q\"b\\c\nd", "e", NULL, NULL);
    heed_exposition_sample(&out, 12345678901.0, "a", "\xff", NULL);
    g_assert_cmpstr(out.text->str, ==,
                    "# HELP heed_x What x is.\n# TYPE heed_x gauge\nheed_x 1\n"
                    "heed_x{a=\"q\\\"b\\\\c\\nd\",e=\"\"} 0.5\n"
                    "heed_x{a=\"" REPLACED "\"} 12345678901\n");
    heed_exposition_sample(&out, 1, "a", longest, NULL);
    g_assert_nonnull(strstr(out.text->str, longest));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/html/text", test_text);
    g_test_add_func("/html/cut", test_cut);
    g_test_add_func("/html/foreign", test_foreign);
    g_test_add_func("/html/numbers", test_numbers);
    g_test_add_func("/html/times", test_times);
    g_test_add_func("/plot/bars", test_bars);
    g_test_add_func("/plot/lines", test_lines);
    g_test_add_func("/exposition", test_exposition);
    return g_test_run();
}
