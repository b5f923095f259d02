/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"
#include "cli/report_parts.h"
#include "cli/report_sections.h"
#include "db/overview.h"

#include <inttypes.h>

static void
append_reasons(GString *page, const HeedSummary *summary)
{
    static const HeedReportColumn columns[] = {
        {"Reason", false},           {"Verdict", false},        {"Suppressions", true},
        {"New in these days", true}, {"For a time only", true}, {"Share", false}};

    if (summary->reasons->len == 0) {
        g_string_append(page, "<p class=\"empty\">Nothing is suppressed.</p>");
        return;
    }
    heed_report_table_begin(page, columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < summary->reasons->len; i++) {
        const HeedSummaryReason *reason = summary->reasons->pdata[i];
        HeedVerdict verdict = HEED_VERDICT_UNSET;

        heed_report_row_begin(page);
        heed_html_text(page, reason->reason, HEED_REPORT_NAME_LETTERS);
        heed_report_cell(page, &columns[1], true);
        heed_html_text(page, reason->verdict, HEED_REPORT_NAME_LETTERS);
        heed_report_number(page, &columns[2], false, reason->addresses);
        heed_report_number(page, &columns[3], false, reason->added);
        heed_report_number(page, &columns[4], false, reason->temporary);
        heed_report_cell(page, &columns[5], false);
        heed_report_share(page, reason->addresses, summary->suppressed,
                          heed_verdict_from_name(reason->verdict, &verdict)
                              ? heed_verdict_name(verdict)
                              : "manual");
        heed_report_row_end(page);
    }
    heed_report_table_end(page);
}

void
heed_report_suppression(GString *page, const HeedSummary *summary)
{
    heed_report_section(page, "suppression", "Who is suppressed");
    heed_report_growth(page, summary);
    append_reasons(page, summary);
    heed_report_section_end(page);
}

static void
append_hold(GString *page, const HeedReportColumn *columns, const HeedSummaryHold *hold)
{
    heed_report_row_begin(page);
    heed_html_foreign(page, hold->name, HEED_REPORT_NAME_LETTERS);
    heed_report_cell(page, &columns[1], true);
    heed_html_text(page, g_str_equal(hold->dimension, "mta") ? "reporting server" : hold->dimension,
                   HEED_REPORT_NAME_LETTERS);
    heed_report_cell(page, &columns[2], false);
    heed_html_time(page, hold->began_at);
    heed_report_cell(page, &columns[3], false);
    if (hold->ended_at == HEED_DATE_UNKNOWN)
        g_string_append(page, "<span class=\"word warn\">lasts</span>");
    else
        heed_html_time(page, hold->ended_at);
    heed_report_cell(page, &columns[4], false);
    g_string_append_printf(page, "%" PRId64 " in %" PRId64 " h, %" PRId64 " are too many",
                           hold->seen, hold->window_hours, hold->threshold);
    heed_report_number(page, &columns[5], false, hold->addresses);
    heed_report_cell(page, &columns[6], false);
    if (hold->resolution != NULL)
        heed_html_text(page, hold->resolution, HEED_REPORT_NAME_LETTERS);
    else
        g_string_append_printf(
            page,
            "<span><code>heed suppress review</code>, then <code>release %" PRId64
            "</code> or <code>discard %" PRId64 "</code></span>",
            hold->hold_id, hold->hold_id);
    heed_report_row_end(page);
}

void
heed_report_holds(GString *page, const HeedSummary *summary)
{
    static const HeedReportColumn columns[] = {
        {"Where", false}, {"What it is", false}, {"Began", false},   {"Ended", false},
        {"Surge", false}, {"Held now", true},    {"Decision", false}};

    heed_report_section(page, "holds", "What the outage guard holds");
    g_string_append(
        page, "<p class=\"note\">Surges of hard failures far beyond what was ever seen there: "
              "their addresses are paused, not suppressed.</p>");
    if (summary->holds->len == 0) {
        g_string_append(page, "<p class=\"empty\">No surge was held in these days.</p>");
        heed_report_section_end(page);
        return;
    }
    heed_report_table_begin(page, columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < summary->holds->len; i++)
        append_hold(page, columns, summary->holds->pdata[i]);
    heed_report_table_end(page);
    heed_report_section_end(page);
}

static void
append_error(GString *page, const HeedRows *rows, size_t row, size_t column, bool is_read)
{
    if (!is_read)
        g_string_append(page, "no longer in the configuration");
    else if (heed_rows_is_null(rows, row, column))
        g_string_append(page, "none");
    else
        heed_html_foreign(page, heed_rows_text(rows, row, column), HEED_HTML_LETTERS);
}

void
heed_report_mailboxes(GString *page, const HeedSummary *summary, const HeedConfig *config)
{
    static const HeedReportColumn columns[] = {{"Mailbox", false},      {"Last poll", false},
                                               {"Last success", false}, {"Last message", false},
                                               {"Messages", true},      {"To acknowledge", true},
                                               {"Last error", false}};
    const HeedRows *rows = summary->mailboxes;

    heed_report_section(page, "mailboxes", "Mailboxes");
    if (heed_rows_count(rows) == 0) {
        g_string_append(
            page, "<p class=\"empty\">No mailbox has been polled yet: <code>heed poll</code>.</p>");
        heed_report_section_end(page);
        return;
    }
    heed_report_table_begin(page, columns, G_N_ELEMENTS(columns));
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        heed_report_row_begin(page);
        heed_html_foreign(page, heed_rows_text(rows, row, HEED_MAILBOX_NAME),
                          HEED_REPORT_NAME_LETTERS);
        for (size_t i = 0; i < 3; i++) {
            heed_report_cell(page, &columns[i + 1], i == 0);
            heed_html_time(page, heed_rows_time(rows, row, HEED_MAILBOX_LAST_POLL + i));
        }
        heed_report_number(page, &columns[4], false,
                           heed_rows_int(rows, row, HEED_MAILBOX_MESSAGES));
        heed_report_number(page, &columns[5], false, heed_rows_int(rows, row, HEED_MAILBOX_OPEN));
        heed_report_cell(page, &columns[6], false);
        append_error(page, rows, row, HEED_MAILBOX_LAST_ERROR,
                     heed_config_reads_mailbox(config, heed_rows_text(rows, row, 0)));
        heed_report_row_end(page);
    }
    heed_report_table_end(page);
    heed_report_section_end(page);
}

static void
append_log(GString *page,
           const HeedReportColumn *columns,
           const HeedRows *rows,
           size_t row,
           const HeedConfig *config)
{
    heed_report_row_begin(page);
    heed_html_foreign(page, heed_rows_text(rows, row, HEED_LOG_COLUMN_NAME),
                      HEED_REPORT_NAME_LETTERS);
    heed_report_cell(page, &columns[1], true);
    heed_html_foreign(page, heed_rows_text(rows, row, HEED_LOG_COLUMN_FORMAT),
                      HEED_REPORT_NAME_LETTERS);
    heed_report_cell(page, &columns[2], false);
    heed_html_time(page, heed_rows_time(rows, row, HEED_LOG_COLUMN_LAST_READ));
    heed_report_cell(page, &columns[3], false);
    heed_html_time(page, heed_rows_time(rows, row, HEED_LOG_COLUMN_LAST_LINE));
    heed_report_number(page, &columns[4], false, heed_rows_int(rows, row, HEED_LOG_COLUMN_LINES));
    heed_report_number(page, &columns[5], false, heed_rows_int(rows, row, HEED_LOG_COLUMN_UNREAD));
    heed_report_number(page, &columns[6], false, heed_rows_int(rows, row, HEED_LOG_COLUMN_BEHIND));
    heed_report_cell(page, &columns[7], false);
    append_error(page, rows, row, HEED_LOG_COLUMN_LAST_ERROR,
                 heed_config_reads_log(config, heed_rows_text(rows, row, 0)));
    heed_report_row_end(page);
}

void
heed_report_logs(GString *page, const HeedSummary *summary, const HeedConfig *config)
{
    static const HeedReportColumn columns[] = {
        {"Log", false},  {"Format", false},      {"Last look", false},   {"Last new line", false},
        {"Lines", true}, {"Not readable", true}, {"Bytes behind", true}, {"Last error", false}};

    heed_report_section(page, "logs", "Logs of mail servers");
    if (heed_rows_count(summary->logs) == 0) {
        g_string_append(page, "<p class=\"empty\">No log is read (docs/logs.md).</p>");
        heed_report_section_end(page);
        return;
    }
    heed_report_table_begin(page, columns, G_N_ELEMENTS(columns));
    for (size_t row = 0; row < heed_rows_count(summary->logs); row++)
        append_log(page, columns, summary->logs, row, config);
    heed_report_table_end(page);
    heed_report_section_end(page);
}
