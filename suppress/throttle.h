/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_THROTTLE_H
#define HEED_SUPPRESS_THROTTLE_H

/*
 * How fast may we send to a destination? A pure function from what it did with our attempts, minute
 * by minute, to the limits that hold from now on, if it puts nothing more off. No clock, no
 * database; docs/throttle.md says the rules with their reasons.
 *
 * Each minute in which attempts were pushed back for the sender's pace or standing sets a ceiling:
 * a part of what was taken just then, which rises with the time since, at last without end. The
 * limit is the lowest of all ceilings. So the order of the rows does not matter, and one more
 * refusal can add a ceiling or hold one down longer, but never raise the limit
 * (tests/unit/test_throttle.c).
 */

#include "parsers/report.h"

/* Minutes that are looked at, the last one being now. */
#define HEED_THROTTLE_MINUTES (2 * 24 * 60)
/* So many refused attempts in 24 hours are the least that anything is said of. */
#define HEED_THROTTLE_LEAST 3U
#define HEED_THROTTLE_STEPS 128U

typedef enum HeedThrottleCause {
    HEED_THROTTLE_NONE,        /* not about the sender's pace */
    HEED_THROTTLE_RATE,        /* too much in a time */
    HEED_THROTTLE_STANDING,    /* blocked, or slowed down, for the sender's reputation */
    HEED_THROTTLE_CONNECTIONS, /* too many at once */
    HEED_THROTTLE_OVERLOAD,    /* the receiver's own trouble: a little less helps it */
    HEED_THROTTLE_CAUSES
} HeedThrottleCause;

/* What refusals of this class are about. */
HeedThrottleCause heed_throttle_cause(HeedClass class_);

/* What a destination did in one minute; there may be several of one minute. */
typedef struct HeedThrottleRow {
    int64_t minute; /* since 1970 */
    HeedThrottleCause cause;
    uint64_t taken;   /* delivered, or refused for another reason than the cause */
    uint64_t refused; /* put off, or refused for good, for the cause */
    /* Seconds to wait after the reply: as its author documents it, or as is usual for its class. */
    int64_t wait;
    bool documented;
} HeedThrottleRow;

typedef enum HeedThrottlePhase {
    HEED_THROTTLE_PAUSED,
    HEED_THROTTLE_TRYING,  /* a part of what was taken last: does it take anything again? */
    HEED_THROTTLE_HOLDING, /* near to what was taken last */
    HEED_THROTTLE_PROBING  /* beyond it */
} HeedThrottlePhase;

/* "paused", "trying", "holding", "probing". */
const char *heed_throttle_phase_name(HeedThrottlePhase phase);

typedef struct HeedThrottleStep {
    int64_t from; /* minute; it holds until the next step */
    HeedThrottlePhase phase;
    unsigned rung;        /* of the ceiling that binds, from 1; 0: connections alone are limited */
    uint64_t messages;    /* a minute; 0: no limit */
    uint64_t connections; /* at a time; 0: no limit */
} HeedThrottleStep;

typedef struct HeedThrottlePlan {
    size_t count; /* of steps; 0: nothing is advised */
    HeedThrottleStep steps[HEED_THROTTLE_STEPS];
    int64_t end;         /* minute from which nothing is advised any more */
    int64_t pause_until; /* minute; 0: no pause */
    int64_t since;       /* minute of the first refusal of this bout */
    int64_t last;        /* and of the newest */
    uint64_t refused;    /* of the last 24 hours, as are */
    uint64_t attempts;
    HeedThrottleCause cause; /* of most of them */
    int64_t wait;            /* seconds, of the newest refusal */
    bool documented;
} HeedThrottlePlan;

/* Rows that are older than HEED_THROTTLE_MINUTES, or newer than now (a minute), do not count.
 * connections: what the destination publishes as its limit, 0: none is known. */
void heed_throttle_plan(const HeedThrottleRow *rows,
                        size_t count,
                        int64_t now,
                        unsigned connections,
                        HeedThrottlePlan *out);

/* How many rungs a ceiling has until it is no limit any more. */
unsigned heed_throttle_rungs(void);

#endif
