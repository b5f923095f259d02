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
#define SECONDS_AN_HOUR  INT64_C(3600)
#define HOURS_A_DAY      24
#define WIDEST_HOURS     24 /* the longest span in which a surge shows */
#define LATER_HOURS      ((int64_t)HEED_GUARD_HOURS)

/* The columns of guard_count.sql. */
enum {
    COLUMN_DIMENSION,
    COLUMN_NAME,
    COLUMN_HOLD,
    COLUMN_OLDEST,
    COLUMN_NEWEST,
    COLUMN_WINDOW,
    COLUMN_THRESHOLD
};

/* A batch that is watched. */
typedef struct Watch {
    HeedDatabase *database; /* all borrowed */
    const HeedGuardOptions *options;
    GPtrArray *addresses;
    int64_t at; /* when it arrived; HEED_DATE_UNKNOWN: now */
    unsigned placed;
} Watch;

/* A name that must be looked at, and the hours of which the batch has failures. */
typedef struct Suspect {
    const char *dimension; /* borrowed */
    const char *name;
    int64_t newest;        /* failure, of all its hours */
    const HeedRows *hours; /* borrowed; [first, end), in the order of time */
    size_t first;
    size_t end;
} Suspect;

/* What was counted of a suspect: counts[hour] is so many whole hours before its newest failure,
 * from -LATER_HOURS to far enough before its oldest. */
typedef struct Timeline {
    uint64_t *block; /* owned; the others point into it */
    uint64_t *all;
    uint64_t *open;
    uint64_t *usual;
    int64_t length;
    int64_t known; /* hours since anything was counted */
    bool is_hourly;
} Timeline;

static void
timeline_clear(Timeline *timeline)
{
    g_clear_pointer(&timeline->block, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Timeline, timeline_clear)

static int64_t
hours_ago(const Suspect *suspect, size_t row)
{
    return (suspect->newest - heed_rows_int(suspect->hours, row, COLUMN_NEWEST)) / SECONDS_AN_HOUR;
}

static void
timeline_reset(Timeline *timeline, const Suspect *suspect)
{
    size_t total;

    timeline_clear(timeline);
    timeline->length = hours_ago(suspect, suspect->first) + HEED_GUARD_HOURS;
    total = (size_t)(LATER_HOURS + timeline->length);
    timeline->block = g_new0(uint64_t, 3 * total);
    timeline->all = timeline->block + LATER_HOURS;
    timeline->open = timeline->all + total;
    timeline->usual = timeline->open + total;
    timeline->known = 0;
    timeline->is_hourly = strcmp(suspect->dimension, "mta") == 0;
}

static bool
timeline_read(Timeline *timeline, HeedDatabase *database, const Suspect *suspect, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    timeline_reset(timeline, suspect);
    heed_params_text(params, suspect->dimension);
    heed_params_text(params, suspect->name);
    heed_params_int(params, suspect->newest);
    heed_params_int(params, HEED_GUARD_KNOWN_DAYS);
    heed_params_int(params, timeline->length);
    heed_params_int(params, LATER_HOURS);
    rows = heed_database_query(database, "read what failed before",
                               heed_suppress_query("guard_history.sql"), params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        int64_t hour = heed_rows_int(rows, i, 0);

        if (heed_rows_is_null(rows, i, 0)) {
            timeline->known = heed_rows_int(rows, i, 1);
        } else if (hour >= -LATER_HOURS && hour < timeline->length) {
            timeline->all[hour] = (uint64_t)heed_rows_int(rows, i, 1);
            timeline->open[hour] = (uint64_t)heed_rows_int(rows, i, 2);
            timeline->usual[hour] = (uint64_t)heed_rows_int(rows, i, 3);
        }
    }
    return true;
}

static HeedGuardHistory
history_at(const Timeline *timeline, int64_t hour)
{
    return (HeedGuardHistory){.all = timeline->all + hour,
                              .open = timeline->open + hour,
                              .usual = timeline->usual + hour,
                              .later = (unsigned)(LATER_HOURS + hour),
                              .days = (unsigned)(MAX(timeline->known - hour, 0) / HOURS_A_DAY),
                              .is_hourly = timeline->is_hourly};
}

static void
add_moment(HeedParams *params, int64_t at)
{
    if (at == HEED_DATE_UNKNOWN)
        heed_params_text(params, NULL);
    else
        heed_params_int(params, at);
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

/* When a surge that shows in this hour was over, as far as that is known; 0: it is not. */
static int64_t
known_end(const Suspect *suspect,
          const Timeline *timeline,
          int64_t hour,
          const HeedGuardSurge *surge)
{
    while (--hour >= -LATER_HOURS) {
        HeedGuardHistory history = history_at(timeline, hour);

        if (*history.all > 0 && heed_guard_is_over(&history, surge))
            return suspect->newest - (hour + 1) * SECONDS_AN_HOUR + 1;
    }
    return 0;
}

/* Reads the timeline anew, since others may have stored meanwhile. */
static bool
place(Watch *watch,
      const Suspect *suspect,
      Timeline *timeline,
      int64_t hour,
      const HeedGuardSurge *surge,
      GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    int64_t over = 0;
    int64_t hold_id = 0;

    if (!lock_alone(watch->database, error) ||
        !timeline_read(timeline, watch->database, suspect, error))
        return false;
    over = known_end(suspect, timeline, hour, surge);
    heed_params_text(params, suspect->dimension);
    heed_params_text(params, suspect->name);
    heed_params_int(params, suspect->newest - hour * SECONDS_AN_HOUR);
    heed_params_int(params, surge->window_hours);
    heed_params_int(params, (int64_t)surge->seen);
    heed_params_int(params, (int64_t)surge->highest_before);
    heed_params_int(params, (int64_t)surge->threshold);
    heed_params_int(params, history_at(timeline, hour).days);
    if (over != 0)
        heed_params_int(params, over);
    else
        heed_params_text(params, NULL);
    heed_params_int(params, suspect->newest + LATER_HOURS * SECONDS_AN_HOUR);
    add_moment(params, watch->at);
    rows = heed_database_query(watch->database, "place a hold",
                               heed_suppress_query("guard_place.sql"), params, error);
    if (rows == NULL)
        return false;
    if (heed_rows_count(rows) == 0)
        return true;
    watch->placed++;
    hold_id = heed_rows_int(rows, 0, 0);
    return add_held(watch->database, &hold_id, 1, watch->addresses, error) &&
           timeline_read(timeline, watch->database, suspect, error);
}

static bool
end(const Watch *watch, int64_t hold_id, int64_t at, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, hold_id);
    heed_params_int(params, at);
    rows = heed_database_query(watch->database, "end a hold", heed_suppress_query("guard_end.sql"),
                               params, error);
    if (rows == NULL)
        return false;
    append_addresses(rows, watch->addresses);
    return true;
}

/* Ends the hold that lasts for this hour, if it is over. Unless others have stored meanwhile what
 * shows that it goes on: hence another look, alone. *out_ended: whether it has ended. */
static bool
try_end(const Watch *watch,
        const Suspect *suspect,
        Timeline *timeline,
        size_t row,
        bool *out_ended,
        GError **error)
{
    const HeedGuardSurge noticed = {
        .window_hours = (unsigned)heed_rows_int(suspect->hours, row, COLUMN_WINDOW),
        .threshold = (uint64_t)heed_rows_int(suspect->hours, row, COLUMN_THRESHOLD)};
    int64_t hour = hours_ago(suspect, row);
    HeedGuardHistory history = history_at(timeline, hour);

    *out_ended = false;
    if (!heed_guard_is_over(&history, &noticed))
        return true;
    if (!lock_alone(watch->database, error) ||
        !timeline_read(timeline, watch->database, suspect, error))
        return false;
    history = history_at(timeline, hour);
    if (!heed_guard_is_over(&history, &noticed))
        return true;
    *out_ended = true;
    return end(watch, heed_rows_int(suspect->hours, row, COLUMN_HOLD),
               heed_rows_int(suspect->hours, row, COLUMN_OLDEST), error) &&
           timeline_read(timeline, watch->database, suspect, error);
}

/* Places holds for surges that show in an hour of the suspect or within so many hours later. */
static bool
find_surges(Watch *watch, const Suspect *suspect, Timeline *timeline, int64_t later, GError **error)
{
    size_t row = suspect->first;
    int64_t first = hours_ago(suspect, row);

    for (int64_t hour = first; hour > -later; hour--) {
        HeedGuardHistory history = history_at(timeline, hour);
        HeedGuardSurge surge;

        /* The last of its hours that is not later than this one. */
        while (row + 1 < suspect->end && hours_ago(suspect, row + 1) >= hour)
            row++;
        if (*history.open > 0 && hours_ago(suspect, row) - hour < later &&
            heed_guard_is_surge(watch->options, &history, &surge) &&
            !place(watch, suspect, timeline, hour, &surge, error))
            return false;
    }
    return true;
}

static bool
look_at(Watch *watch, const Suspect *suspect, GError **error)
{
    g_auto(Timeline) timeline = {.block = NULL};
    bool ended = false;

    if (!timeline_read(&timeline, watch->database, suspect, error))
        return false;
    for (size_t row = suspect->first; row < suspect->end && !ended; row++)
        if (!heed_rows_is_null(suspect->hours, row, COLUMN_HOLD) &&
            !try_end(watch, suspect, &timeline, row, &ended, error))
            return false;
    /* All that came later and that a hold held until now is open when it has ended. */
    return find_surges(watch, suspect, &timeline, ended ? LATER_HOURS : WIDEST_HOURS, error);
}

/* Looks at each name that the rows, in order of names, have hours of. */
static bool
look_at_all(Watch *watch, const HeedRows *rows, GError **error)
{
    for (size_t row = 0; row < heed_rows_count(rows);) {
        Suspect suspect = {.dimension = heed_rows_text(rows, row, COLUMN_DIMENSION),
                           .name = heed_rows_text(rows, row, COLUMN_NAME),
                           .hours = rows,
                           .first = row};

        while (row < heed_rows_count(rows) &&
               strcmp(heed_rows_text(rows, row, COLUMN_NAME), suspect.name) == 0 &&
               strcmp(heed_rows_text(rows, row, COLUMN_DIMENSION), suspect.dimension) == 0)
            row++;
        suspect.end = row;
        suspect.newest = heed_rows_int(rows, row - 1, COLUMN_NEWEST);
        if (!look_at(watch, &suspect, error))
            return false;
    }
    return true;
}

bool
heed_guard_watch(HeedDatabase *database,
                 const HeedGuardOptions *options,
                 int64_t at,
                 GPtrArray *addresses,
                 unsigned *out_placed,
                 GError **error)
{
    Watch watch = {.database = database, .options = options, .addresses = addresses, .at = at};
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    HeedArrayParam *array = NULL;

    *out_placed = 0;
    if (options->off || addresses->len == 0)
        return true;
    array = heed_params_text_array(params);
    for (guint i = 0; i < addresses->len; i++)
        heed_array_add_text(array, g_ptr_array_index(addresses, i));
    add_moment(params, at);
    heed_params_int(params, LEAST_TRUST);
    heed_params_int(params, heed_guard_least(options));
    rows = heed_database_query(database, "count new failures",
                               heed_suppress_query("guard_count.sql"), params, error);
    if (rows == NULL)
        return false;
    if (!look_at_all(&watch, rows, error))
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
