/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/throttle_ceiling.h"

#define LEARNED_FROM   3U
#define GAP            120 /* minutes without a refusal that end a row of them */
#define UNKNOWN_RATE   10U /* a minute, where nothing says what was taken: what people begin with */
#define PROVEN_MINUTES 3
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
    int64_t first_pause; /* minutes, where nobody documents a wait */
    int64_t slowness;    /* how many times as long each rung lasts */
    bool limits_messages;
} treatments[HEED_THROTTLE_CAUSES] = {
    [HEED_THROTTLE_NONE] = {0, 1, false},     [HEED_THROTTLE_RATE] = {5, 1, true},
    [HEED_THROTTLE_STANDING] = {30, 4, true}, [HEED_THROTTLE_CONNECTIONS] = {5, 1, false},
    [HEED_THROTTLE_OVERLOAD] = {5, 1, true},
};

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

/* One pass over the minutes. */
typedef struct Fold {
    const HeedThrottleMinute *minutes; /* borrowed */
    GArray *ceilings;                  /* borrowed; in the order of minutes */
    Run run;
} Fold;

unsigned
heed_throttle_rungs(void)
{
    return G_N_ELEMENTS(rungs);
}

HeedThrottlePhase
heed_throttle_rung_phase(size_t rung)
{
    if (rung < HOLDING)
        return HEED_THROTTLE_TRYING;
    return rungs[rung].percent <= 100 ? HEED_THROTTLE_HOLDING : HEED_THROTTLE_PROBING;
}

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
wait_after(const Run *run, const HeedThrottleMinute *minute, int64_t index, HeedThrottleCause cause)
{
    int64_t first = treatments[cause].first_pause;
    int64_t grown = CLAMP((index - run->begin) / 2, first, MAX(first, minute->usual));

    if (minute->documented > 0 && minute->usual == 0)
        return minute->documented;
    return MAX(minute->documented, grown);
}

static void
add_ceiling(Fold *fold, int64_t index, int64_t resume, HeedThrottleCause cause)
{
    Ceiling ceiling = {.minute = index,
                       .resume = resume,
                       .rate = fold->run.rate > 0 ? fold->run.rate : UNKNOWN_RATE,
                       .slowness = treatments[cause].slowness};

    if (treatments[cause].limits_messages)
        g_array_append_val(fold->ceilings, ceiling);
}

static void
push_back(Fold *fold, int64_t index, HeedThrottleCause cause)
{
    const HeedThrottleMinute *minute = &fold->minutes[index];
    Run *run = &fold->run;
    int64_t resume = index + 1 - rungs[HOLDING].after * treatments[cause].slowness;

    if (run->begin >= 0 && index - run->last > GAP)
        end_run(run);
    if (run->begin < 0)
        run->begin = index;
    run->last = index;
    if (heed_throttle_minute_is_closed(minute)) {
        resume = index + MAX(1, wait_after(run, minute, index, cause));
        run->pause = MAX(run->pause, resume);
        if (minute->documented == 0)
            run->pause = MAX(run->pause, run->begin + learned_pause(run));
    }
    add_ceiling(fold, index, resume, cause);
}

/*
 * What is taken in a minute, as far as the last ones tell. A refusal cuts its minute short, so that
 * what was taken in it may be too little, and what was taken before may be of a better time: which
 * it was shows when mail flows again, more slowly. So what was known goes down by an eighth with
 * each minute that took something. Refusals have no say in this, or one more could raise it.
 */
static void
note_rate(Fold *fold, int64_t index)
{
    uint64_t taken = fold->minutes[index].taken;
    Run *run = &fold->run;

    if (taken > 0) {
        run->rate = MAX(taken, run->rate * 7 / 8);
        run->taken_at = index;
    } else if (run->rate > 0 && index - run->taken_at > STALE) {
        run->rate = MAX(run->rate, UNKNOWN_RATE);
    }
}

static void
fold_minutes(Fold *fold)
{
    for (int64_t i = 0; i < HEED_THROTTLE_MINUTES; i++) {
        const HeedThrottleMinute *minute = &fold->minutes[i];
        HeedThrottleCause cause = heed_throttle_minute_cause(fold->minutes, i);

        note_rate(fold, i);
        if (cause != HEED_THROTTLE_NONE)
            push_back(fold, i, cause);
        else if (minute->taken > 0)
            end_run(&fold->run);
    }
}

/* What was taken for some minutes running after a ceiling was set, without a refusal, it will take
 * again. */
static void
prove(Fold *fold)
{
    uint64_t proven = 0;
    guint next = fold->ceilings->len;

    for (int64_t i = HEED_THROTTLE_MINUTES - 1; i >= 0; i--) {
        uint64_t least = UINT64_MAX;

        while (next > 0 && g_array_index(fold->ceilings, Ceiling, next - 1).minute >= i)
            g_array_index(fold->ceilings, Ceiling, --next).proven = proven;
        for (int64_t j = i; j < i + PROVEN_MINUTES && least > 0; j++) {
            bool is_clean = j < HEED_THROTTLE_MINUTES &&
                            heed_throttle_minute_cause(fold->minutes, j) == HEED_THROTTLE_NONE;

            least = is_clean ? MIN(least, fold->minutes[j].taken) : 0;
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
static GArray *
lowest_of(const Fold *fold)
{
    GArray *kept = g_array_new(FALSE, FALSE, sizeof(Ceiling));

    for (guint i = fold->ceilings->len; i > 0; i--) {
        const Ceiling *ceiling = &g_array_index(fold->ceilings, Ceiling, i - 1);
        bool is_needed = true;

        for (guint j = 0; j < kept->len && is_needed; j++)
            is_needed = !is_below(&g_array_index(kept, Ceiling, j), ceiling);
        if (is_needed)
            g_array_append_val(kept, *ceiling);
    }
    return kept;
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

uint64_t
heed_throttle_ceilings_lowest(const HeedThrottleCeilings *ceilings, int64_t index, size_t *out_rung)
{
    uint64_t lowest = 0;

    for (guint i = 0; i < ceilings->lowest->len; i++) {
        const Ceiling *ceiling = &g_array_index(ceilings->lowest, Ceiling, i);
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

void
heed_throttle_ceilings_init(HeedThrottleCeilings *ceilings, const HeedThrottleMinute *minutes)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Ceiling));
    Fold fold = {.minutes = minutes, .ceilings = all, .run = {.begin = -1}};

    fold_minutes(&fold);
    prove(&fold);
    ceilings->lowest = lowest_of(&fold);
    ceilings->pause = fold.run.pause;
}

void
heed_throttle_ceilings_clear(HeedThrottleCeilings *ceilings)
{
    g_clear_pointer(&ceilings->lowest, g_array_unref);
}
