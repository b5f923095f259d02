/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/summary.h"

#include "base/limits.h"
#include "db/overview.h"
#include "suppress/queries.h"

static void
reply_free(void *data)
{
    HeedSummaryReply *reply = data;

    g_free(reply->text);
    g_free(reply->status);
    g_free(reply->code);
    g_free(reply->server);
    g_free(reply->example);
    g_free(reply);
}

static void
reason_free(void *data)
{
    HeedSummaryReason *reason = data;

    g_free(reason->reason);
    g_free(reason->verdict);
    g_free(reason);
}

static void
hold_free(void *data)
{
    HeedSummaryHold *hold = data;

    g_free(hold->dimension);
    g_free(hold->name);
    g_free(hold->resolution);
    g_free(hold);
}

static HeedSummary *
summary_new(void)
{
    HeedSummary *summary = g_new0(HeedSummary, 1);

    summary->classes = g_ptr_array_new_with_free_func(g_free);
    summary->replies = g_ptr_array_new_with_free_func(reply_free);
    summary->reasons = g_ptr_array_new_with_free_func(reason_free);
    summary->holds = g_ptr_array_new_with_free_func(hold_free);
    return summary;
}

void
heed_summary_free(HeedSummary *summary)
{
    if (summary == NULL)
        return;
    g_free(summary->days);
    g_ptr_array_unref(summary->classes);
    g_ptr_array_unref(summary->replies);
    g_ptr_array_unref(summary->reasons);
    g_ptr_array_unref(summary->holds);
    for (size_t by = 0; by < HEED_REPUTATION_DIMENSIONS; by++) {
        g_clear_pointer(&summary->causes[by], g_array_unref);
        g_clear_pointer(&summary->worst[by], g_ptr_array_unref);
    }
    heed_rows_free(summary->mailboxes);
    heed_rows_free(summary->logs);
    heed_rows_free(summary->database);
    g_free(summary);
}

/* Runs one of the queries that begin with the days and the scope; limits of 0 are not sent. */
static HeedRows *
ask(HeedDatabase *database,
    const char *name,
    const char *file,
    const HeedSummaryQuery *query,
    const unsigned limits[2],
    GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, query->days);
    heed_params_text(params, query->scope);
    for (size_t i = 0; i < 2 && limits[i] > 0; i++)
        heed_params_int(params, limits[i]);
    return heed_database_query(database, name, heed_suppress_query(file), params, error);
}

static const unsigned no_limits[2] = {0, 0};

static HeedClass
class_of(const HeedRows *rows, size_t row, size_t column)
{
    HeedClass found = HEED_CLASS_NONE;

    (void)heed_class_from_name(heed_rows_text(rows, row, column), &found);
    return found;
}

static HeedVerdict
verdict_of(const HeedRows *rows, size_t row, size_t column)
{
    HeedVerdict found = HEED_VERDICT_UNSET;

    (void)heed_verdict_from_name(heed_rows_text(rows, row, column), &found);
    return found;
}

static bool
read_days(HeedDatabase *database,
          const HeedSummaryQuery *query,
          HeedSummary *summary,
          GError **error)
{
    g_autoptr(HeedRows) rows =
        ask(database, "count the days", "summary_days.sql", query, no_limits, error);

    if (rows == NULL)
        return false;
    summary->day_count = heed_rows_count(rows);
    summary->days = g_new0(HeedSummaryDay, summary->day_count);
    summary->total.starts_at = heed_rows_int(rows, 0, 0);
    for (size_t row = 0; row < summary->day_count; row++) {
        HeedSummaryDay *day = &summary->days[row];

        day->starts_at = heed_rows_int(rows, row, 0);
        for (size_t i = 0; i < HEED_SUMMARY_COUNTS; i++) {
            day->counts[i] = heed_rows_int(rows, row, i + 1);
            summary->total.counts[i] += day->counts[i];
        }
    }
    return true;
}

static bool
read_classes(HeedDatabase *database,
             const HeedSummaryQuery *query,
             HeedSummary *summary,
             GError **error)
{
    const unsigned limits[2] = {HEED_LIMIT_SUMMARY_CLASSES, 0};
    g_autoptr(HeedRows) rows =
        ask(database, "count the classes", "summary_classes.sql", query, limits, error);

    if (rows == NULL)
        return false;
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        HeedSummaryClass *found = g_new0(HeedSummaryClass, 1);

        found->class_ = class_of(rows, row, 0);
        found->verdict = verdict_of(rows, row, 1);
        found->failures = heed_rows_int(rows, row, 2);
        found->deferred = heed_rows_int(rows, row, 3);
        g_ptr_array_add(summary->classes, found);
    }
    return true;
}

static bool
read_replies(HeedDatabase *database,
             const HeedSummaryQuery *query,
             HeedSummary *summary,
             GError **error)
{
    const unsigned limits[2] = {HEED_LIMIT_SUMMARY_REPLIES, HEED_LIMIT_SUMMARY_REPLY_EVENTS};
    g_autoptr(HeedRows) rows =
        ask(database, "read the replies", "summary_replies.sql", query, limits, error);

    if (rows == NULL)
        return false;
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        HeedSummaryReply *reply = g_new0(HeedSummaryReply, 1);

        reply->text = g_strdup(heed_rows_text(rows, row, 0));
        reply->class_ = class_of(rows, row, 1);
        reply->verdict = verdict_of(rows, row, 2);
        reply->status = g_strdup(heed_rows_text(rows, row, 3));
        reply->code = g_strdup(heed_rows_text(rows, row, 4));
        reply->server = g_strdup(heed_rows_text(rows, row, 5));
        reply->count = heed_rows_int(rows, row, 6);
        reply->domains = heed_rows_int(rows, row, 7);
        reply->example = g_strdup(heed_rows_text(rows, row, 8));
        summary->replies_seen = heed_rows_int(rows, row, 9);
        g_ptr_array_add(summary->replies, reply);
    }
    return true;
}

static bool
read_reasons(HeedDatabase *database,
             const HeedSummaryQuery *query,
             HeedSummary *summary,
             GError **error)
{
    g_autoptr(HeedRows) rows =
        ask(database, "count the suppressions", "summary_reasons.sql", query, no_limits, error);

    if (rows == NULL)
        return false;
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        HeedSummaryReason *reason = g_new0(HeedSummaryReason, 1);

        reason->reason = g_strdup(heed_rows_text(rows, row, 0));
        reason->verdict = g_strdup(heed_rows_text(rows, row, 1));
        reason->addresses = heed_rows_int(rows, row, 2);
        reason->added = heed_rows_int(rows, row, 3);
        reason->temporary = heed_rows_int(rows, row, 4);
        summary->suppressed += reason->addresses;
        g_ptr_array_add(summary->reasons, reason);
    }
    return true;
}

static bool
read_holds(HeedDatabase *database,
           const HeedSummaryQuery *query,
           HeedSummary *summary,
           GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, query->days);
    heed_params_int(params, HEED_LIMIT_SUMMARY_HOLDS);
    rows = heed_database_query(database, "read the holds", heed_suppress_query("summary_holds.sql"),
                               params, error);
    if (rows == NULL)
        return false;
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        HeedSummaryHold *hold = g_new0(HeedSummaryHold, 1);

        hold->hold_id = heed_rows_int(rows, row, 0);
        hold->dimension = g_strdup(heed_rows_text(rows, row, 1));
        hold->name = g_strdup(heed_rows_text(rows, row, 2));
        hold->began_at = heed_rows_int(rows, row, 3);
        hold->ended_at = heed_rows_time(rows, row, 4);
        hold->seen = heed_rows_int(rows, row, 5);
        hold->threshold = heed_rows_int(rows, row, 6);
        hold->window_hours = heed_rows_int(rows, row, 7);
        hold->resolution = g_strdup(heed_rows_text(rows, row, 8));
        hold->addresses = heed_rows_int(rows, row, 9);
        g_ptr_array_add(summary->holds, hold);
    }
    return true;
}

static bool
read_totals(HeedDatabase *database,
            const HeedSummaryQuery *query,
            HeedSummary *summary,
            GError **error)
{
    g_autoptr(HeedRows) rows =
        ask(database, "count what is open", "summary_totals.sql", query, no_limits, error);

    if (rows == NULL)
        return false;
    summary->unmatched = heed_rows_int(rows, 0, 0);
    summary->unclassified = heed_rows_int(rows, 0, 1);
    return true;
}

/* Why each of the worst of a dimension fares as it does. */
static bool
read_causes(HeedDatabase *database, HeedReputationBy by, HeedSummary *summary, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GHashTable) classes = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(HeedRows) rows = NULL;
    HeedArrayParam *names = NULL;
    HeedArrayParam *pulled_by = NULL;

    heed_params_text(params, heed_reputation_dimension(by));
    names = heed_params_text_array(params);
    for (size_t i = 0; i < summary->worst[by]->len; i++)
        heed_array_add_text(names, ((const HeedReputation *)summary->worst[by]->pdata[i])->name);
    pulled_by = heed_params_text_array(params);
    for (size_t i = 0; i < summary->worst[by]->len; i++)
        heed_array_add_text(pulled_by,
                            ((const HeedReputation *)summary->worst[by]->pdata[i])->pulled_by);
    rows = heed_database_query(database, "look for causes",
                               heed_suppress_query("summary_causes.sql"), params, error);
    if (rows == NULL)
        return false;
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        g_hash_table_insert(classes, (char *)(uintptr_t)heed_rows_text(rows, row, 0),
                            GINT_TO_POINTER(class_of(rows, row, 1)));
    for (size_t i = 0; i < summary->worst[by]->len; i++) {
        const HeedReputation *reputation = summary->worst[by]->pdata[i];
        const HeedSummaryCause cause = {
            reputation, (HeedClass)GPOINTER_TO_INT(g_hash_table_lookup(classes, reputation->name))};

        g_array_append_val(summary->causes[by], cause);
    }
    return true;
}

static bool
read_worst(HeedDatabase *database, HeedSummary *summary, GError **error)
{
    for (HeedReputationBy by = 0; by < HEED_REPUTATION_DIMENSIONS; by++) {
        const HeedReputationQuery query = {.by = by, .limit = HEED_LIMIT_SUMMARY_WORST};

        summary->causes[by] = g_array_new(FALSE, FALSE, sizeof(HeedSummaryCause));
        summary->worst[by] = heed_reputation_list(database, &query, &summary->named[by], error);
        if (summary->worst[by] == NULL)
            return false;
        if (summary->worst[by]->len > 0 && !read_causes(database, by, summary, error))
            return false;
    }
    return true;
}

HeedSummary *
heed_summary_read(HeedDatabase *database, const HeedSummaryQuery *query, GError **error)
{
    g_autoptr(HeedSummary) summary = summary_new();
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);

    if (transaction == NULL || !read_days(database, query, summary, error) ||
        !read_classes(database, query, summary, error) ||
        !read_replies(database, query, summary, error) ||
        !read_reasons(database, query, summary, error) ||
        !read_holds(database, query, summary, error) ||
        !read_totals(database, query, summary, error) || !read_worst(database, summary, error) ||
        (summary->mailboxes = heed_overview_mailboxes(database, error)) == NULL ||
        (summary->logs = heed_overview_logs(database, error)) == NULL ||
        (summary->database = heed_overview_database(database, error)) == NULL ||
        !heed_transaction_commit(transaction, error))
        return NULL;
    return g_steal_pointer(&summary);
}
