/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/ledger.h"

#include "suppress/queries.h"

static void
decision_free(gpointer data)
{
    HeedDecision *decision = data;

    g_free(decision->action);
    g_free(decision->scope);
    g_free(decision->address);
    g_free(decision->who);
    g_free(decision->why);
    g_free(decision);
}

GPtrArray *
heed_ledger_page(HeedDatabase *database, int64_t *after, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    GPtrArray *page;

    heed_params_int(params, *after);
    rows = heed_database_query(database, "list the decisions",
                               heed_suppress_query("ledger_page.sql"), params, error);
    if (rows == NULL)
        return NULL;
    page = g_ptr_array_new_with_free_func(decision_free);
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        HeedDecision *decision = g_new0(HeedDecision, 1);

        *after = heed_rows_int(rows, row, 0);
        decision->at = heed_rows_time(rows, row, 1);
        decision->action = g_strdup(heed_rows_text(rows, row, 2));
        decision->scope = g_strdup(heed_rows_text(rows, row, 3));
        decision->address = g_strdup(heed_rows_text(rows, row, 4));
        decision->who = g_strdup(heed_rows_text(rows, row, 5));
        decision->why = g_strdup(heed_rows_text(rows, row, 6));
        g_ptr_array_add(page, decision);
    }
    return page;
}
