/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/fold.h"

#include "parsers/address.h"
#include "suppress/queries.h"

static void
add_addresses(HeedParams *params, const GPtrArray *addresses)
{
    HeedArrayParam *array = heed_params_text_array(params);

    for (guint i = 0; i < addresses->len; i++)
        heed_array_add_text(array, g_ptr_array_index(addresses, i));
}

GPtrArray *
heed_fold_touched(HeedDatabase *database, const GPtrArray *addresses, GError **error)
{
    g_autoptr(GPtrArray) touched = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    add_addresses(params, addresses);
    rows = heed_database_query(database, "find what to judge anew",
                               heed_suppress_query("touched.sql"), params, error);
    if (rows == NULL)
        return NULL;
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(touched, g_strdup(heed_rows_text(rows, i, 0)));
    return g_steal_pointer(&touched);
}

bool
heed_fold_lock(HeedDatabase *database, int version, const GPtrArray *addresses, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    add_addresses(params, addresses);
    heed_params_int(params, version);
    return heed_database_run(database, "lock the addresses", heed_suppress_query("lock.sql"),
                             params, error);
}

bool
heed_fold_locked(HeedDatabase *database,
                 int version,
                 const GPtrArray *addresses,
                 HeedFolded *out,
                 GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) row = NULL;
    HeedArrayParam *roles;

    add_addresses(params, addresses);
    heed_params_int(params, version);
    roles = heed_params_bool_array(params);
    for (guint i = 0; i < addresses->len; i++)
        heed_array_add_bool(roles, heed_address_is_role(g_ptr_array_index(addresses, i)));
    row = heed_database_query_row(database, "judge the addresses", heed_suppress_query("fold.sql"),
                                  params, error);
    if (row == NULL)
        return false;
    out->changed = (uint64_t)heed_rows_int(row, 0, 0);
    out->switched = (uint64_t)heed_rows_int(row, 0, 1);
    return true;
}
