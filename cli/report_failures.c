/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"
#include "cli/report_parts.h"
#include "cli/report_sections.h"
#include "parsers/explain.h"

/* Letters of a reply: what comes after says little. */
#define REPLY_LETTERS 240U

static const char *
verdict_name(HeedVerdict verdict)
{
    const char *name = heed_verdict_name(verdict);

    return name != NULL ? name : "–";
}

void
heed_report_classes(GString *page, const HeedSummary *summary)
{
    static const HeedReportColumn columns[] = {
        {"Class", false}, {"Verdict", false},       {"Failures", true},  {"Put off", true},
        {"Share", false}, {"What it means", false}, {"Next step", false}};
    int64_t most = 0;

    heed_report_section(page, "classes", "Why mail failed or was put off");
    if (summary->classes->len == 0) {
        g_string_append(page, "<p class=\"empty\">No failure was reported in these days.</p>");
        heed_report_section_end(page);
        return;
    }
    for (unsigned i = 0; i < summary->classes->len; i++) {
        const HeedSummaryClass *found = summary->classes->pdata[i];

        most = MAX(most, found->failures + found->deferred);
    }
    heed_report_table_begin(page, columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < summary->classes->len; i++) {
        const HeedSummaryClass *found = summary->classes->pdata[i];
        const char *name = heed_class_name(found->class_);

        heed_report_row_begin(page);
        g_string_append(page, name != NULL ? name : "–");
        heed_report_cell(page, &columns[1], true);
        g_string_append(page, verdict_name(found->verdict));
        heed_report_number(page, &columns[2], false, found->failures);
        heed_report_number(page, &columns[3], false, found->deferred);
        heed_report_cell(page, &columns[4], false);
        heed_report_share(page, found->failures + found->deferred, most,
                          verdict_name(found->verdict));
        heed_report_cell(page, &columns[5], false);
        g_string_append(page, heed_report_meaning(found->class_));
        heed_report_cell(page, &columns[6], false);
        g_string_append(page, heed_report_next_step(found->class_));
        heed_report_row_end(page);
    }
    heed_report_table_end(page);
    heed_report_section_end(page);
}

/* A rule knows more than its class, as long as it still says the same of the reply. */
static const char *
step_for_reply(const HeedSummaryReply *reply, HeedRules *rules, const HeedContact **out_contact)
{
    HeedExplanation explanation = {0};
    HeedExplanationAdvice advice = {0};

    heed_explain(rules, reply->example, reply->server, &explanation);
    *out_contact = heed_contact_of(explanation.result.provider);
    if (explanation.result.class_ != reply->class_)
        return heed_report_next_step(reply->class_);
    heed_explain_advice(&explanation.result, &advice);
    return advice.remedy;
}

/* What is left of the codes at its beginning, which have a column of their own. */
static const char *
without_codes(const char *text)
{
    while (g_str_has_prefix(text, "# "))
        text += 2;
    return text;
}

static void
append_reply(GString *page,
             const HeedReportColumn *columns,
             const HeedSummaryReply *reply,
             HeedRules *rules)
{
    const HeedContact *contact = NULL;
    const char *step = step_for_reply(reply, rules, &contact);
    const char *name = heed_class_name(reply->class_);

    heed_report_row_begin(page);
    heed_html_foreign(page, without_codes(reply->text), REPLY_LETTERS);
    heed_report_number(page, &columns[1], true, reply->count);
    heed_report_number(page, &columns[2], false, reply->domains);
    heed_report_cell(page, &columns[3], false);
    heed_html_foreign(page, reply->code, HEED_REPORT_NAME_LETTERS);
    g_string_append_c(page, ' ');
    heed_html_foreign(page, reply->status, HEED_REPORT_NAME_LETTERS);
    heed_report_cell(page, &columns[4], false);
    g_string_append_printf(page, "<span>%s <span class=\"pill\">%s</span></span>",
                           name != NULL ? name : "–", verdict_name(reply->verdict));
    heed_report_cell(page, &columns[5], false);
    g_string_append(page, "<span>");
    heed_html_text(page, step, HEED_HTML_LETTERS);
    heed_report_link(page, contact);
    g_string_append(page, "</span>");
    heed_report_row_end(page);
}

void
heed_report_replies(GString *page, const HeedSummary *summary, HeedRules *rules)
{
    static const HeedReportColumn columns[] = {{"Reply", false},  {"Events", true},
                                               {"Domains", true}, {"Code, status", false},
                                               {"Class", false},  {"Next step", false}};

    heed_report_section(page, "replies", "What servers said");
    if (summary->replies->len == 0) {
        g_string_append(page, "<p class=\"empty\">No reply came in these days.</p>");
        heed_report_section_end(page);
        return;
    }
    g_string_append(page, "<p class=\"note\">Of the newest ");
    heed_html_number(page, summary->replies_seen);
    g_string_append(page,
                    " failures and deferrals of these days, alike ones together; addresses and "
                    "numbers are blotted out.</p>");
    heed_report_table_begin(page, columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < summary->replies->len; i++)
        append_reply(page, columns, summary->replies->pdata[i], rules);
    heed_report_table_end(page);
    heed_report_section_end(page);
}
