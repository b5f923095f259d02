/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/guard_statistics.h"

#include <glib.h>

#define USUAL_ADDRESSES 50U
#define USUAL_TIMES     3U
#define PAST_HOURS      (30U * 24U)
#define QUIET_HOURS     2U

static uint64_t
sum(const uint64_t *hours, unsigned first, unsigned count)
{
    uint64_t total = 0;

    for (unsigned i = first; i < first + count && i < HEED_GUARD_HOURS; i++)
        total += hours[i];
    return total;
}

/* The most in any so many hours before the last ones. */
static uint64_t
highest_before(const uint64_t *hours, unsigned window)
{
    uint64_t total = sum(hours, window, window);
    uint64_t highest = total;

    for (unsigned i = window + 1; i + window <= PAST_HOURS; i++) {
        total += hours[i + window - 1] - hours[i - 1];
        highest = MAX(highest, total);
    }
    return highest;
}

unsigned
heed_guard_least(const HeedGuardOptions *options)
{
    return options->addresses > 0 ? options->addresses : USUAL_ADDRESSES;
}

bool
heed_guard_is_surge(const HeedGuardOptions *options,
                    const HeedGuardHistory *history,
                    HeedGuardSurge *out)
{
    static const unsigned windows[] = {1, 6, 24};
    unsigned least = heed_guard_least(options);
    unsigned times = options->times > 0 ? options->times : USUAL_TIMES;

    for (unsigned i = 0; i < (history->is_hourly ? 1 : G_N_ELEMENTS(windows)); i++) {
        HeedGuardSurge surge = {.window_hours = windows[i],
                                .seen = sum(history->open, 0, windows[i]),
                                .highest_before = highest_before(history->usual, windows[i])};
        uint64_t expected = history->days < HEED_GUARD_KNOWN_DAYS
                                ? MAX(surge.highest_before, HEED_GUARD_PRIOR)
                                : surge.highest_before;

        surge.threshold = MAX(least, times * expected);
        if (surge.seen > surge.threshold) {
            *out = surge;
            return true;
        }
    }
    return false;
}

bool
heed_guard_is_over(const HeedGuardHistory *history, const HeedGuardSurge *surge)
{
    unsigned spans = MIN(MAX(surge->window_hours, QUIET_HOURS), history->later + 1);

    /* The last hour ends the first of these spans, and begins the last one. */
    for (unsigned i = 0; i < spans; i++) {
        const uint64_t *hours = history->all - i;

        if (sum(hours, 0, surge->window_hours) > surge->threshold)
            return false;
        /* An hour of its own each, where the span is one. */
        if (surge->window_hours < QUIET_HOURS && hours[1] > surge->threshold)
            return false;
    }
    return true;
}
