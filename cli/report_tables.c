/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report_tables.h"

#include "cli/html.h"
#include "db/overview.h"
#include "parsers/advice.h"
#include "parsers/explain.h"
#include "parsers/provider.h"

#include <inttypes.h>

/* Letters of a name that stands in a table. */
#define NAME_LETTERS 80U
/* Letters of a reply: what comes after says little. */
#define REPLY_LETTERS 240U

/* A column: its title, and whether its cells are numbers. */
typedef struct Column {
    const char *title;
    bool number;
} Column;

HeedReportLevel
heed_report_level(double rate, const HeedReputationRate *judged)
{
    if (rate < 0 || judged == NULL)
        return HEED_REPORT_UNKNOWN;
    if (rate >= judged->limit)
        return HEED_REPORT_BAD;
    return rate >= judged->much ? HEED_REPORT_WARN : HEED_REPORT_GOOD;
}

const char *
heed_report_level_name(HeedReportLevel level)
{
    static const char *const names[] = {
        [HEED_REPORT_UNKNOWN] = "",
        [HEED_REPORT_GOOD] = "good",
        [HEED_REPORT_WARN] = "warn",
        [HEED_REPORT_BAD] = "bad",
    };

    return names[level];
}

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

/* --- the parts of tables; with roles, since a phone shows cells as blocks --- */

static void
begin_table(GString *page, const Column *columns, size_t count)
{
    g_string_append(
        page, "<table class=\"wide\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">");
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(page, "<th role=\"columnheader\" scope=\"col\"%s>%s</th>",
                               columns[i].number ? " class=\"n\"" : "", columns[i].title);
    g_string_append(page, "</tr></thead><tbody role=\"rowgroup\">\n");
}

static void
end_table(GString *page)
{
    g_string_append(page, "</tbody></table>\n");
}

/* The first cell of a row, which names it. */
static void
begin_row(GString *page)
{
    g_string_append(page, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
}

static void
end_row(GString *page)
{
    g_string_append(page, "</td></tr>\n");
}

/* Ends the cell before it: the first ends the name. */
static void
next_cell(GString *page, const Column *column, bool first)
{
    g_string_append_printf(page, "</%s><td role=\"cell\" data-label=\"%s\"%s>", first ? "th" : "td",
                           column->title, column->number ? " class=\"n\"" : "");
}

/* A cell of several parts is one block beside its label. */
static void
number_cell(GString *page, const Column *column, bool first, int64_t number)
{
    next_cell(page, column, first);
    heed_html_number(page, number);
}

static void
append_link(GString *page, const HeedContact *contact)
{
    if (contact == NULL || contact->page == NULL)
        return;
    g_string_append(page, " <a rel=\"noreferrer noopener\" href=\"");
    heed_html_text(page, contact->page, HEED_HTML_LETTERS);
    g_string_append(page, "\">");
    heed_html_text(page, contact->title, NAME_LETTERS);
    g_string_append(page, " for senders</a>");
}

/* Feedback types are no failures, so the advice by class does not have them. */
static bool
is_complaint(HeedClass class_)
{
    return class_ == HEED_CLASS_ABUSE || class_ == HEED_CLASS_FRAUD || class_ == HEED_CLASS_OTHER ||
           class_ == HEED_CLASS_NOT_SPAM;
}

static const char *
next_step(HeedClass class_)
{
    if (is_complaint(class_))
        return "Mail only who asked for it, make leaving easy, and look at where these recipients "
               "came from.";
    return heed_advice_of(class_)->remedy;
}

static const char *
meaning(HeedClass class_)
{
    return is_complaint(class_) ? "Recipients said that they do not want it."
                                : heed_advice_of(class_)->means;
}

/* --- the lowest scores --- */

enum {
    WORST_NAME,
    WORST_SCORE,
    WORST_SENT,
    WORST_HARD,
    WORST_BLOCK,
    WORST_DEFERRED,
    WORST_COMPLAINTS,
    WORST_WHY,
    WORST_NEXT,
    WORST_COLUMNS
};

static const struct {
    const char *id;
    const char *title;
    const char *many;
} dimensions[HEED_REPUTATION_DIMENSIONS] = {
    [HEED_REPUTATION_RECIPIENT_DOMAIN] = {"domains", "Recipient domains", "recipient domains"},
    [HEED_REPUTATION_PROVIDER] = {"providers", "Mailbox providers", "providers"},
    [HEED_REPUTATION_SENDER_DOMAIN] = {"senders", "Our sending domains", "sending domains"},
    [HEED_REPUTATION_SOURCE_IP] = {"sources", "Our servers", "source addresses"},
};

static const Column worst_columns[WORST_COLUMNS] = {
    {"Name", false},   {"Score", false},     {"Sent", true}, {"Dead", true},      {"Blocked", true},
    {"Put off", true}, {"Complaints", true}, {"Why", false}, {"Next step", false}};

static double
rate_of(const HeedReputation *reputation, HeedReputationCount count)
{
    const int64_t *month = reputation->counts[HEED_REPUTATION_30D];
    int64_t of = month[heed_reputation_rate(count)->of];

    return of > 0 ? (double)month[count] / (double)of : -1;
}

/* A rate with its level in words for who sees no colours; a count where nothing says of how much.
 */
static void
rate_cell(GString *page,
          const Column *column,
          const HeedReputation *reputation,
          HeedReputationCount count)
{
    double rate = rate_of(reputation, count);
    HeedReportLevel level = heed_report_level(rate, heed_reputation_rate(count));

    next_cell(page, column, false);
    if (rate < 0) {
        heed_html_number(page, reputation->counts[HEED_REPUTATION_30D][count]);
        return;
    }
    if (level == HEED_REPORT_WARN || level == HEED_REPORT_BAD) {
        g_string_append_printf(page, "<span class=\"word %s\" title=\"%s\">",
                               heed_report_level_name(level),
                               level == HEED_REPORT_BAD ? "over the limit" : "much");
        heed_html_percent(page, rate);
        g_string_append(page, level == HEED_REPORT_BAD ? "\u00a0!!</span>" : "\u00a0!</span>");
    } else
        heed_html_percent(page, rate);
}

static void
sent_cell(GString *page, const HeedReputation *reputation)
{
    int64_t sent = reputation->counts[HEED_REPUTATION_30D][HEED_REPUTATION_SENT];

    next_cell(page, &worst_columns[WORST_SENT], false);
    if (sent > 0)
        heed_html_number(page, sent);
    else
        g_string_append(page, "–");
}

static void
append_score(GString *page, const HeedReputation *reputation)
{
    if (reputation->score >= 0)
        g_string_append_printf(page, "%d ", reputation->score);
    g_string_append(page, "<span class=\"pill ");
    heed_html_text(page, reputation->band, NAME_LETTERS);
    g_string_append(page, "\">");
    heed_html_text(page, reputation->band, NAME_LETTERS);
    g_string_append(page, "</span>");
}

static const HeedContact *
contact_of(HeedReputationBy by, const char *name)
{
    if (by == HEED_REPUTATION_PROVIDER)
        return heed_contact_of(name);
    return by == HEED_REPUTATION_RECIPIENT_DOMAIN ? heed_contact_of(heed_provider_of_domain(name))
                                                  : NULL;
}

static void
append_worst(GString *page, HeedReputationBy by, const HeedSummaryCause *cause)
{
    const HeedReputation *reputation = cause->reputation;
    const HeedContact *contact = contact_of(by, reputation->name);
    bool titled = by == HEED_REPUTATION_PROVIDER && contact != NULL;
    /* Where a score is well, what fails is the usual. */
    bool needs_step = cause->class_ != HEED_CLASS_NONE &&
                      (reputation->pulled_by != NULL || reputation->score < 0);

    begin_row(page);
    heed_html_foreign(page, titled ? contact->title : reputation->name, NAME_LETTERS);
    next_cell(page, &worst_columns[WORST_SCORE], true);
    g_string_append(page, "<span class=\"nowrap\">");
    append_score(page, reputation);
    g_string_append(page, "</span>");
    sent_cell(page, reputation);
    rate_cell(page, &worst_columns[WORST_HARD], reputation, HEED_REPUTATION_HARD);
    rate_cell(page, &worst_columns[WORST_BLOCK], reputation, HEED_REPUTATION_BLOCK);
    rate_cell(page, &worst_columns[WORST_DEFERRED], reputation, HEED_REPUTATION_DEFERRED);
    rate_cell(page, &worst_columns[WORST_COMPLAINTS], reputation, HEED_REPUTATION_COMPLAINTS);
    next_cell(page, &worst_columns[WORST_WHY], false);
    g_string_append(page, "<span>");
    heed_html_text(page, reputation->reason, HEED_HTML_LETTERS);
    if (needs_step)
        g_string_append_printf(page, ". <span class=\"quiet\">Mostly %s: %s</span>",
                               heed_class_name(cause->class_), meaning(cause->class_));
    g_string_append(page, "</span>");
    next_cell(page, &worst_columns[WORST_NEXT], false);
    g_string_append(page, "<span>");
    g_string_append(page, needs_step ? next_step(cause->class_) : "–");
    if (needs_step)
        append_link(page, contact);
    g_string_append(page, "</span>");
    end_row(page);
}

static void
append_dimension(GString *page, const HeedSummary *summary, HeedReputationBy by)
{
    const GArray *causes = summary->causes[by];

    heed_report_section(page, dimensions[by].id, dimensions[by].title);
    if (causes->len == 0) {
        g_string_append(page, "<p class=\"empty\">Nothing was counted in 30 days.</p>");
        heed_report_section_end(page);
        return;
    }
    g_string_append_printf(page,
                           "<p class=\"note\">The lowest scores of 30 days, %u of %" PRIu64
                           " %s. ! is much, !! over the limit.</p>",
                           causes->len, summary->named[by], dimensions[by].many);
    begin_table(page, worst_columns, WORST_COLUMNS);
    for (unsigned i = 0; i < causes->len; i++)
        append_worst(page, by, &g_array_index(causes, HeedSummaryCause, i));
    end_table(page);
    heed_report_section_end(page);
}

void
heed_report_worst(GString *page, const HeedSummary *summary)
{
    static const HeedReputationBy order[] = {
        HEED_REPUTATION_PROVIDER, HEED_REPUTATION_RECIPIENT_DOMAIN, HEED_REPUTATION_SENDER_DOMAIN,
        HEED_REPUTATION_SOURCE_IP};

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        append_dimension(page, summary, order[i]);
}

/* --- why mail failed --- */

/* A bar for one part of a whole; its figure stands beside it. */
static void
append_share(GString *page, int64_t part, int64_t whole, const char *style)
{
    g_string_append_printf(page,
                           "<svg class=\"share\" aria-hidden=\"true\" viewBox=\"0 0 1000 10\" "
                           "preserveAspectRatio=\"none\"><rect class=\"%s\" width=\"%" PRId64
                           "\" height=\"10\"/></svg>",
                           style, whole > 0 ? part * 1000 / whole : 0);
}

static const char *
verdict_name(HeedVerdict verdict)
{
    const char *name = heed_verdict_name(verdict);

    return name != NULL ? name : "–";
}

void
heed_report_classes(GString *page, const HeedSummary *summary)
{
    static const Column columns[] = {
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
    begin_table(page, columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < summary->classes->len; i++) {
        const HeedSummaryClass *found = summary->classes->pdata[i];
        const char *name = heed_class_name(found->class_);

        begin_row(page);
        g_string_append(page, name != NULL ? name : "–");
        next_cell(page, &columns[1], true);
        g_string_append(page, verdict_name(found->verdict));
        number_cell(page, &columns[2], false, found->failures);
        number_cell(page, &columns[3], false, found->deferred);
        next_cell(page, &columns[4], false);
        append_share(page, found->failures + found->deferred, most, verdict_name(found->verdict));
        next_cell(page, &columns[5], false);
        g_string_append(page, meaning(found->class_));
        next_cell(page, &columns[6], false);
        g_string_append(page, next_step(found->class_));
        end_row(page);
    }
    end_table(page);
    heed_report_section_end(page);
}

/* --- what servers said --- */

/* A rule knows more than its class, as long as it still says the same of the reply. */
static const char *
step_for_reply(const HeedSummaryReply *reply, HeedRules *rules, const HeedContact **out_contact)
{
    HeedExplanation explanation = {0};
    HeedExplanationAdvice advice = {0};

    heed_explain(rules, reply->example, reply->server, &explanation);
    *out_contact = heed_contact_of(explanation.result.provider);
    if (explanation.result.class_ != reply->class_)
        return next_step(reply->class_);
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
append_reply(GString *page, const Column *columns, const HeedSummaryReply *reply, HeedRules *rules)
{
    const HeedContact *contact = NULL;
    const char *step = step_for_reply(reply, rules, &contact);
    const char *name = heed_class_name(reply->class_);

    begin_row(page);
    heed_html_foreign(page, without_codes(reply->text), REPLY_LETTERS);
    number_cell(page, &columns[1], true, reply->count);
    number_cell(page, &columns[2], false, reply->domains);
    next_cell(page, &columns[3], false);
    heed_html_foreign(page, reply->code, NAME_LETTERS);
    g_string_append_c(page, ' ');
    heed_html_foreign(page, reply->status, NAME_LETTERS);
    next_cell(page, &columns[4], false);
    g_string_append_printf(page, "<span>%s <span class=\"pill\">%s</span></span>",
                           name != NULL ? name : "–", verdict_name(reply->verdict));
    next_cell(page, &columns[5], false);
    g_string_append(page, "<span>");
    heed_html_text(page, step, HEED_HTML_LETTERS);
    append_link(page, contact);
    g_string_append(page, "</span>");
    end_row(page);
}

void
heed_report_replies(GString *page, const HeedSummary *summary, HeedRules *rules)
{
    static const Column columns[] = {{"Reply", false},  {"Events", true},
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
    begin_table(page, columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < summary->replies->len; i++)
        append_reply(page, columns, summary->replies->pdata[i], rules);
    end_table(page);
    heed_report_section_end(page);
}

/* --- suppressions --- */

void
heed_report_suppression(GString *page, const HeedSummary *summary)
{
    static const Column columns[] = {{"Reason", false},         {"Verdict", false},
                                     {"Suppressions", true},    {"New in these days", true},
                                     {"For a time only", true}, {"Share", false}};

    if (summary->reasons->len == 0) {
        g_string_append(page, "<p class=\"empty\">Nothing is suppressed.</p>");
        return;
    }
    begin_table(page, columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < summary->reasons->len; i++) {
        const HeedSummaryReason *reason = summary->reasons->pdata[i];
        HeedVerdict verdict = HEED_VERDICT_UNSET;

        begin_row(page);
        heed_html_text(page, reason->reason, NAME_LETTERS);
        next_cell(page, &columns[1], true);
        heed_html_text(page, reason->verdict, NAME_LETTERS);
        number_cell(page, &columns[2], false, reason->addresses);
        number_cell(page, &columns[3], false, reason->added);
        number_cell(page, &columns[4], false, reason->temporary);
        next_cell(page, &columns[5], false);
        append_share(page, reason->addresses, summary->suppressed,
                     heed_verdict_from_name(reason->verdict, &verdict) ? heed_verdict_name(verdict)
                                                                       : "manual");
        end_row(page);
    }
    end_table(page);
}

/* --- the guard --- */

static void
append_hold(GString *page, const Column *columns, const HeedSummaryHold *hold)
{
    begin_row(page);
    heed_html_foreign(page, hold->name, NAME_LETTERS);
    next_cell(page, &columns[1], true);
    heed_html_text(page, g_str_equal(hold->dimension, "mta") ? "reporting server" : hold->dimension,
                   NAME_LETTERS);
    next_cell(page, &columns[2], false);
    heed_html_time(page, hold->began_at);
    next_cell(page, &columns[3], false);
    if (hold->ended_at == HEED_DATE_UNKNOWN)
        g_string_append(page, "<span class=\"word warn\">lasts</span>");
    else
        heed_html_time(page, hold->ended_at);
    next_cell(page, &columns[4], false);
    g_string_append_printf(page, "%" PRId64 " in %" PRId64 " h, %" PRId64 " are too many",
                           hold->seen, hold->window_hours, hold->threshold);
    number_cell(page, &columns[5], false, hold->addresses);
    next_cell(page, &columns[6], false);
    if (hold->resolution != NULL)
        heed_html_text(page, hold->resolution, NAME_LETTERS);
    else
        g_string_append_printf(
            page,
            "<span><code>heed suppress review</code>, then <code>release %" PRId64
            "</code> or <code>discard %" PRId64 "</code></span>",
            hold->hold_id, hold->hold_id);
    end_row(page);
}

void
heed_report_holds(GString *page, const HeedSummary *summary)
{
    static const Column columns[] = {{"Where", false},   {"What it is", false}, {"Began", false},
                                     {"Ended", false},   {"Surge", false},      {"Held now", true},
                                     {"Decision", false}};

    heed_report_section(page, "holds", "What the outage guard holds");
    g_string_append(
        page, "<p class=\"note\">Surges of hard failures far beyond what was ever seen there: "
              "their addresses are paused, not suppressed.</p>");
    if (summary->holds->len == 0) {
        g_string_append(page, "<p class=\"empty\">No surge was held in these days.</p>");
        heed_report_section_end(page);
        return;
    }
    begin_table(page, columns, G_N_ELEMENTS(columns));
    for (unsigned i = 0; i < summary->holds->len; i++)
        append_hold(page, columns, summary->holds->pdata[i]);
    end_table(page);
    heed_report_section_end(page);
}

/* --- mailboxes --- */

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
    static const Column columns[] = {{"Mailbox", false},      {"Last poll", false},
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
    begin_table(page, columns, G_N_ELEMENTS(columns));
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        begin_row(page);
        heed_html_foreign(page, heed_rows_text(rows, row, HEED_MAILBOX_NAME), NAME_LETTERS);
        for (size_t i = 0; i < 3; i++) {
            next_cell(page, &columns[i + 1], i == 0);
            heed_html_time(page, heed_rows_time(rows, row, HEED_MAILBOX_LAST_POLL + i));
        }
        number_cell(page, &columns[4], false, heed_rows_int(rows, row, HEED_MAILBOX_MESSAGES));
        number_cell(page, &columns[5], false, heed_rows_int(rows, row, HEED_MAILBOX_OPEN));
        next_cell(page, &columns[6], false);
        append_error(page, rows, row, HEED_MAILBOX_LAST_ERROR,
                     heed_config_reads_mailbox(config, heed_rows_text(rows, row, 0)));
        end_row(page);
    }
    end_table(page);
    heed_report_section_end(page);
}

/* --- logs --- */

static void
append_log(GString *page,
           const Column *columns,
           const HeedRows *rows,
           size_t row,
           const HeedConfig *config)
{
    begin_row(page);
    heed_html_foreign(page, heed_rows_text(rows, row, HEED_LOG_COLUMN_NAME), NAME_LETTERS);
    next_cell(page, &columns[1], true);
    heed_html_foreign(page, heed_rows_text(rows, row, HEED_LOG_COLUMN_FORMAT), NAME_LETTERS);
    next_cell(page, &columns[2], false);
    heed_html_time(page, heed_rows_time(rows, row, HEED_LOG_COLUMN_LAST_READ));
    next_cell(page, &columns[3], false);
    heed_html_time(page, heed_rows_time(rows, row, HEED_LOG_COLUMN_LAST_LINE));
    number_cell(page, &columns[4], false, heed_rows_int(rows, row, HEED_LOG_COLUMN_LINES));
    number_cell(page, &columns[5], false, heed_rows_int(rows, row, HEED_LOG_COLUMN_UNREAD));
    number_cell(page, &columns[6], false, heed_rows_int(rows, row, HEED_LOG_COLUMN_BEHIND));
    next_cell(page, &columns[7], false);
    append_error(page, rows, row, HEED_LOG_COLUMN_LAST_ERROR,
                 heed_config_reads_log(config, heed_rows_text(rows, row, 0)));
    end_row(page);
}

void
heed_report_logs(GString *page, const HeedSummary *summary, const HeedConfig *config)
{
    static const Column columns[] = {
        {"Log", false},  {"Format", false},      {"Last look", false},   {"Last new line", false},
        {"Lines", true}, {"Not readable", true}, {"Bytes behind", true}, {"Last error", false}};

    heed_report_section(page, "logs", "Logs of mail servers");
    if (heed_rows_count(summary->logs) == 0) {
        g_string_append(page, "<p class=\"empty\">No log is read (docs/logs.md).</p>");
        heed_report_section_end(page);
        return;
    }
    begin_table(page, columns, G_N_ELEMENTS(columns));
    for (size_t row = 0; row < heed_rows_count(summary->logs); row++)
        append_log(page, columns, summary->logs, row, config);
    end_table(page);
    heed_report_section_end(page);
}
