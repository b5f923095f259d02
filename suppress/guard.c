/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/guard.h"

#include "base/error.h"
#include "parsers/report.h"
#include "suppress/guard_hold.h"
#include "suppress/queries.h"

#include <string.h>

/* Less than this proves nothing of who sent it (design.md, trust). */
#define LEAST_TRUST     HEED_TRUST_AUTHENTICATED
#define SECONDS_AN_HOUR INT64_C(3600)
#define HOURS_A_DAY     24
#define WIDEST_HOURS    24 /* the longest span in which a surge shows */
#define LATER_HOURS     ((int64_t)HEED_GUARD_HOURS)
#define KEPT_DAYS       31 /* of counts: fold_guard() of 0015_guard_received.sql */
#define SILENT_DAYS     7  /* polls that come later may find an ended surge going on */

/* The columns of guard_count.sql. */
enum {
    COLUMN_DIMENSION,
    COLUMN_NAME,
    COLUMN_NEWEST
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

/* When a surge was over. */
typedef struct End {
    int64_t over;   /* as far as that is known; 0: nobody knows */
    int64_t silent; /* then, a day after the last failure that is known of it; 0: it lasts */
} End;

/* A hold that nobody has decided. */
typedef struct Hold {
    int64_t hold_id;
    int64_t placed;
    int64_t began;
    int64_t ended; /* 0: it lasts */
    HeedGuardSurge surge;
    int64_t before; /* when the one before it ended; 0: there is none */
    int64_t behind; /* when the one behind it began; 0: there is none */
} Hold;

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

/* How many whole hours before the newest failure; negative: after it. */
static int64_t
hour_of(const Suspect *suspect, int64_t at)
{
    int64_t seconds = suspect->newest - at;

    return seconds >= 0 ? seconds / SECONDS_AN_HOUR
                        : -((SECONDS_AN_HOUR - 1 - seconds) / SECONDS_AN_HOUR);
}

static int64_t
hours_ago(const Suspect *suspect, size_t row)
{
    return hour_of(suspect, heed_rows_int(suspect->hours, row, COLUMN_NEWEST));
}

/* The first second of it. */
static int64_t
start_of(const Suspect *suspect, int64_t hour)
{
    return suspect->newest - (hour + 1) * SECONDS_AN_HOUR + 1;
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
is_over(const Timeline *timeline, int64_t hour, const HeedGuardSurge *surge)
{
    HeedGuardHistory history = history_at(timeline, hour);

    return heed_guard_is_over(&history, surge);
}

/* Also failures that are not new, and so not counted, show that a surge is over. */
static bool
has_failure(const Suspect *suspect, const Timeline *timeline, int64_t hour)
{
    if (timeline->all[hour] > 0)
        return true;
    for (size_t row = suspect->first; row < suspect->end; row++)
        if (hours_ago(suspect, row) == hour)
            return true;
    return false;
}

/* When a surge that lasts in this hour was over, as far as that is known. */
static End
find_end(const Suspect *suspect,
         const Timeline *timeline,
         int64_t hour,
         const HeedGuardSurge *surge)
{
    int64_t last = hour;

    while (--hour >= -LATER_HOURS && last - hour <= SILENT_DAYS * HOURS_A_DAY) {
        if (!has_failure(suspect, timeline, hour))
            continue;
        if (is_over(timeline, hour, surge))
            return (End){.over = start_of(suspect, hour)};
        last = hour;
    }
    return (End){.silent = start_of(suspect, last) + (HOURS_A_DAY + 1) * SECONDS_AN_HOUR};
}

static void
add_time_or_none(HeedParams *params, int64_t at)
{
    if (at != 0)
        heed_params_int(params, at);
    else
        heed_params_text(params, NULL);
}

static void
add_end(HeedParams *params, const End *end)
{
    add_time_or_none(params, end->over);
    add_time_or_none(params, end->silent);
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
    int64_t hold_id = 0;
    End end;

    if (!heed_guard_lock_alone(watch->database, error) ||
        !timeline_read(timeline, watch->database, suspect, error))
        return false;
    end = find_end(suspect, timeline, hour, surge);
    heed_params_text(params, suspect->dimension);
    heed_params_text(params, suspect->name);
    heed_params_int(params, suspect->newest - hour * SECONDS_AN_HOUR);
    heed_params_int(params, surge->window_hours);
    heed_params_int(params, (int64_t)surge->seen);
    heed_params_int(params, (int64_t)surge->highest_before);
    heed_params_int(params, (int64_t)surge->threshold);
    heed_params_int(params, history_at(timeline, hour).days);
    add_end(params, &end);
    rows = heed_database_query(watch->database, "place a hold",
                               heed_suppress_query("guard_place.sql"), params, error);
    if (rows == NULL)
        return false;
    if (heed_rows_count(rows) == 0)
        return true;
    watch->placed++;
    hold_id = heed_rows_int(rows, 0, 0);
    return heed_guard_add_held(watch->database, &hold_id, 1, watch->addresses, error) &&
           timeline_read(timeline, watch->database, suspect, error);
}

/* Begin 0: as it is. */
static bool
move(const Watch *watch, int64_t hold_id, int64_t begin, const End *end, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, hold_id);
    add_time_or_none(params, begin);
    add_end(params, end);
    rows = heed_database_query(watch->database, "move a hold",
                               heed_suppress_query("guard_move.sql"), params, error);
    if (rows == NULL)
        return false;
    heed_guard_add_addresses(rows, watch->addresses);
    return true;
}

/* The beginning that a hold has by what is known now: earlier where failures of its surge were read
 * after it was placed. */
static int64_t
begin_now(const Suspect *suspect, const Timeline *timeline, const Hold *hold)
{
    int64_t begin = hold->began;
    int64_t hour = hour_of(suspect, begin) + 1;

    for (int64_t reach = hour + WIDEST_HOURS;
         hour < MIN(reach, timeline->length - WIDEST_HOURS - 1); hour++) {
        if (hour < -LATER_HOURS || timeline->all[hour] == 0 ||
            is_over(timeline, hour, &hold->surge))
            continue;
        begin = start_of(suspect, hour);
        reach = hour + 1 + WIDEST_HOURS;
    }
    return begin;
}

/* The end likewise: with the first failure after it showed that shows it over, and later where the
 * surge goes on by what was read since. */
static End
end_now(const Suspect *suspect, const Timeline *timeline, const Hold *hold)
{
    int64_t hour = MIN(hour_of(suspect, hold->placed), timeline->length - WIDEST_HOURS - 1);
    int64_t last = -LATER_HOURS - 1;

    if (hold->ended != 0)
        last = MAX(last, hour_of(suspect, hold->ended));
    while (--hour > last)
        if (has_failure(suspect, timeline, hour) && is_over(timeline, hour, &hold->surge))
            return (End){.over = start_of(suspect, hour)};
    for (; hour >= -LATER_HOURS && last - hour < WIDEST_HOURS; hour--) {
        if (timeline->all[hour] == 0)
            continue;
        if (is_over(timeline, hour, &hold->surge))
            break;
        return find_end(suspect, timeline, hour, &hold->surge);
    }
    return (End){.over = hold->ended};
}

/* Whether a hold is as it should be by what is known now; else *out_begin and *out_end. */
static bool
is_settled(const Suspect *suspect,
           const Timeline *timeline,
           const Hold *hold,
           int64_t *out_begin,
           End *out_end)
{
    *out_begin = MAX(begin_now(suspect, timeline, hold), hold->before);
    *out_end = end_now(suspect, timeline, hold);
    if (hold->behind != 0) {
        int64_t end = out_end->over != 0 ? out_end->over : out_end->silent;

        out_end->over = end != 0 ? MIN(end, hold->behind) : hold->behind;
    }
    return *out_begin == hold->began && out_end->over == hold->ended;
}

static HeedRows *
find_near(const Watch *watch, const Suspect *suspect, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, suspect->dimension);
    heed_params_text(params, suspect->name);
    heed_params_int(params, heed_rows_int(suspect->hours, suspect->first, COLUMN_NEWEST));
    heed_params_int(params, suspect->newest);
    return heed_database_query(watch->database, "find holds nearby",
                               heed_suppress_query("guard_near.sql"), params, error);
}

static int64_t
int_or_none(const HeedRows *rows, size_t row, size_t column)
{
    return heed_rows_is_null(rows, row, column) ? 0 : heed_rows_int(rows, row, column);
}

static Hold
read_hold(const HeedRows *rows, size_t row)
{
    return (Hold){.hold_id = heed_rows_int(rows, row, 0),
                  .placed = heed_rows_int(rows, row, 1),
                  .began = heed_rows_int(rows, row, 2),
                  .ended = int_or_none(rows, row, 3),
                  .surge = {.window_hours = (unsigned)heed_rows_int(rows, row, 4),
                            .threshold = (uint64_t)heed_rows_int(rows, row, 5)},
                  .before = int_or_none(rows, row, 6),
                  .behind = int_or_none(rows, row, 7)};
}

/* Moves the holds of a name to where they should be by what is known now, so that it is the same
 * whatever was read first. Unless alone, it only
 * looks, since others may store meanwhile what makes it otherwise. */
static bool
settle(const Watch *watch, const Suspect *suspect, bool alone, bool *out_settled, GError **error)
{
    g_autoptr(HeedRows) rows = find_near(watch, suspect, error);
    g_auto(Timeline) timeline = {.block = NULL};

    *out_settled = true;
    if (rows == NULL)
        return false;
    if (heed_rows_count(rows) == 0)
        return true;
    if (!timeline_read(&timeline, watch->database, suspect, error))
        return false;
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        Hold hold = read_hold(rows, row);
        int64_t begin = 0;
        End end;

        if (is_settled(suspect, &timeline, &hold, &begin, &end))
            continue;
        *out_settled = false;
        if (alone && !move(watch, hold.hold_id, begin, &end, error))
            return false;
    }
    return true;
}

/* By hours of the clock, so that another look, at other failures, finds the same. */
static bool
settle_holds(const Watch *watch, const Suspect *suspect, bool *out_settled, GError **error)
{
    Suspect whole = *suspect;

    whole.newest = (suspect->newest / SECONDS_AN_HOUR + 1) * SECONDS_AN_HOUR - 1;
    if (!settle(watch, &whole, false, out_settled, error))
        return false;
    if (*out_settled)
        return true;
    return heed_guard_lock_alone(watch->database, error) &&
           settle(watch, &whole, true, out_settled, error);
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
    bool is_settled = true;

    if (!settle_holds(watch, suspect, &is_settled, error) ||
        !timeline_read(&timeline, watch->database, suspect, error))
        return false;
    /* All that came later and that a hold held until now may be open when it has moved. */
    return find_surges(watch, suspect, &timeline, is_settled ? WIDEST_HOURS : LATER_HOURS, error);
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

static bool
watch_batch(Watch *watch, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *array = heed_params_text_array(params);
    g_autoptr(HeedRows) rows = NULL;

    for (guint i = 0; i < watch->addresses->len; i++)
        heed_array_add_text(array, g_ptr_array_index(watch->addresses, i));
    add_moment(params, watch->at);
    heed_params_int(params, LEAST_TRUST);
    heed_params_int(params, heed_guard_least(watch->options));
    rows = heed_database_query(watch->database, "count new failures",
                               heed_suppress_query("guard_count.sql"), params, error);
    return rows != NULL && look_at_all(watch, rows, error);
}

static HeedRows *
find_silent(const Watch *watch, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    add_moment(params, watch->at);
    heed_params_int(params, watch->options->off ? 0 : SILENT_DAYS);
    heed_params_int(params, KEPT_DAYS);
    return heed_database_query(watch->database, "find holds that are over",
                               heed_suppress_query("guard_silent.sql"), params, error);
}

/* Ends holds of names where nothing fails any more; of all names, where nothing is to be held. */
static bool
end_silent(const Watch *watch, GError **error)
{
    g_autoptr(HeedRows) seen = find_silent(watch, error);
    g_autoptr(HeedRows) rows = NULL;

    if (seen == NULL)
        return false;
    if (heed_rows_count(seen) == 0)
        return true;
    /* Others may have stored meanwhile: another look, alone. */
    if (!heed_guard_lock_alone(watch->database, error))
        return false;
    rows = find_silent(watch, error);
    if (rows == NULL)
        return false;
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        const End end = {.over = heed_rows_int(rows, row, 1)};

        if (!move(watch, heed_rows_int(rows, row, 0), 0, &end, error))
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

    *out_placed = 0;
    if ((!options->off && addresses->len > 0 && !watch_batch(&watch, error)) ||
        !end_silent(&watch, error))
        return false;
    *out_placed = watch.placed;
    return true;
}
