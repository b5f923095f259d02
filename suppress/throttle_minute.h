/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_THROTTLE_MINUTE_H
#define HEED_SUPPRESS_THROTTLE_MINUTE_H

/*
 * What a destination did, minute by minute, and which of its refusals count; for throttle.c and
 * throttle_ceiling.c alone. Minutes are an array of HEED_THROTTLE_MINUTES, the last one being now.
 */

#include "suppress/throttle.h"

/* All that is known of a minute. */
typedef struct HeedThrottleMinute {
    uint64_t taken;
    uint64_t refused[HEED_THROTTLE_CAUSES];
    uint64_t all_refused;
    int64_t documented; /* the longest waits, in minutes */
    int64_t usual;
} HeedThrottleMinute;

/* Adds rows to the minutes, which begin zeroed. */
void heed_throttle_minutes_gather(HeedThrottleMinute *minutes,
                                  const HeedThrottleRow *rows,
                                  size_t count,
                                  int64_t now);

/* The cause that is treated most severely of those whose refusals in a minute count, or none. */
HeedThrottleCause heed_throttle_minute_cause(const HeedThrottleMinute *minutes, int64_t index);

/* Whether it took next to nothing of what it was asked. */
bool heed_throttle_minute_is_closed(const HeedThrottleMinute *minute);

#endif
