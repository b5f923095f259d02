/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/policy.h"

#include "base/error.h"
#include "suppress/fold.h"
#include "suppress/queries.h"

/* Addresses that one transaction of a rebuild locks. */
#define SLICE_ADDRESSES 1000

/* How often a slice that lost a race is tried. Locks are taken in order, so once is the rule. */
#define SLICE_TRIES 10

bool
heed_policy_establish(HeedDatabase *database, HeedPolicy *policy, GError **error)
{
    g_autofree char *settings = heed_policy_to_json(policy);
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, error);
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) locked = NULL;
    g_autoptr(HeedRows) row = NULL;

    if (transaction == NULL)
        return false;
    locked = heed_database_query_row(database, "lock the policies",
                                     heed_suppress_query("policy_lock.sql"), NULL, error);
    if (locked == NULL)
        return false;
    heed_params_text(params, settings);
    row = heed_database_query_row(database, "establish the policy",
                                  heed_suppress_query("policy_establish.sql"), params, error);
    if (row == NULL || !heed_transaction_commit(transaction, error))
        return false;
    policy->version = (int)heed_rows_int(row, 0, 0);
    return true;
}

/* The newest one; NULL in *out: there is none yet. */
static bool
find_newest(HeedDatabase *database, HeedPolicy **out, GError **error)
{
    g_autoptr(HeedRows) rows = heed_database_query(
        database, "find the policy", heed_suppress_query("policy_newest.sql"), NULL, error);

    *out = NULL;
    if (rows == NULL || heed_rows_count(rows) == 0)
        return rows != NULL;
    *out = heed_policy_from_json(heed_rows_text(rows, 0, 1), error);
    if (*out != NULL)
        (*out)->version = (int)heed_rows_int(rows, 0, 0);
    return *out != NULL;
}

bool
heed_policy_begin(HeedDatabase *database, HeedPolicy *policy, GError **error)
{
    g_autoptr(HeedPolicy) newest = NULL;

    return find_newest(database, &newest, error) &&
           (newest != NULL || heed_policy_establish(database, policy, error));
}

bool
heed_policy_differs(HeedDatabase *database,
                    const HeedPolicy *policy,
                    bool *out_differs,
                    GError **error)
{
    g_autoptr(HeedPolicy) newest = NULL;
    g_autofree char *here = heed_policy_to_json(policy);
    g_autofree char *there = NULL;

    if (!find_newest(database, &newest, error))
        return false;
    there = newest == NULL ? NULL : heed_policy_to_json(newest);
    *out_differs = there != NULL && !g_str_equal(here, there);
    return true;
}

HeedPolicy *
heed_policy_in_force(HeedDatabase *database, GError **error)
{
    g_autoptr(HeedPolicy) policy = NULL;

    if (!find_newest(database, &policy, error))
        return NULL;
    if (policy != NULL)
        return g_steal_pointer(&policy);
    policy = heed_policy_new();
    return heed_policy_establish(database, policy, error) ? g_steal_pointer(&policy) : NULL;
}

bool
heed_policy_fold(HeedDatabase *database,
                 const HeedPolicy *policy,
                 const GPtrArray *addresses,
                 GError **error)
{
    g_autoptr(GPtrArray) touched = NULL;
    HeedFolded folded;

    if (addresses->len == 0)
        return true;
    touched = heed_fold_touched(database, addresses, error);
    if (touched == NULL)
        return false;
    return touched->len == 0 || (heed_fold_lock(database, policy, touched, error) &&
                                 heed_fold_locked(database, policy, touched, &folded, error));
}

bool
heed_policy_lock_deliveries(HeedDatabase *database, GError **error)
{
    return heed_database_run(database, "wait for who folds",
                             heed_suppress_query("deliveries_lock.sql"), NULL, error);
}

static GPtrArray *
next_slice_once(HeedDatabase *database, const char *after, GError **error)
{
    g_autoptr(GPtrArray) slice = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_text(params, after);
    heed_params_int(params, SLICE_ADDRESSES);
    rows = heed_database_query(database, "list the addresses",
                               heed_suppress_query("rebuild_slice.sql"), params, error);
    if (rows == NULL)
        return NULL;
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(slice, g_strdup(heed_rows_text(rows, i, 0)));
    return g_steal_pointer(&slice);
}

/* The next addresses behind the one named, of owned char *; none: the end. Who drops old months may
 * be in the way. */
static GPtrArray *
next_slice(HeedDatabase *database, const char *after, GError **error)
{
    for (unsigned tries = 1;; tries++) {
        g_autoptr(GError) lost = NULL;
        GPtrArray *slice = next_slice_once(database, after, &lost);

        if (slice != NULL)
            return slice;
        if (tries == SLICE_TRIES || !g_error_matches(lost, HEED_ERROR, HEED_ERROR_CONFLICT)) {
            g_propagate_error(error, g_steal_pointer(&lost));
            return NULL;
        }
    }
}

static bool
fold_slice_once(HeedDatabase *database,
                const HeedPolicy *policy,
                const GPtrArray *slice,
                HeedFolded *out,
                GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, error);

    return transaction != NULL && heed_fold_lock(database, policy, slice, error) &&
           heed_fold_locked(database, policy, slice, out, error) &&
           heed_transaction_commit(transaction, error);
}

static bool
fold_slice(HeedDatabase *database,
           const HeedPolicy *policy,
           const GPtrArray *slice,
           HeedFolded *out,
           GError **error)
{
    for (unsigned tries = 1;; tries++) {
        g_autoptr(GError) lost = NULL;

        if (fold_slice_once(database, policy, slice, out, &lost))
            return true;
        if (tries == SLICE_TRIES || !g_error_matches(lost, HEED_ERROR, HEED_ERROR_CONFLICT)) {
            g_propagate_error(error, g_steal_pointer(&lost));
            return false;
        }
    }
}

bool
heed_policy_rebuild(HeedDatabase *database,
                    const HeedPolicy *policy,
                    HeedRebuilt *out,
                    GError **error)
{
    g_autofree char *after = g_strdup("");
    HeedRebuilt rebuilt = {0};

    for (;;) {
        g_autoptr(GPtrArray) slice = next_slice(database, after, error);
        HeedFolded folded;

        if (slice == NULL)
            return false;
        if (slice->len == 0)
            break;
        if (!fold_slice(database, policy, slice, &folded, error))
            return false;
        rebuilt.addresses += slice->len;
        rebuilt.changed += folded.changed;
        g_free(after);
        after = g_strdup(g_ptr_array_index(slice, slice->len - 1));
    }
    *out = rebuilt;
    return true;
}

bool
heed_policy_is_stale(HeedDatabase *database, bool *out_stale, GError **error)
{
    g_autoptr(HeedRows) row = heed_database_query_row(
        database, "compare policies", heed_suppress_query("policy_stale.sql"), NULL, error);

    if (row == NULL)
        return false;
    *out_stale = heed_rows_bool(row, 0, 0);
    return true;
}
