/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Senders with an endless backlog against receivers that punish excess. One follows our advice,
 * which is made anew every few minutes of nothing but the attempts of each minute; the others send
 * at a fixed pace, or as fast as they can. Second by second, without chance but for a generator
 * with a fixed seed. The test runs a day of each; `-m perf` prints the table of seven days that
 * docs/measurements.md has.
 */
#include "suppress/throttle.h"

#include <glib.h>
#include <stdio.h>

#define DAY            (24 * 60)
#define FASTEST        300U /* messages a minute of who has no limit */
#define PER_CONNECTION 6U   /* messages a minute that one connection carries */
#define FIRST_MINUTE   29000000
#define TEST_DAYS      1
#define TABLE_DAYS     7

typedef struct Receiver {
    const char *name;
    unsigned quarters[4]; /* messages it takes in a window, by the quarter of the day */
    unsigned window;      /* seconds; 0: 60 */
    unsigned offset;      /* of its windows against the minutes of the clock */
    unsigned penalty;     /* minutes in which it refuses everything after an excess */
    unsigned connections; /* that it takes at a time; 0: any */
    unsigned greylisted;  /* of 100 */
    unsigned sloppy;      /* of 1000, refused as too many for no reason */
    unsigned wait;        /* minutes that its reply documents; 0: none */
    bool is_prolonged;    /* by each attempt */
    unsigned beaten;      /* a fixed pace that delivers less, in messages a minute */
} Receiver;

typedef struct Outcome {
    uint64_t delivered;
    uint64_t refused;
    unsigned penalised; /* minutes */
} Outcome;

typedef struct Run {
    const Receiver *receiver;
    unsigned limit; /* messages a minute; 0: by the advice */
    GRand *random;  /* owned */
    GArray *rows;   /* owned; HeedThrottleRow */
    HeedThrottlePlan plan;
    unsigned second;
    unsigned window_end;
    unsigned in_window;
    unsigned refusing_until; /* a second */
    unsigned owed;           /* parts of messages, 60 each */
    Outcome outcome;
} Run;

static unsigned
allowed(const Run *run)
{
    return run->receiver->quarters[run->second / 60 % DAY / (DAY / 4)];
}

/* --- the receiver --- */

static bool
is_taken(Run *run)
{
    const Receiver *receiver = run->receiver;

    if (run->second < run->refusing_until) {
        if (receiver->is_prolonged)
            run->refusing_until = run->second + receiver->penalty * 60;
        return false;
    }
    if (run->second >= run->window_end) {
        unsigned length = receiver->window > 0 ? receiver->window : 60;

        run->window_end =
            (run->second + length - receiver->offset) / length * length + receiver->offset;
        run->in_window = 0;
    }
    if (run->in_window < allowed(run)) {
        run->in_window++;
        return true;
    }
    run->refusing_until = run->second + receiver->penalty * 60;
    return false;
}

static void
count(Run *run, HeedThrottleCause cause, uint64_t taken, uint64_t refused)
{
    HeedThrottleRow row = {.minute = FIRST_MINUTE + run->second / 60,
                           .cause = cause,
                           .taken = taken,
                           .refused = refused,
                           .wait = cause == HEED_THROTTLE_NONE ? 0 : 60 * 60};

    if (run->receiver->wait > 0 && row.wait > 0) {
        row.wait = run->receiver->wait * 60;
        row.documented = true;
    }
    g_array_append_val(run->rows, row);
}

/* --- the sender --- */

static const HeedThrottleStep *
step_now(const Run *run)
{
    const HeedThrottleStep *step = NULL;
    int64_t minute = FIRST_MINUTE + run->second / 60;

    for (size_t i = 0; i < run->plan.count && run->plan.steps[i].from <= minute; i++)
        step = &run->plan.steps[i];
    return minute < run->plan.end ? step : NULL;
}

static unsigned
pace(const Run *run)
{
    const HeedThrottleStep *step = step_now(run);

    if (run->limit > 0)
        return run->limit;
    if (step == NULL || (step->phase != HEED_THROTTLE_PAUSED && step->messages == 0))
        return FASTEST;
    return step->phase == HEED_THROTTLE_PAUSED ? 0 : (unsigned)MIN(step->messages, FASTEST);
}

static unsigned
connections(const Run *run)
{
    const HeedThrottleStep *step = run->limit > 0 ? NULL : step_now(run);

    return step == NULL || step->connections == 0 ? 20 : (unsigned)step->connections;
}

/* Each connection too many is refused once a minute, and what are left carry so much each. */
static unsigned
connect(Run *run, unsigned wanted)
{
    unsigned used = MIN(connections(run), (wanted + PER_CONNECTION - 1) / PER_CONNECTION);
    unsigned most = run->receiver->connections;

    if (most == 0)
        return wanted;
    if (used > most && run->second >= run->refusing_until) {
        count(run, HEED_THROTTLE_CONNECTIONS, 0, used - most);
        run->outcome.refused += used - most;
    }
    return MIN(wanted, MIN(used, most) * PER_CONNECTION);
}

static void
send_minute(Run *run)
{
    unsigned wanted = connect(run, pace(run));
    uint64_t taken = 0;
    uint64_t refused = 0;
    bool was_penalised = run->second < run->refusing_until;

    for (unsigned i = 0; i < 60; i++, run->second++) {
        for (run->owed += wanted; run->owed >= 60; run->owed -= 60) {
            if (g_rand_int_range(run->random, 0, 100) < (int)run->receiver->greylisted)
                continue;
            if (g_rand_int_range(run->random, 0, 1000) < (int)run->receiver->sloppy ||
                !is_taken(run))
                refused++;
            else
                taken++;
        }
        if (wanted == 0)
            run->owed = 0;
    }
    run->second--;
    if (taken > 0)
        count(run, HEED_THROTTLE_NONE, taken, 0);
    if (refused > 0)
        count(run, HEED_THROTTLE_RATE, 0, refused);
    run->second++;
    run->outcome.delivered += taken;
    run->outcome.refused += refused;
    run->outcome.penalised += was_penalised;
}

static Outcome
simulate(const Receiver *receiver, unsigned limit, unsigned every, unsigned days)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(20261130);
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(HeedThrottleRow));
    Run run = {.receiver = receiver, .limit = limit, .random = random, .rows = rows};

    for (unsigned minute = 0; minute < days * DAY; minute++) {
        if (limit == 0 && minute % every == 0)
            heed_throttle_plan((const HeedThrottleRow *)(const void *)rows->data, rows->len,
                               FIRST_MINUTE + minute - 1, 0, &run.plan);
        send_minute(&run);
    }
    return run.outcome;
}

/* --- the receivers --- */

static const Receiver receivers[] = {
    {.name = "60, 20, 120, 40 a minute",
     .quarters = {60, 20, 120, 40},
     .penalty = 10,
     .beaten = 20},
    {.name = "60, 8, 120, 40 a minute", .quarters = {60, 8, 120, 40}, .penalty = 10, .beaten = 20},
    {.name = "always 60", .quarters = {60, 60, 60, 60}, .penalty = 10, .beaten = 20},
    {.name = "60, 20, 120, 40; penalty 5 minutes",
     .quarters = {60, 20, 120, 40},
     .penalty = 5,
     .beaten = 20},
    {.name = "penalty 30 minutes", .quarters = {60, 20, 120, 40}, .penalty = 30, .beaten = 20},
    {.name = "penalty 30 minutes, documented",
     .quarters = {60, 20, 120, 40},
     .penalty = 30,
     .wait = 30,
     .beaten = 20},
    {.name = "each attempt prolongs the penalty",
     .quarters = {60, 20, 120, 40},
     .penalty = 10,
     .is_prolonged = true,
     .beaten = 20},
    {.name = "windows begin 23 s after our minutes",
     .quarters = {60, 20, 120, 40},
     .penalty = 10,
     .offset = 23,
     .beaten = 20},
    {.name = "only the excess is refused", .quarters = {60, 20, 120, 40}, .beaten = 20},
    {.name = "a fifth greylisted, 1 % refused for nothing",
     .quarters = {60, 20, 120, 40},
     .penalty = 10,
     .greylisted = 20,
     .sloppy = 10,
     .beaten = 20},
    {.name = "1200 an hour, at any pace",
     .quarters = {1200, 1200, 1200, 1200},
     .window = 3600,
     .beaten = 15},
    {.name = "4 connections, at any pace",
     .quarters = {9999, 9999, 9999, 9999},
     .connections = 4,
     .beaten = 20},
    {.name = "takes everything", .quarters = {9999, 9999, 9999, 9999}, .beaten = 20},
};

static void
test_receiver(gconstpointer data)
{
    const Receiver *receiver = data;
    Outcome advised = simulate(receiver, 0, 5, TEST_DAYS);
    Outcome fixed = simulate(receiver, receiver->beaten, 0, TEST_DAYS);
    Outcome fastest = simulate(receiver, FASTEST, 0, TEST_DAYS);

    g_assert_cmpuint(advised.delivered, >, fixed.delivered);
    /* Most of them in the minutes until the next advice. */
    g_assert_cmpuint(advised.refused, <, advised.delivered / 5);
    g_assert_cmpuint(advised.refused, <=, fastest.refused);
    if (receiver->penalty > 0)
        g_assert_cmpuint(advised.delivered, >, 2 * fastest.delivered);
}

/* Near to what it allows, on the second day, and never for long above. */
static void
test_converges(void)
{
    Outcome one = simulate(&receivers[2], 0, 5, 1);
    Outcome two = simulate(&receivers[2], 0, 5, 2);
    uint64_t allowed_in_a_day = 60 * DAY;

    g_assert_cmpuint(two.delivered - one.delivered, >, allowed_in_a_day * 3 / 4);
    g_assert_cmpuint(two.refused - one.refused, <, allowed_in_a_day / 16);
    g_assert_cmpuint(two.penalised - one.penalised, <, DAY / 10);
}

/* The rows of the table in docs/measurements.md. */
static void
print_table(void)
{
    static const struct {
        unsigned limit;
        unsigned every;
    } senders[] = {{0, 1}, {0, 5}, {10, 0}, {15, 0}, {20, 0}, {FASTEST, 0}};

    for (size_t i = 0; i < G_N_ELEMENTS(receivers); i++) {
        (void)printf("| %s |", receivers[i].name);
        for (size_t j = 0; j < G_N_ELEMENTS(senders); j++) {
            Outcome outcome =
                simulate(&receivers[i], senders[j].limit, senders[j].every, TABLE_DAYS);
            double minutes = TABLE_DAYS * DAY;

            (void)printf(" %.1f, %.1f, %.0f %% |", (double)outcome.delivered / minutes,
                         (double)outcome.refused / minutes, 100.0 * outcome.penalised / minutes);
        }
        (void)printf("\n");
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (g_test_perf()) {
        print_table();
        return 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(receivers); i++) {
        g_autofree char *path = g_strdup_printf("/throttle_simulation/receiver/%zu", i);

        g_test_add_data_func(path, &receivers[i], test_receiver);
    }
    g_test_add_func("/throttle_simulation/converges", test_converges);
    return g_test_run();
}
