/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/throttle.h"

#include "suppress/throttle_ceiling.h"
#include "suppress/throttle_minute.h"

#define DAY          (24 * 60)
#define SLOT         10       /* minutes in which connections are judged together */
#define USUAL_LIMIT  20U      /* connections at a time: Postfix's default for one destination */
#define SHARE        60U      /* a connection is counted in so many parts */
#define A_CONNECTION 10U      /* messages a minute that are worth one more connection */
#define BOUT         (6 * 60) /* minutes without a refusal that end a bout */

typedef struct Throttle {
    const HeedThrottleMinute *minutes;
    const HeedThrottleCeilings *ceilings;
    int64_t now;          /* minute of the last index */
    unsigned published;   /* connections */
    uint64_t connections; /* in parts */
} Throttle;

HeedThrottleCause
heed_throttle_cause(HeedClass class_)
{
    if (class_ == HEED_CLASS_RATE_LIMIT)
        return HEED_THROTTLE_RATE;
    if (class_ == HEED_CLASS_REPUTATION)
        return HEED_THROTTLE_STANDING;
    if (class_ == HEED_CLASS_TOO_MANY_CONNECTIONS)
        return HEED_THROTTLE_CONNECTIONS;
    return class_ == HEED_CLASS_SYSTEM ? HEED_THROTTLE_OVERLOAD : HEED_THROTTLE_NONE;
}

const char *
heed_throttle_phase_name(HeedThrottlePhase phase)
{
    static const char *const names[] = {"paused", "trying", "holding", "probing"};

    return names[phase];
}

/* --- connections --- */

static unsigned
full_connections(const Throttle *throttle)
{
    return throttle->published > 0 ? throttle->published : USUAL_LIMIT;
}

/* After ten more minutes: half where half of the attempts and more were refused, a quarter less
 * where it were fewer, else a step up. Each of these rises with what it begins from, and the
 * earlier ones give less: so one more refusal never gives more in the end. */
static uint64_t
connections_after(const Throttle *throttle, uint64_t before, uint64_t refused, uint64_t total)
{
    uint64_t full = full_connections(throttle) * SHARE;

    if (refused * 4 >= total && refused > 0)
        return MAX(SHARE, before / 2);
    if (refused * 50 >= total && refused > 0)
        return MAX(SHARE, before * 3 / 4);
    return MIN(full, before + MAX(full / 60, SHARE / 3));
}

static void
fold_connections(Throttle *throttle)
{
    int64_t first = throttle->now - HEED_THROTTLE_MINUTES + 1;
    uint64_t refused = 0;
    uint64_t total = 0;

    throttle->connections = (uint64_t)full_connections(throttle) * SHARE;
    for (int64_t i = 0; i < HEED_THROTTLE_MINUTES; i++) {
        const HeedThrottleMinute *minute = &throttle->minutes[i];

        refused += minute->refused[HEED_THROTTLE_CONNECTIONS];
        total += minute->taken + minute->refused[HEED_THROTTLE_CONNECTIONS];
        if ((first + i + 1) % SLOT != 0 && i + 1 < HEED_THROTTLE_MINUTES)
            continue;
        throttle->connections = connections_after(throttle, throttle->connections, refused, total);
        refused = 0;
        total = 0;
    }
}

/* Connections to advise; 0: no limit. */
static uint64_t
advised_connections(const Throttle *throttle, uint64_t parts, uint64_t messages)
{
    uint64_t full = full_connections(throttle);
    uint64_t connections = MIN(parts / SHARE, full);

    if (messages > 0)
        connections = MIN(connections, (messages + A_CONNECTION - 1) / A_CONNECTION);
    return connections < full || throttle->published > 0 ? connections : 0;
}

/* --- the plan --- */

static HeedThrottlePhase
phase_of(size_t rung, uint64_t messages)
{
    if (messages == 0)
        return HEED_THROTTLE_HOLDING;
    return heed_throttle_rung_phase(rung);
}

static bool
is_same(const HeedThrottleStep *one, const HeedThrottleStep *other)
{
    return one->phase == other->phase && one->messages == other->messages &&
           one->connections == other->connections;
}

/* Writes steps until nothing is limited any more. */
static void
write_steps(const Throttle *throttle, HeedThrottlePlan *plan)
{
    const int64_t last = HEED_THROTTLE_MINUTES - 1;
    uint64_t parts = throttle->connections;
    uint64_t full = full_connections(throttle);

    for (int64_t i = last;; i++) {
        size_t rung = 0;
        uint64_t messages = heed_throttle_ceilings_lowest(throttle->ceilings, i, &rung);
        bool is_paused = i < throttle->ceilings->pause;
        HeedThrottleStep step = {.from = throttle->now + i - last,
                                 .phase =
                                     is_paused ? HEED_THROTTLE_PAUSED : phase_of(rung, messages),
                                 .rung = messages > 0 ? (unsigned)rung + 1 : 0,
                                 .messages = messages,
                                 .connections = advised_connections(throttle, parts, messages)};

        plan->end = step.from;
        if (!is_paused && messages == 0 && parts / SHARE >= full)
            return;
        if (plan->count == 0 ||
            (!is_same(&step, &plan->steps[plan->count - 1]) && plan->count < HEED_THROTTLE_STEPS))
            plan->steps[plan->count++] = step;
        if ((step.from + 1) % SLOT == 0)
            parts = connections_after(throttle, parts, 0, 0);
    }
}

static void
note_refusals(const HeedThrottleMinute *minutes, int64_t now, HeedThrottlePlan *plan)
{
    int64_t first = now - HEED_THROTTLE_MINUTES + 1;
    uint64_t of_cause[HEED_THROTTLE_CAUSES] = {0};

    for (int64_t i = 0; i < HEED_THROTTLE_MINUTES; i++) {
        const HeedThrottleMinute *minute = &minutes[i];

        if (i >= HEED_THROTTLE_MINUTES - DAY) {
            plan->attempts += minute->taken + minute->all_refused;
            plan->refused += minute->all_refused;
            for (int j = 0; j < HEED_THROTTLE_CAUSES; j++)
                of_cause[j] += minute->refused[j];
        }
        if (minute->all_refused == 0)
            continue;
        if (plan->last == 0 || first + i - plan->last > BOUT)
            plan->since = first + i;
        plan->last = first + i;
        plan->documented = minute->documented > 0;
        plan->wait = 60 * MAX(minute->documented, plan->documented ? 0 : minute->usual);
    }
    for (int j = 0; j < HEED_THROTTLE_CAUSES; j++)
        if (of_cause[j] > of_cause[plan->cause])
            plan->cause = (HeedThrottleCause)j;
}

void
heed_throttle_plan(const HeedThrottleRow *rows,
                   size_t count,
                   int64_t now,
                   unsigned connections,
                   HeedThrottlePlan *out)
{
    g_autofree HeedThrottleMinute *minutes = g_new0(HeedThrottleMinute, HEED_THROTTLE_MINUTES);
    g_auto(HeedThrottleCeilings) ceilings = {0};
    Throttle throttle = {
        .minutes = minutes, .ceilings = &ceilings, .now = now, .published = connections};

    *out = (HeedThrottlePlan){.end = now};
    heed_throttle_minutes_gather(minutes, rows, count, now);
    note_refusals(minutes, now, out);
    if (out->refused < HEED_THROTTLE_LEAST)
        return;
    heed_throttle_ceilings_init(&ceilings, minutes);
    fold_connections(&throttle);
    if (ceilings.pause > HEED_THROTTLE_MINUTES - 1)
        out->pause_until = now + ceilings.pause - (HEED_THROTTLE_MINUTES - 1);
    write_steps(&throttle, out);
}
