/* SPDX-License-Identifier: Apache-2.0 */
#include "db/quarantine.h"

HeedRows *
heed_quarantine_page(HeedDatabase *database, int64_t after, bool all, GError **error)
{
    static const char sql[] =
        "SELECT q.quarantine_id, extract(epoch FROM q.arrived_at)::bigint, m.name, q.source, "
        "       q.reason, q.detail, q.size, q.attempts, extract(epoch FROM q.resolved_at)::bigint "
        "FROM heed_data.quarantine q LEFT JOIN heed_data.mailbox m USING (mailbox_id) "
        "WHERE q.quarantine_id > $1::bigint AND ($2::boolean OR q.resolved_at IS NULL) "
        "ORDER BY q.quarantine_id LIMIT 1000";
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, after);
    heed_params_bool(params, all);
    return heed_database_query(database, "list the quarantine", sql, params, error);
}

bool
heed_quarantine_content(HeedDatabase *database, int64_t id, GBytes **out, GError **error)
{
    static const char sql[] =
        "SELECT content FROM heed_data.quarantine WHERE quarantine_id = $1::bigint";
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, id);
    rows = heed_database_query(database, "read mail in quarantine", sql, params, error);
    if (rows == NULL)
        return false;
    *out = heed_rows_count(rows) == 0 ? NULL : heed_rows_bytes(rows, 0, 0);
    return true;
}

bool
heed_quarantine_find_unknown(HeedDatabase *database,
                             const GArray *ids,
                             int64_t *out_id,
                             GError **error)
{
    static const char sql[] =
        "SELECT coalesce(min(wanted), 0) FROM unnest($1) AS wanted "
        "WHERE NOT EXISTS (SELECT FROM heed_data.quarantine WHERE quarantine_id = wanted)";
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *wanted = heed_params_int_array(params);
    g_autoptr(HeedRows) rows = NULL;

    for (size_t i = 0; i < ids->len; i++)
        heed_array_add_int(wanted, g_array_index(ids, int64_t, i));
    rows = heed_database_query_row(database, "look for mail in quarantine", sql, params, error);
    if (rows == NULL)
        return false;
    *out_id = heed_rows_int(rows, 0, 0);
    return true;
}
