/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_GUARD_STATISTICS_H
#define HEED_SUPPRESS_GUARD_STATISTICS_H

/*
 * When is it a surge? A pure function of counts by the hour.
 *
 * A count of the last hours is compared with the highest of any as many hours in the 30 days
 * before: if nothing has changed, each of n + 1 spans is as likely to be the highest, whatever the
 * counts are distributed like, and campaigns make them come in heaps. To be more than three times
 * the highest of 30 days is then no accident. Spans of 1, 6 and 24 hours are looked at, since an
 * outage may come at once or creep in. Where less than 7 days are known, each span is taken to have
 * had HEED_GUARD_PRIOR addresses once; a name not seen before has had none, but fewer than the
 * minimum are never a surge.
 *
 * Time is that of receiving, and old mail comes in any order: what came later may be known already.
 */

#include <stdbool.h>
#include <stdint.h>

#define HEED_GUARD_HOURS      (31U * 24U)
#define HEED_GUARD_KNOWN_DAYS 7U
#define HEED_GUARD_PRIOR      50U

typedef struct HeedGuardOptions {
    bool off;
    unsigned addresses; /* fewer are never a surge; 0: 50 */
    unsigned times;     /* how many times the highest before; 0: 3 */
} HeedGuardOptions;

/* Addresses that failed for the first time, by how many whole hours before a moment: [0] to
 * [HEED_GUARD_HOURS - 1], and after it down to [-later]. */
typedef struct HeedGuardHistory {
    const uint64_t *all;   /* borrowed, as all */
    const uint64_t *open;  /* of these, while nothing was held */
    const uint64_t *usual; /* of these, what is no known surge */
    unsigned later;
    unsigned days; /* how long anything has been counted at all */
    /* What is counted is counted again in each hour (domains of a server), so that sums over hours
     * say how long it goes on, and not how much it is. */
    bool is_hourly;
} HeedGuardHistory;

typedef struct HeedGuardSurge {
    unsigned window_hours;
    uint64_t seen;
    uint64_t highest_before;
    uint64_t threshold; /* more than this is a surge */
} HeedGuardSurge;

/* So many addresses are never a surge. */
unsigned heed_guard_least(const HeedGuardOptions *options);

/* Whether there is a surge now, and in what span it shows, the shortest first. */
bool heed_guard_is_surge(const HeedGuardOptions *options,
                         const HeedGuardHistory *history,
                         HeedGuardSurge *out);

/* Whether a surge that was noticed as this is over: each span of its length, and of at least two
 * hours, that the last hour is in is below its threshold again. */
bool heed_guard_is_over(const HeedGuardHistory *history, const HeedGuardSurge *surge);

#endif
