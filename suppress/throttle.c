/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/throttle.h"

#include <glib.h>

#define DAY            (24 * 60)
#define GAP            120 /* minutes without a refusal that end a row of them */
#define UNKNOWN_RATE   10U /* a minute, where nothing says what was taken: what people begin with */
#define SLOT           10  /* minutes in which connections are judged together */
#define USUAL_LIMIT    20U /* connections at a time: Postfix's default for one destination */
#define SHARE          60U /* a connection is counted in so many parts */
#define A_CONNECTION   10U /* messages a minute that are worth one more connection */
#define LEARNED_FROM   3U
#define LONGEST_WAIT   (24 * 60)
#define BOUT           (6 * 60) /* minutes without a refusal that end a bout */
#define PROVEN_MINUTES 3
#define SHARE_MINUTES  5
#define STALE          60 /* minutes after which what was taken says little */

/* What a ceiling is, in percent of what was taken last, from so many minutes after the pause on. */
typedef struct Rung {
    int64_t after;
    uint64_t percent;
} Rung;

static const Rung rungs[] = {{0, 25},    {5, 50},    {10, 85},   {20, 90},   {40, 95},
                             {60, 100},  {120, 105}, {130, 130}, {140, 200}, {150, 300},
                             {160, 450}, {180, 700}, {200, 1000}};
/* The rung of those who took a part of what was sent: they need not be tried first. */
#define HOLDING 2
/* Minutes after which a ceiling is none. */
#define RUNGS_END 360

/* How each cause is treated. */
static const struct {
    uint64_t counts_from; /* percent of a minute's attempts; fewer set no ceiling */
    int64_t first_pause;  /* minutes, where nobody documents a wait */
    int64_t slowness;     /* how many times as long each rung lasts */
    bool limits_messages;
} treatments[HEED_THROTTLE_CAUSES] = {
    [HEED_THROTTLE_NONE] = {101, 0, 1, false},    [HEED_THROTTLE_RATE] = {10, 5, 1, true},
    [HEED_THROTTLE_STANDING] = {10, 30, 4, true}, [HEED_THROTTLE_CONNECTIONS] = {10, 5, 1, false},
    [HEED_THROTTLE_OVERLOAD] = {50, 5, 1, true},
};

/* All that is known of a minute. */
typedef struct Minute {
    uint64_t taken;
    uint64_t refused[HEED_THROTTLE_CAUSES];
    uint64_t all_refused;
    int64_t documented; /* the longest waits, in minutes */
    int64_t usual;
} Minute;

typedef struct Ceiling {
    int64_t minute; /* index */
    int64_t resume; /* index from which its rungs count */
    uint64_t rate;
    uint64_t proven; /* taken since without refusals */
    int64_t slowness;
} Ceiling;

/* Refusals of which none was answered by a minute of success. */
typedef struct Run {
    int64_t begin; /* -1: there is none */
    int64_t last;
    int64_t pause; /* until this index; 0: none */
    int64_t learned[LEARNED_FROM];
    unsigned ended;
    uint64_t rate; /* what was taken last, in a minute */
    int64_t taken_at;
} Run;

typedef struct Throttle {
    Minute *minutes;  /* HEED_THROTTLE_MINUTES */
    GArray *ceilings; /* in the order of minutes */
    GArray *lowest;   /* of these, those that may bind */
    Run run;
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

unsigned
heed_throttle_rungs(void)
{
    return G_N_ELEMENTS(rungs);
}

/* --- what is known of each minute --- */

static void
gather(Throttle *throttle, const HeedThrottleRow *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const HeedThrottleRow *row = &rows[i];
        int64_t index = row->minute - throttle->now + HEED_THROTTLE_MINUTES - 1;
        int64_t wait = MIN((row->wait + 59) / 60, LONGEST_WAIT);
        Minute *minute;

        if (index < 0 || index >= HEED_THROTTLE_MINUTES)
            continue;
        minute = &throttle->minutes[index];
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
counts(const Minute *minutes, int64_t index, HeedThrottleCause cause)
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
           refused * 100 >= treatments[cause].counts_from * (taken + refused);
}

/* The cause that is treated most severely of those that count. */
static HeedThrottleCause
cause_of(const Minute *minutes, int64_t index)
{
    static const HeedThrottleCause order[] = {HEED_THROTTLE_STANDING, HEED_THROTTLE_RATE,
                                              HEED_THROTTLE_OVERLOAD, HEED_THROTTLE_CONNECTIONS};

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if (counts(minutes, index, order[i]))
            return order[i];
    return HEED_THROTTLE_NONE;
}

static bool
is_closed(const Minute *minute)
{
    return minute->all_refused > 0 &&
           minute->all_refused * 10 >= (minute->taken + minute->all_refused) * 9;
}

/* --- pauses and ceilings --- */

/* The longest of the last penalties, in minutes that surely belonged to them. */
static int64_t
learned_pause(const Run *run)
{
    int64_t longest = 0;

    for (unsigned i = 0; i < LEARNED_FROM; i++)
        longest = MAX(longest, run->learned[i]);
    return longest;
}

static void
end_run(Run *run)
{
    if (run->begin >= 0)
        run->learned[run->ended++ % LEARNED_FROM] = run->last - run->begin + 1;
    run->begin = -1;
    run->pause = 0;
}

/* How many minutes to wait after this one, which took nothing: as documented, else half as long
 * again as the refusals have lasted. */
static int64_t
wait_after(const Run *run, const Minute *minute, int64_t index, HeedThrottleCause cause)
{
    int64_t first = treatments[cause].first_pause;
    int64_t grown = CLAMP((index - run->begin) / 2, first, MAX(first, minute->usual));

    if (minute->documented > 0 && minute->usual == 0)
        return minute->documented;
    return MAX(minute->documented, grown);
}

static void
add_ceiling(Throttle *throttle, int64_t index, int64_t resume, HeedThrottleCause cause)
{
    Ceiling ceiling = {.minute = index,
                       .resume = resume,
                       .rate = throttle->run.rate > 0 ? throttle->run.rate : UNKNOWN_RATE,
                       .slowness = treatments[cause].slowness};

    if (treatments[cause].limits_messages)
        g_array_append_val(throttle->ceilings, ceiling);
}

static void
push_back(Throttle *throttle, int64_t index, HeedThrottleCause cause)
{
    const Minute *minute = &throttle->minutes[index];
    Run *run = &throttle->run;
    int64_t resume = index + 1 - rungs[HOLDING].after * treatments[cause].slowness;

    if (run->begin >= 0 && index - run->last > GAP)
        end_run(run);
    if (run->begin < 0)
        run->begin = index;
    run->last = index;
    if (is_closed(minute)) {
        resume = index + MAX(1, wait_after(run, minute, index, cause));
        run->pause = MAX(run->pause, resume);
        if (minute->documented == 0)
            run->pause = MAX(run->pause, run->begin + learned_pause(run));
    }
    add_ceiling(throttle, index, resume, cause);
}

/*
 * What is taken in a minute, as far as the last ones tell. A refusal cuts its minute short, so that
 * what was taken in it may be too little, and what was taken before may be of a better time: which
 * it was shows when mail flows again, more slowly. So what was known goes down by an eighth with
 * each minute that took something. Refusals have no say in this, or one more could raise it.
 */
static void
note_rate(Throttle *throttle, int64_t index)
{
    uint64_t taken = throttle->minutes[index].taken;
    Run *run = &throttle->run;

    if (taken > 0) {
        run->rate = MAX(taken, run->rate * 7 / 8);
        run->taken_at = index;
    } else if (run->rate > 0 && index - run->taken_at > STALE) {
        run->rate = MAX(run->rate, UNKNOWN_RATE);
    }
}

static void
fold(Throttle *throttle)
{
    throttle->run = (Run){.begin = -1};
    for (int64_t i = 0; i < HEED_THROTTLE_MINUTES; i++) {
        const Minute *minute = &throttle->minutes[i];
        HeedThrottleCause cause = cause_of(throttle->minutes, i);

        note_rate(throttle, i);
        if (cause != HEED_THROTTLE_NONE)
            push_back(throttle, i, cause);
        else if (minute->taken > 0)
            end_run(&throttle->run);
    }
}

/* What was taken for some minutes running after a ceiling was set, without a refusal, it will take
 * again. */
static void
prove(Throttle *throttle)
{
    uint64_t proven = 0;
    guint next = throttle->ceilings->len;

    for (int64_t i = HEED_THROTTLE_MINUTES - 1; i >= 0; i--) {
        uint64_t least = UINT64_MAX;

        while (next > 0 && g_array_index(throttle->ceilings, Ceiling, next - 1).minute >= i)
            g_array_index(throttle->ceilings, Ceiling, --next).proven = proven;
        for (int64_t j = i; j < i + PROVEN_MINUTES && least > 0; j++) {
            bool is_clean =
                j < HEED_THROTTLE_MINUTES && cause_of(throttle->minutes, j) == HEED_THROTTLE_NONE;

            least = is_clean ? MIN(least, throttle->minutes[j].taken) : 0;
        }
        proven = MAX(proven, least);
    }
}

static bool
is_below(const Ceiling *one, const Ceiling *other)
{
    return one->rate <= other->rate && one->proven <= other->proven &&
           one->resume >= other->resume && one->slowness >= other->slowness;
}

/* Leaves out ceilings that a newer one is always below. */
static void
keep_lowest(Throttle *throttle)
{
    GArray *kept = throttle->lowest;

    for (guint i = throttle->ceilings->len; i > 0; i--) {
        const Ceiling *ceiling = &g_array_index(throttle->ceilings, Ceiling, i - 1);
        bool is_needed = true;

        for (guint j = 0; j < kept->len && is_needed; j++)
            is_needed = !is_below(&g_array_index(kept, Ceiling, j), ceiling);
        if (is_needed)
            g_array_append_val(kept, *ceiling);
    }
}

/* The rung at an index, G_N_ELEMENTS(rungs) behind the last. */
static size_t
rung_at(const Ceiling *ceiling, int64_t index)
{
    int64_t age = (index - ceiling->resume) / ceiling->slowness;
    size_t rung = 0;

    if (age >= RUNGS_END)
        return G_N_ELEMENTS(rungs);
    while (rung + 1 < G_N_ELEMENTS(rungs) && rungs[rung + 1].after <= age)
        rung++;
    return rung;
}

/* The lowest ceiling at an index: 0 for none, and its rung. */
static uint64_t
lowest_ceiling(const Throttle *throttle, int64_t index, size_t *out_rung)
{
    uint64_t lowest = 0;

    for (guint i = 0; i < throttle->lowest->len; i++) {
        const Ceiling *ceiling = &g_array_index(throttle->lowest, Ceiling, i);
        size_t rung = rung_at(ceiling, index);
        uint64_t limit;

        if (rung == G_N_ELEMENTS(rungs))
            continue;
        limit = MAX(MAX(ceiling->rate * rungs[rung].percent / 100, ceiling->proven), 1);
        if (lowest == 0 || limit < lowest) {
            lowest = limit;
            *out_rung = rung;
        }
    }
    return lowest;
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
        const Minute *minute = &throttle->minutes[i];

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
    if (rung < HOLDING)
        return HEED_THROTTLE_TRYING;
    return rungs[rung].percent <= 100 ? HEED_THROTTLE_HOLDING : HEED_THROTTLE_PROBING;
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
        uint64_t messages = lowest_ceiling(throttle, i, &rung);
        bool is_paused = i < throttle->run.pause;
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
note_refusals(const Throttle *throttle, HeedThrottlePlan *plan)
{
    int64_t first = throttle->now - HEED_THROTTLE_MINUTES + 1;
    uint64_t of_cause[HEED_THROTTLE_CAUSES] = {0};

    for (int64_t i = 0; i < HEED_THROTTLE_MINUTES; i++) {
        const Minute *minute = &throttle->minutes[i];

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
    g_autofree Minute *minutes = g_new0(Minute, HEED_THROTTLE_MINUTES);
    g_autoptr(GArray) ceilings = g_array_new(FALSE, FALSE, sizeof(Ceiling));
    g_autoptr(GArray) lowest = g_array_new(FALSE, FALSE, sizeof(Ceiling));
    Throttle throttle = {.minutes = minutes,
                         .ceilings = ceilings,
                         .lowest = lowest,
                         .now = now,
                         .published = connections};

    *out = (HeedThrottlePlan){.end = now};
    gather(&throttle, rows, count);
    note_refusals(&throttle, out);
    if (out->refused < HEED_THROTTLE_LEAST)
        return;
    fold(&throttle);
    prove(&throttle);
    keep_lowest(&throttle);
    fold_connections(&throttle);
    if (throttle.run.pause > HEED_THROTTLE_MINUTES - 1)
        out->pause_until = now + throttle.run.pause - (HEED_THROTTLE_MINUTES - 1);
    write_steps(&throttle, out);
}
