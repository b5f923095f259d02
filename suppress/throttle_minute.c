/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/throttle_minute.h"

#include <glib.h>

#define LONGEST_WAIT  (24 * 60)
#define SHARE_MINUTES 5

/* Percent of a minute's attempts; fewer refusals for the cause set no ceiling. */
static const uint64_t counts_from[HEED_THROTTLE_CAUSES] = {
    [HEED_THROTTLE_NONE] = 101,       [HEED_THROTTLE_RATE] = 10,     [HEED_THROTTLE_STANDING] = 10,
    [HEED_THROTTLE_CONNECTIONS] = 10, [HEED_THROTTLE_OVERLOAD] = 50,
};

void
heed_throttle_minutes_gather(HeedThrottleMinute *minutes,
                             const HeedThrottleRow *rows,
                             size_t count,
                             int64_t now)
{
    for (size_t i = 0; i < count; i++) {
        const HeedThrottleRow *row = &rows[i];
        int64_t index = row->minute - now + HEED_THROTTLE_MINUTES - 1;
        int64_t wait = MIN((row->wait + 59) / 60, LONGEST_WAIT);
        HeedThrottleMinute *minute;

        if (index < 0 || index >= HEED_THROTTLE_MINUTES)
            continue;
        minute = &minutes[index];
        minute->taken += row->taken;
        if (row->cause == HEED_THROTTLE_NONE || row->refused == 0)
            continue;
        minute->refused[row->cause] += row->refused;
        minute->all_refused += row->refused;
        if (row->documented)
            minute->documented = MAX(minute->documented, wait);
        else
            minute->usual = MAX(minute->usual, wait);
    }
}

/* Whether refusals of a minute count: with those of the minutes just before they are a share of
 * what the destination was asked, whatever it refused for other causes, and more than one by
 * chance, unless its author documents what to do. */
static bool
counts(const HeedThrottleMinute *minutes, int64_t index, HeedThrottleCause cause)
{
    uint64_t refused = 0;
    uint64_t taken = 0;

    if (minutes[index].refused[cause] == 0)
        return false;
    for (int64_t i = MAX(0, index - SHARE_MINUTES + 1); i <= index; i++) {
        refused += minutes[i].refused[cause];
        taken += minutes[i].taken;
    }
    return (refused > 1 || minutes[index].documented > 0) &&
           refused * 100 >= counts_from[cause] * (taken + refused);
}

HeedThrottleCause
heed_throttle_minute_cause(const HeedThrottleMinute *minutes, int64_t index)
{
    static const HeedThrottleCause order[] = {HEED_THROTTLE_STANDING, HEED_THROTTLE_RATE,
                                              HEED_THROTTLE_OVERLOAD, HEED_THROTTLE_CONNECTIONS};

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if (counts(minutes, index, order[i]))
            return order[i];
    return HEED_THROTTLE_NONE;
}

bool
heed_throttle_minute_is_closed(const HeedThrottleMinute *minute)
{
    return minute->all_refused > 0 &&
           minute->all_refused * 10 >= (minute->taken + minute->all_refused) * 9;
}
