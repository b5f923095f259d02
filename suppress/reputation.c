/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/reputation.h"

#include "suppress/queries.h"

static const char *const dimensions[] = {
    [HEED_REPUTATION_RECIPIENT_DOMAIN] = "recipient-domain",
    [HEED_REPUTATION_PROVIDER] = "provider",
    [HEED_REPUTATION_SENDER_DOMAIN] = "sender-domain",
    [HEED_REPUTATION_SOURCE_IP] = "source-ip",
};

static const HeedReputationRate rates[HEED_REPUTATION_COUNTS] = {
    [HEED_REPUTATION_COMPLAINTS] = {HEED_REPUTATION_DELIVERED, 0.001, 0.003, "Gmail and Yahoo"},
    [HEED_REPUTATION_HARD] = {HEED_REPUTATION_SENT, 0.05, 0.1, "Amazon SES"},
    [HEED_REPUTATION_BLOCK] = {HEED_REPUTATION_SENT, 0.05, 0.2, NULL},
    [HEED_REPUTATION_DEFERRED] = {HEED_REPUTATION_SENT, 0.15, 0.4, NULL},
};

const HeedReputationRate *
heed_reputation_rate(HeedReputationCount count)
{
    return rates[count].limit > 0 ? &rates[count] : NULL;
}

const char *
heed_reputation_dimension(HeedReputationBy by)
{
    return dimensions[by];
}

/* Columns of reputation.sql; from COLUMN_SPANS on the counts of each span. */
enum {
    COLUMN_NAME,
    COLUMN_SCORE,
    COLUMN_BAND,
    COLUMN_CONFIDENCE,
    COLUMN_REASON,
    COLUMN_SPANS,
    COLUMN_PULLED_BY = COLUMN_SPANS + HEED_REPUTATION_SPANS * HEED_REPUTATION_COUNTS
};

static void
reputation_free(void *data)
{
    HeedReputation *reputation = data;

    g_free(reputation->name);
    g_free(reputation->band);
    g_free(reputation->reason);
    g_free(reputation->pulled_by);
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
    reputation->pulled_by = g_strdup(heed_rows_text(rows, row, COLUMN_PULLED_BY));
    for (size_t i = 0; i < HEED_REPUTATION_SPANS; i++)
        for (size_t j = 0; j < HEED_REPUTATION_COUNTS; j++)
            reputation->counts[i][j] =
                heed_rows_int(rows, row, COLUMN_SPANS + i * HEED_REPUTATION_COUNTS + j);
    return reputation;
}

/* Groups of a hundred thousand names fit into this; what does not is sorted on disk, which takes
 * three times as long. */
#define WORK_MEMORY "SELECT set_config('work_mem', '64MB', true)"

/* The names of the lowest scores into an array parameter. */
static bool
find_lowest(HeedDatabase *database,
            const HeedReputationQuery *query,
            HeedParams *params,
            uint64_t *out_total,
            GError **error)
{
    g_autoptr(HeedParams) asked = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    HeedArrayParam *names = NULL;

    heed_params_text(asked, dimensions[query->by]);
    heed_params_int(asked, query->limit);
    rows = heed_database_query(database, "find the lowest scores",
                               heed_suppress_query("reputation_lowest.sql"), asked, error);
    if (rows == NULL)
        return false;
    *out_total = heed_rows_count(rows) > 0 ? (uint64_t)heed_rows_int(rows, 0, 1) : 0;
    names = heed_params_text_array(params);
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        heed_array_add_text(names, heed_rows_text(rows, row, 0));
    return true;
}

static bool
choose(HeedDatabase *database,
       const HeedReputationQuery *query,
       HeedParams *params,
       uint64_t *out_total,
       GError **error)
{
    heed_params_text(params, dimensions[query->by]);
    if (query->name == NULL && query->limit > 0)
        return find_lowest(database, query, params, out_total, error);
    if (query->name != NULL)
        heed_array_add_text(heed_params_text_array(params), query->name);
    else
        heed_params_text(params, NULL);
    return true;
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

    *out_total = 0;
    if (!heed_database_run(database, "make room for scores", WORK_MEMORY, NULL, error) ||
        !choose(database, query, params, out_total, error))
        return NULL;
    rows = heed_database_query(database, "read the scores", heed_suppress_query("reputation.sql"),
                               params, error);
    if (rows == NULL)
        return NULL;
    *out_total = MAX(*out_total, heed_rows_count(rows));
    list = g_ptr_array_new_with_free_func(reputation_free);
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        g_ptr_array_add(list, read_row(rows, row));
    return list;
}
