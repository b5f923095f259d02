/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_parts.h"

#include "cli/html.h"

#include <inttypes.h>

void
heed_report_section(GString *page, const char *id, const char *title)
{
    g_string_append_printf(
        page, "<section id=\"%s\" aria-labelledby=\"%s-title\"><h2 id=\"%s-title\">%s</h2>\n", id,
        id, id, title);
}

void
heed_report_section_end(GString *page)
{
    g_string_append(page, "</section>\n");
}

void
heed_report_table_begin(GString *page, const HeedReportColumn *columns, size_t count)
{
    g_string_append(
        page, "<table class=\"wide\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">");
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(page, "<th role=\"columnheader\" scope=\"col\"%s>%s</th>",
                               columns[i].number ? " class=\"n\"" : "", columns[i].title);
    g_string_append(page, "</tr></thead><tbody role=\"rowgroup\">\n");
}

void
heed_report_table_end(GString *page)
{
    g_string_append(page, "</tbody></table>\n");
}

void
heed_report_row_begin(GString *page)
{
    g_string_append(page, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
}

void
heed_report_row_end(GString *page)
{
    g_string_append(page, "</td></tr>\n");
}

void
heed_report_cell(GString *page, const HeedReportColumn *column, bool first)
{
    g_string_append_printf(page, "</%s><td role=\"cell\" data-label=\"%s\"%s>", first ? "th" : "td",
                           column->title, column->number ? " class=\"n\"" : "");
}

void
heed_report_number(GString *page, const HeedReportColumn *column, bool first, int64_t number)
{
    heed_report_cell(page, column, first);
    heed_html_number(page, number);
}

void
heed_report_link(GString *page, const HeedContact *contact)
{
    if (contact == NULL || contact->page == NULL)
        return;
    g_string_append(page, " <a rel=\"noreferrer noopener\" href=\"");
    heed_html_text(page, contact->page, HEED_HTML_LETTERS);
    g_string_append(page, "\">");
    heed_html_text(page, contact->title, HEED_REPORT_NAME_LETTERS);
    g_string_append(page, " for senders</a>");
}

void
heed_report_share(GString *page, int64_t part, int64_t whole, const char *style)
{
    g_string_append_printf(page,
                           "<svg class=\"share\" aria-hidden=\"true\" viewBox=\"0 0 1000 10\" "
                           "preserveAspectRatio=\"none\"><rect class=\"%s\" width=\"%" PRId64
                           "\" height=\"10\"/></svg>",
                           style, whole > 0 ? part * 1000 / whole : 0);
}

/* Feedback types are no failures, so the advice by class does not have them. */
static bool
is_complaint(HeedClass class_)
{
    return class_ == HEED_CLASS_ABUSE || class_ == HEED_CLASS_FRAUD || class_ == HEED_CLASS_OTHER ||
           class_ == HEED_CLASS_NOT_SPAM;
}

const char *
heed_report_next_step(HeedClass class_)
{
    if (is_complaint(class_))
        return "Mail only who asked for it, make leaving easy, and look at where these recipients "
               "came from.";
    return heed_advice_of(class_)->remedy;
}

const char *
heed_report_meaning(HeedClass class_)
{
    return is_complaint(class_) ? "Recipients said that they do not want it."
                                : heed_advice_of(class_)->means;
}
