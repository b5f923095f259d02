/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_THROTTLE_CEILING_H
#define HEED_SUPPRESS_THROTTLE_CEILING_H

/*
 * How many messages a minute a destination may be sent: the ceilings that its refusals set, how
 * they rise, and the pause that it is in; for throttle.c alone. An index is a minute of those that
 * are looked at, or one that is to come.
 */

#include "suppress/throttle_minute.h"

#include <glib.h>

typedef struct HeedThrottleCeilings {
    GArray *lowest; /* owned; those that may bind */
    int64_t pause;  /* until this index; 0: none */
} HeedThrottleCeilings;

/* All that follows from the minutes. */
void heed_throttle_ceilings_init(HeedThrottleCeilings *ceilings, const HeedThrottleMinute *minutes);
void heed_throttle_ceilings_clear(HeedThrottleCeilings *ceilings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedThrottleCeilings, heed_throttle_ceilings_clear)

/* The lowest ceiling at an index: 0 for none, and its rung. */
uint64_t heed_throttle_ceilings_lowest(const HeedThrottleCeilings *ceilings,
                                       int64_t index,
                                       size_t *out_rung);

/* What one does whose ceiling is on this rung. */
HeedThrottlePhase heed_throttle_rung_phase(size_t rung);

#endif
