/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/guard.h"

#include "base/error.h"
#include "parsers/report.h"
#include "suppress/fold.h"
#include "suppress/policy.h"
#include "suppress/queries.h"

#include <string.h>

/* Less than this proves nothing of who sent it (design.md, trust). */
#define LEAST_TRUST      HEED_TRUST_AUTHENTICATED
#define SLICE_ADDRESSES  1000U
#define RESOLUTION_TRIES 10

/* A batch that is watched. */
typedef struct Watch {
    HeedDatabase *database; /* all borrowed */
    const HeedGuardOptions *options;
    GPtrArray *addresses;
    unsigned placed;
} Watch;

/* A name that must be looked at. */
typedef struct Suspect {
    const char *dimension; /* borrowed */
    const char *name;
    int64_t hold_id; /* that lasts; 0: none */
    int64_t at;
} Suspect;

static bool
read_history(HeedDatabase *database, const Suspect *suspect, HeedGuardHistory *out, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    *out = (HeedGuardHistory){0};
    heed_params_text(params, suspect->dimension);
    heed_params_text(params, suspect->name);
    heed_params_int(params, suspect->at);
    heed_params_int(params, HEED_GUARD_KNOWN_DAYS);
    rows = heed_database_query(database, "read what failed before",
                               heed_suppress_query("guard_history.sql"), params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        int64_t hours = heed_rows_int(rows, i, 0);

        if (heed_rows_is_null(rows, i, 0)) {
            out->days = (unsigned)heed_rows_int(rows, i, 1);
        } else if (hours >= 0 && hours < HEED_GUARD_HOURS) {
            out->all[hours] = (uint64_t)heed_rows_int(rows, i, 1);
            out->open[hours] = (uint64_t)heed_rows_int(rows, i, 2);
            out->usual[hours] = (uint64_t)heed_rows_int(rows, i, 3);
        }
    }
    return true;
}

static bool
lock_alone(HeedDatabase *database, GError **error)
{
    return heed_database_run(database, "hold the guard", heed_suppress_query("guard_lock.sql"),
                             NULL, error);
}

static void
append_addresses(const HeedRows *rows, GPtrArray *addresses)
{
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(addresses, g_strdup(heed_rows_text(rows, i, 0)));
}

/* Appends whose failures the holds hold. */
static bool
add_held(HeedDatabase *database,
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
    append_addresses(rows, addresses);
    return true;
}

static bool
place(Watch *watch,
      const Suspect *suspect,
      const HeedGuardSurge *surge,
      unsigned days,
      GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    int64_t hold_id = 0;

    heed_params_text(params, suspect->dimension);
    heed_params_text(params, suspect->name);
    heed_params_int(params, suspect->at);
    heed_params_int(params, surge->window_hours);
    heed_params_int(params, (int64_t)surge->seen);
    heed_params_int(params, (int64_t)surge->highest_before);
    heed_params_int(params, (int64_t)surge->threshold);
    heed_params_int(params, days);
    if (!lock_alone(watch->database, error))
        return false;
    rows = heed_database_query(watch->database, "place a hold",
                               heed_suppress_query("guard_place.sql"), params, error);
    if (rows == NULL)
        return false;
    if (heed_rows_count(rows) == 0)
        return true;
    watch->placed++;
    hold_id = heed_rows_int(rows, 0, 0);
    return add_held(watch->database, &hold_id, 1, watch->addresses, error);
}

static bool
end(const Watch *watch, const Suspect *suspect, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, suspect->hold_id);
    /* Rounded up, it may lie behind the arrival of this batch, which counts. */
    heed_params_int(params, suspect->at - 1);
    if (!lock_alone(watch->database, error))
        return false;
    rows = heed_database_query(watch->database, "end a hold", heed_suppress_query("guard_end.sql"),
                               params, error);
    if (rows == NULL)
        return false;
    append_addresses(rows, watch->addresses);
    return true;
}

static bool
look_at(Watch *watch, const HeedRows *rows, size_t row, GError **error)
{
    const Suspect suspect = {.dimension = heed_rows_text(rows, row, 0),
                             .name = heed_rows_text(rows, row, 1),
                             .hold_id = heed_rows_int(rows, row, 2),
                             .at = heed_rows_int(rows, row, 3)};
    const HeedGuardSurge noticed = {.window_hours = (unsigned)heed_rows_int(rows, row, 4),
                                    .threshold = (uint64_t)heed_rows_int(rows, row, 5)};
    HeedGuardHistory history;
    HeedGuardSurge surge;

    if (!read_history(watch->database, &suspect, &history, error))
        return false;
    history.is_hourly = strcmp(suspect.dimension, "mta") == 0;
    if (suspect.hold_id != 0)
        return !heed_guard_is_over(&history, &noticed) || end(watch, &suspect, error);
    return !heed_guard_is_surge(watch->options, &history, &surge) ||
           place(watch, &suspect, &surge, history.days, error);
}

bool
heed_guard_watch(HeedDatabase *database,
                 const HeedGuardOptions *options,
                 int64_t at,
                 GPtrArray *addresses,
                 unsigned *out_placed,
                 GError **error)
{
    Watch watch = {.database = database, .options = options, .addresses = addresses};
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    HeedArrayParam *array = NULL;

    *out_placed = 0;
    if (options->off || addresses->len == 0)
        return true;
    array = heed_params_text_array(params);
    for (guint i = 0; i < addresses->len; i++)
        heed_array_add_text(array, g_ptr_array_index(addresses, i));
    if (at == HEED_DATE_UNKNOWN)
        heed_params_text(params, NULL);
    else
        heed_params_int(params, at);
    heed_params_int(params, LEAST_TRUST);
    heed_params_int(params, heed_guard_least(options));
    rows = heed_database_query(database, "count new failures",
                               heed_suppress_query("guard_count.sql"), params, error);
    if (rows == NULL)
        return false;
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        if (!look_at(&watch, rows, row, error))
            return false;
    *out_placed = watch.placed;
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

    if (transaction == NULL || !lock_alone(resolving->database, error))
        return false;
    holds = decide(resolving, error);
    if (holds == NULL || !add_held(resolving->database, (const int64_t *)(const void *)holds->data,
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
