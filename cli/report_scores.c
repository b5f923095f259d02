/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"
#include "cli/report_parts.h"
#include "cli/report_rates.h"
#include "cli/report_sections.h"
#include "parsers/provider.h"

#include <inttypes.h>

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

static const HeedReportColumn worst_columns[WORST_COLUMNS] = {
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
          const HeedReportColumn *column,
          const HeedReputation *reputation,
          HeedReputationCount count)
{
    double rate = rate_of(reputation, count);
    HeedReportLevel level = heed_report_level(rate, heed_reputation_rate(count));

    heed_report_cell(page, column, false);
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

    heed_report_cell(page, &worst_columns[WORST_SENT], false);
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
    heed_html_text(page, reputation->band, HEED_REPORT_NAME_LETTERS);
    g_string_append(page, "\">");
    heed_html_text(page, reputation->band, HEED_REPORT_NAME_LETTERS);
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

    heed_report_row_begin(page);
    heed_html_foreign(page, titled ? contact->title : reputation->name, HEED_REPORT_NAME_LETTERS);
    heed_report_cell(page, &worst_columns[WORST_SCORE], true);
    g_string_append(page, "<span class=\"nowrap\">");
    append_score(page, reputation);
    g_string_append(page, "</span>");
    sent_cell(page, reputation);
    rate_cell(page, &worst_columns[WORST_HARD], reputation, HEED_REPUTATION_HARD);
    rate_cell(page, &worst_columns[WORST_BLOCK], reputation, HEED_REPUTATION_BLOCK);
    rate_cell(page, &worst_columns[WORST_DEFERRED], reputation, HEED_REPUTATION_DEFERRED);
    rate_cell(page, &worst_columns[WORST_COMPLAINTS], reputation, HEED_REPUTATION_COMPLAINTS);
    heed_report_cell(page, &worst_columns[WORST_WHY], false);
    g_string_append(page, "<span>");
    heed_html_text(page, reputation->reason, HEED_HTML_LETTERS);
    if (needs_step)
        g_string_append_printf(page, ". <span class=\"quiet\">Mostly %s: %s</span>",
                               heed_class_name(cause->class_), heed_report_meaning(cause->class_));
    g_string_append(page, "</span>");
    heed_report_cell(page, &worst_columns[WORST_NEXT], false);
    g_string_append(page, "<span>");
    g_string_append(page, needs_step ? heed_report_next_step(cause->class_) : "–");
    if (needs_step)
        heed_report_link(page, contact);
    g_string_append(page, "</span>");
    heed_report_row_end(page);
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
    heed_report_table_begin(page, worst_columns, WORST_COLUMNS);
    for (unsigned i = 0; i < causes->len; i++)
        append_worst(page, by, &g_array_index(causes, HeedSummaryCause, i));
    heed_report_table_end(page);
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
