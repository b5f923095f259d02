/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/reputation.h"

#include "suppress/queries.h"

static const char *const dimensions[] = {
    [HEED_REPUTATION_RECIPIENT_DOMAIN] = "recipient-domain",
    [HEED_REPUTATION_PROVIDER] = "provider",
    [HEED_REPUTATION_SENDER_DOMAIN] = "sender-domain",
    [HEED_REPUTATION_SOURCE_IP] = "source-ip",
};

/* Columns of reputation.sql; from COLUMN_SPANS on the counts of each span. */
enum {
    COLUMN_NAME,
    COLUMN_SCORE,
    COLUMN_BAND,
    COLUMN_CONFIDENCE,
    COLUMN_REASON,
    COLUMN_SPANS,
    COLUMN_TOTAL = COLUMN_SPANS + HEED_REPUTATION_SPANS * HEED_REPUTATION_COUNTS
};

static void
reputation_free(void *data)
{
    HeedReputation *reputation = data;

    g_free(reputation->name);
    g_free(reputation->band);
    g_free(reputation->reason);
    g_free(reputation);
}

static HeedReputation *
read_row(const HeedRows *rows, size_t row)
{
    HeedReputation *reputation = g_new0(HeedReputation, 1);

    reputation->name = g_strdup(heed_rows_text(rows, row, COLUMN_NAME));
    reputation->score = heed_rows_is_null(rows, row, COLUMN_SCORE)
                            ? -1
                            : (int)heed_rows_int(rows, row, COLUMN_SCORE);
    reputation->band = g_strdup(heed_rows_text(rows, row, COLUMN_BAND));
    reputation->confidence = (int)heed_rows_int(rows, row, COLUMN_CONFIDENCE);
    reputation->reason = g_strdup(heed_rows_text(rows, row, COLUMN_REASON));
    for (size_t i = 0; i < HEED_REPUTATION_SPANS; i++)
        for (size_t j = 0; j < HEED_REPUTATION_COUNTS; j++)
            reputation->counts[i][j] =
                heed_rows_int(rows, row, COLUMN_SPANS + i * HEED_REPUTATION_COUNTS + j);
    return reputation;
}

GPtrArray *
heed_reputation_list(HeedDatabase *database,
                     const HeedReputationQuery *query,
                     uint64_t *out_total,
                     GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    GPtrArray *list = NULL;

    heed_params_text(params, dimensions[query->by]);
    heed_params_text(params, query->name);
    heed_params_int(params, query->limit > 0 ? (int64_t)query->limit : INT64_MAX);
    rows = heed_database_query(database, "read the scores", heed_suppress_query("reputation.sql"),
                               params, error);
    if (rows == NULL)
        return NULL;
    *out_total = heed_rows_count(rows) > 0 ? (uint64_t)heed_rows_int(rows, 0, COLUMN_TOTAL) : 0;
    list = g_ptr_array_new_with_free_func(reputation_free);
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        g_ptr_array_add(list, read_row(rows, row));
    return list;
}
