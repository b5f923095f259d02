/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"
#include "cli/report_parts.h"
#include "cli/report_rates.h"
#include "cli/report_sections.h"
#include "db/overview.h"

/* A mailbox that was not read for so long is worth a word. */
#define SILENT_SECONDS ((int64_t)24 * 60 * 60)

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
    for (size_t i = 0; i < HEED_REPORT_RATES; i++) {
        const HeedReputationRate *judged = heed_reputation_rate(heed_report_rates[i].count);
        double value = heed_report_rate(&summary->total, &heed_report_rates[i]);
        HeedReportLevel level = heed_report_level(value, judged);

        if (level != HEED_REPORT_WARN && level != HEED_REPORT_BAD)
            continue;
        begin_item(page, heed_report_level_name(level), items);
        g_string_append_printf(page, "<b>%s: ", heed_report_rates[i].name);
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

void
heed_report_todo(GString *page, const HeedReportPage *report)
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
