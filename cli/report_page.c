/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_page.h"

#include "base/embedded.h"
#include "cli/html.h"
#include "cli/report_parts.h"
#include "cli/report_sections.h"
#include "cli/version.h"
#include "db/overview.h"

extern const HeedEmbedded heed_report_style[];

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

    append_head(page, report);
    heed_report_tiles(page, summary);
    heed_report_todo(page, report);
    heed_report_days(page, summary);
    heed_report_worst(page, summary);
    heed_report_classes(page, summary);
    heed_report_replies(page, summary, report->rules);
    heed_report_suppression(page, summary);
    heed_report_holds(page, summary);
    heed_report_mailboxes(page, summary, report->config);
    heed_report_logs(page, summary, report->config);
    append_foot(page, report);
    return page;
}
