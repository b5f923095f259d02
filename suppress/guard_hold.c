/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/guard_hold.h"

#include "base/error.h"
#include "suppress/fold.h"
#include "suppress/guard.h"
#include "suppress/policy.h"
#include "suppress/queries.h"

#define SLICE_ADDRESSES  1000U
#define RESOLUTION_TRIES 10

bool
heed_guard_lock_alone(HeedDatabase *database, GError **error)
{
    return heed_database_run(database, "hold the guard", heed_suppress_query("guard_lock.sql"),
                             NULL, error);
}

void
heed_guard_add_addresses(const HeedRows *rows, GPtrArray *addresses)
{
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(addresses, g_strdup(heed_rows_text(rows, i, 0)));
}

bool
heed_guard_add_held(HeedDatabase *database,
                    const int64_t *holds,
                    size_t count,
                    GPtrArray *addresses,
                    GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *array = heed_params_int_array(params);
    g_autoptr(HeedRows) rows = NULL;

    for (size_t i = 0; i < count; i++)
        heed_array_add_int(array, holds[i]);
    rows = heed_database_query(database, "find who is held", heed_suppress_query("guard_held.sql"),
                               params, error);
    if (rows == NULL)
        return false;
    heed_guard_add_addresses(rows, addresses);
    return true;
}

/* --- what people decide --- */

typedef struct Resolving {
    HeedDatabase *database; /* all borrowed */
    const HeedPolicy *policy;
    const HeedGuardChoice *choice;
    bool discard;
    const char *who;
    const char *why;
} Resolving;

/* The holds that were decided, of int64_t. */
static GArray *
decide(const Resolving *resolving, GError **error)
{
    const HeedGuardChoice *choice = resolving->choice;
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    GArray *holds = NULL;

    if (choice->holds == NULL) {
        heed_params_text(params, NULL);
    } else {
        HeedArrayParam *array = heed_params_int_array(params);

        for (size_t i = 0; i < choice->count; i++)
            heed_array_add_int(array, choice->holds[i]);
    }
    heed_params_text(params, choice->name);
    heed_params_text(params, resolving->discard ? "discarded" : "released");
    heed_params_text(params, resolving->who);
    heed_params_text(params, resolving->why);
    rows = heed_database_query(resolving->database, "decide holds",
                               heed_suppress_query("guard_resolve.sql"), params, error);
    if (rows == NULL)
        return NULL;
    if (heed_rows_count(rows) < (choice->holds != NULL ? choice->count : 1)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_NO_INPUT,
                            "there is no such hold: heed suppress review lists them");
        return NULL;
    }
    holds = g_array_new(FALSE, FALSE, sizeof(int64_t));
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        int64_t hold_id = heed_rows_int(rows, i, 0);

        g_array_append_val(holds, hold_id);
    }
    return holds;
}

/* In order, as everybody locks them. */
static bool
fold_all(const Resolving *resolving,
         const GPtrArray *addresses,
         HeedGuardResolved *out,
         GError **error)
{
    for (guint first = 0; first < addresses->len; first += SLICE_ADDRESSES) {
        g_autoptr(GPtrArray) slice = g_ptr_array_new();
        HeedFolded folded;

        for (guint i = first; i < addresses->len && i < first + SLICE_ADDRESSES; i++)
            g_ptr_array_add(slice, g_ptr_array_index(addresses, i));
        if (!heed_fold_lock(resolving->database, resolving->policy, slice, error) ||
            !heed_fold_locked(resolving->database, resolving->policy, slice, &folded, error))
            return false;
        out->switched += folded.switched;
    }
    return true;
}

static bool
resolve_once(const Resolving *resolving, HeedGuardResolved *out, GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(resolving->database, error);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) holds = NULL;

    if (transaction == NULL || !heed_guard_lock_alone(resolving->database, error))
        return false;
    holds = decide(resolving, error);
    if (holds == NULL ||
        !heed_guard_add_held(resolving->database, (const int64_t *)(const void *)holds->data,
                             holds->len, addresses, error))
        return false;
    *out = (HeedGuardResolved){.holds = holds->len, .addresses = addresses->len};
    return fold_all(resolving, addresses, out, error) &&
           heed_transaction_commit(transaction, error);
}

bool /* NOLINTNEXTLINE(readability-function-size): a decision has that many sides */
heed_guard_resolve(HeedDatabase *database,
                   const HeedGuardChoice *choice,
                   bool discard,
                   const char *who,
                   const char *why,
                   HeedGuardResolved *out,
                   GError **error)
{
    g_autoptr(HeedPolicy) policy = heed_policy_in_force(database, error);
    const Resolving resolving = {database, policy, choice, discard, who, why};

    if (policy == NULL)
        return false;
    for (unsigned tries = 1;; tries++) {
        g_autoptr(GError) lost = NULL;

        if (resolve_once(&resolving, out, &lost))
            return true;
        if (tries == RESOLUTION_TRIES || !g_error_matches(lost, HEED_ERROR, HEED_ERROR_CONFLICT)) {
            g_propagate_error(error, g_steal_pointer(&lost));
            return false;
        }
    }
}

HeedRows *
heed_guard_list(HeedDatabase *database, bool all, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_bool(params, all);
    return heed_database_query(database, "list the holds", heed_suppress_query("guard_list.sql"),
                               params, error);
}
