/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/metrics.h"

#include "base/limits.h"
#include "db/overview.h"
#include "suppress/queries.h"

void
heed_metrics_free(HeedMetrics *metrics)
{
    if (metrics == NULL)
        return;
    heed_rows_free(metrics->events);
    heed_rows_free(metrics->suppressions);
    heed_rows_free(metrics->state);
    heed_rows_free(metrics->mailboxes);
    heed_rows_free(metrics->logs);
    heed_rows_free(metrics->database);
    for (size_t by = 0; by < HEED_REPUTATION_DIMENSIONS; by++)
        g_clear_pointer(&metrics->reputations[by], g_ptr_array_unref);
    g_free(metrics);
}

static bool
read_rows(HeedDatabase *database, HeedMetrics *metrics, GError **error)
{
    return (metrics->events = heed_database_query(database, "count the events",
                                                  heed_suppress_query("metrics_events.sql"), NULL,
                                                  error)) != NULL &&
           (metrics->suppressions = heed_database_query(
                database, "count the suppressions", heed_suppress_query("metrics_suppressions.sql"),
                NULL, error)) != NULL &&
           (metrics->state = heed_database_query_row(database, "count what is open",
                                                     heed_suppress_query("metrics_state.sql"), NULL,
                                                     error)) != NULL &&
           (metrics->mailboxes = heed_overview_mailboxes(database, error)) != NULL &&
           (metrics->logs = heed_overview_logs(database, error)) != NULL &&
           (metrics->database = heed_overview_database(database, error)) != NULL;
}

/* Of providers and of what is ours; there are too many recipient domains. */
static bool
read_reputations(HeedDatabase *database, HeedMetrics *metrics, GError **error)
{
    uint64_t total = 0;

    for (HeedReputationBy by = HEED_REPUTATION_PROVIDER; by < HEED_REPUTATION_DIMENSIONS; by++) {
        const HeedReputationQuery query = {.by = by, .limit = HEED_LIMIT_METRIC_NAMES};

        metrics->reputations[by] = heed_reputation_list(database, &query, &total, error);
        if (metrics->reputations[by] == NULL)
            return false;
    }
    return true;
}

HeedMetrics *
heed_metrics_read(HeedDatabase *database, GError **error)
{
    g_autoptr(HeedMetrics) metrics = g_new0(HeedMetrics, 1);
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);

    if (transaction == NULL || !read_rows(database, metrics, error) ||
        !read_reputations(database, metrics, error) || !heed_transaction_commit(transaction, error))
        return NULL;
    return g_steal_pointer(&metrics);
}
