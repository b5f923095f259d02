/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/throttle.h"

#include <glib.h>
#include <string.h>

#define NOW 29000000

#define RATE        HEED_THROTTLE_RATE
#define STANDING    HEED_THROTTLE_STANDING
#define CONNECTIONS HEED_THROTTLE_CONNECTIONS
#define OVERLOAD    HEED_THROTTLE_OVERLOAD
#define NONE        HEED_THROTTLE_NONE

/* --- single histories --- */

/* A minute so many before now. */
typedef struct Event {
    int64_t ago;
    HeedThrottleCause cause;
    uint64_t taken;
    uint64_t refused;
    int64_t wait; /* minutes; documented where is_documented */
    bool is_documented;
} Event;

typedef struct Row {
    const char *name;
    Event events[6]; /* up to the first that is empty */
    unsigned published;
    size_t least_steps; /* 0: nothing is advised */
    HeedThrottlePhase phase;
    uint64_t messages;
    uint64_t connections;
    int64_t pause; /* minutes from now */
} Row;

#define PAUSED  HEED_THROTTLE_PAUSED
#define TRYING  HEED_THROTTLE_TRYING
#define HOLDING HEED_THROTTLE_HOLDING
#define PROBING HEED_THROTTLE_PROBING

static const Row histories[] = {
    {.name = "nothing"},
    {.name = "delivered", .events = {{5, NONE, 1000, 0, 0, false}}},
    {.name = "two-refusals-are-chance", .events = {{1, RATE, 0, 2, 60, false}}},
    {.name = "share-too-small", .events = {{1, RATE, 1000, 50, 60, false}}},
    {.name = "excess-refused",
     .events = {{1, RATE, 100, 40, 60, false}},
     .least_steps = 5,
     .phase = HOLDING,
     .messages = 85,
     .connections = 9},
    {.name = "all-refused",
     .events = {{3, NONE, 100, 0, 0, false}, {1, RATE, 0, 40, 60, false}},
     .least_steps = 5,
     .phase = PAUSED,
     .messages = 25,
     .connections = 3,
     .pause = 4},
    {.name = "after-the-pause",
     .events = {{10, NONE, 100, 0, 0, false}, {6, RATE, 0, 40, 60, false}},
     .least_steps = 5,
     .phase = TRYING,
     .messages = 25,
     .connections = 3},
    {.name = "nobody-knows-what-was-taken",
     .events = {{20, RATE, 0, 40, 60, false}},
     .least_steps = 5,
     .phase = HOLDING,
     .messages = 8,
     .connections = 1},
    {.name = "beyond-what-was-taken",
     .events = {{150, NONE, 100, 0, 0, false}, {140, RATE, 0, 40, 60, false}},
     .least_steps = 2,
     .phase = PROBING,
     .messages = 130,
     .connections = 13},
    {.name = "long-ago", .events = {{500, RATE, 0, 40, 60, false}}},
    {.name = "a-documented-wait",
     .events = {{1, STANDING, 0, 40, 120, true}},
     .least_steps = 5,
     .phase = PAUSED,
     .messages = 2,
     .connections = 1,
     .pause = 119},
    {.name = "a-documented-wait-of-weeks-is-a-day",
     .events = {{1, STANDING, 0, 40, 40320, true}},
     .least_steps = 5,
     .phase = PAUSED,
     .messages = 2,
     .connections = 1,
     .pause = 24 * 60 - 1},
    {.name = "no-documented-wait-lasts-once-mail-is-taken",
     .events = {{20, STANDING, 0, 40, 120, true}, {10, NONE, 5, 0, 0, false}},
     .least_steps = 5,
     .phase = TRYING,
     .messages = 2,
     .connections = 1},
    {.name = "taken-again-for-long",
     .events = {{20, RATE, 0, 40, 60, false},
                {10, NONE, 90, 0, 0, false},
                {9, NONE, 80, 0, 0, false},
                {8, NONE, 70, 0, 0, false}},
     .least_steps = 2,
     .phase = HOLDING,
     .messages = 70,
     .connections = 7},
    {.name = "connections",
     .events = {{12, CONNECTIONS, 10, 10, 15, false}},
     .least_steps = 5,
     .phase = HOLDING,
     .connections = 10},
    {.name = "connections-published",
     .events = {{12, CONNECTIONS, 10, 10, 15, false}},
     .published = 4,
     .least_steps = 2,
     .phase = HOLDING,
     .connections = 2},
    {.name = "published-alone", .events = {{1, NONE, 10, 0, 0, false}}, .published = 4},
    {.name = "overload-of-a-part", .events = {{1, OVERLOAD, 60, 40, 15, false}}},
    {.name = "overload",
     .events = {{1, OVERLOAD, 40, 60, 15, false}},
     .least_steps = 5,
     .phase = HOLDING,
     .messages = 34,
     .connections = 4},
    {.name = "the-future-does-not-count", .events = {{-1, RATE, 0, 40, 60, false}}},
    {.name = "nor-do-other-days", .events = {{3000, RATE, 0, 40, 60, false}}},
};

static void
add(GArray *rows, const Event *event)
{
    HeedThrottleRow row = {.minute = NOW - event->ago,
                           .cause = event->cause,
                           .taken = event->taken,
                           .refused = event->refused,
                           .wait = event->wait * 60,
                           .documented = event->is_documented};

    g_array_append_val(rows, row);
}

static void
plan(const GArray *rows, unsigned published, HeedThrottlePlan *out)
{
    heed_throttle_plan((const HeedThrottleRow *)(const void *)rows->data, rows->len, NOW, published,
                       out);
}

static void
test_history(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(HeedThrottleRow));
    HeedThrottlePlan got;

    for (size_t i = 0; i < G_N_ELEMENTS(row->events); i++)
        if (row->events[i].taken + row->events[i].refused > 0)
            add(rows, &row->events[i]);
    plan(rows, row->published, &got);
    if (row->least_steps == 0) {
        g_assert_cmpuint(got.count, ==, 0);
        return;
    }
    g_assert_cmpuint(got.count, >=, row->least_steps);
    g_assert_cmpint(got.steps[0].phase, ==, row->phase);
    g_assert_cmpuint(got.steps[0].messages, ==, row->messages);
    g_assert_cmpuint(got.steps[0].connections, ==, row->connections);
    g_assert_cmpint(got.pause_until == 0 ? 0 : got.pause_until - NOW, ==, row->pause);
}

/* The second pause of a penalty that goes on is half as long as it has lasted, and the next
 * penalty's first one as long as that was seen to last. */
static void
test_pauses_learn(void)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(HeedThrottleRow));
    const Event before[] = {{200, NONE, 60, 0, 0, false}, {190, RATE, 0, 60, 60, false},
                            {170, RATE, 0, 6, 60, false}, {159, NONE, 6, 0, 0, false},
                            {100, NONE, 60, 0, 0, false}, {2, RATE, 0, 60, 60, false}};
    HeedThrottlePlan got;

    for (size_t i = 0; i < 3; i++)
        add(rows, &before[i]);
    heed_throttle_plan((const HeedThrottleRow *)(const void *)rows->data, rows->len, NOW - 165, 0,
                       &got);
    g_assert_cmpint(got.pause_until, ==, NOW - 160);
    for (size_t i = 3; i < G_N_ELEMENTS(before); i++)
        add(rows, &before[i]);
    plan(rows, 0, &got);
    g_assert_cmpint(got.pause_until, ==, NOW - 2 + 21);
}

static void
test_causes(void)
{
    g_assert_cmpint(heed_throttle_cause(HEED_CLASS_RATE_LIMIT), ==, RATE);
    g_assert_cmpint(heed_throttle_cause(HEED_CLASS_REPUTATION), ==, STANDING);
    g_assert_cmpint(heed_throttle_cause(HEED_CLASS_TOO_MANY_CONNECTIONS), ==, CONNECTIONS);
    g_assert_cmpint(heed_throttle_cause(HEED_CLASS_SYSTEM), ==, OVERLOAD);
    g_assert_cmpint(heed_throttle_cause(HEED_CLASS_GREYLISTED), ==, NONE);
    g_assert_cmpint(heed_throttle_cause(HEED_CLASS_MAILBOX_FULL), ==, NONE);
    g_assert_cmpint(heed_throttle_cause(HEED_CLASS_BAD_MAILBOX), ==, NONE);
}

/* --- properties, of random histories --- */

static const HeedThrottleCause all_causes[] = {NONE,     NONE,        RATE,    RATE,
                                               STANDING, CONNECTIONS, OVERLOAD};

static void
add_random(GArray *rows)
{
    Event event = {.ago = g_test_rand_int_range(0, g_test_rand_bit() ? 30 : 1500),
                   .cause = all_causes[g_test_rand_int_range(0, G_N_ELEMENTS(all_causes))],
                   .taken = (uint64_t)g_test_rand_int_range(0, 100),
                   .wait = g_test_rand_int_range(0, 90),
                   .is_documented = g_test_rand_int_range(0, 8) == 0};

    if (event.cause != NONE)
        event.refused = (uint64_t)g_test_rand_int_range(0, 100);
    add(rows, &event);
}

static GArray *
random_history(void)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(HeedThrottleRow));
    int count = g_test_rand_int_range(1, 40);

    for (int i = 0; i < count; i++)
        add_random(rows);
    return rows;
}

/* What holds at a minute; nothing advised is no limit. */
static HeedThrottleStep
at(const HeedThrottlePlan *made, int64_t minute)
{
    HeedThrottleStep step = {.messages = UINT64_MAX, .connections = UINT64_MAX, .phase = PROBING};

    for (size_t i = 0; i < made->count && made->steps[i].from <= minute; i++)
        step = made->steps[i];
    if (minute >= made->end || step.messages == 0)
        step.messages = UINT64_MAX;
    if (minute >= made->end || step.connections == 0)
        step.connections = UINT64_MAX;
    return step;
}

/* One more refusal raises no limit, now or later. */
static void
test_refusals_never_raise(void)
{
    for (int i = 0; i < 400; i++) {
        g_autoptr(GArray) rows = random_history();
        HeedThrottlePlan before;
        HeedThrottlePlan after;
        Event more = {.ago = g_test_rand_int_range(0, 1000),
                      .cause = all_causes[g_test_rand_int_range(2, G_N_ELEMENTS(all_causes))],
                      .refused = (uint64_t)g_test_rand_int_range(1, 100),
                      .wait = g_test_rand_int_range(0, 90)};

        plan(rows, 0, &before);
        add(rows, &more);
        plan(rows, 0, &after);
        for (int64_t minute = NOW; minute < NOW + 1500; minute += 5) {
            g_assert_cmpuint(at(&after, minute).messages, <=, at(&before, minute).messages);
            g_assert_cmpuint(at(&after, minute).connections, <=, at(&before, minute).connections);
        }
    }
}

static void
test_order_and_splits_do_not_matter(void)
{
    for (int i = 0; i < 200; i++) {
        g_autoptr(GArray) rows = random_history();
        g_autoptr(GArray) other = g_array_new(FALSE, FALSE, sizeof(HeedThrottleRow));
        HeedThrottlePlan one;
        HeedThrottlePlan two;

        for (guint j = rows->len; j > 0; j--) {
            HeedThrottleRow row = g_array_index(rows, HeedThrottleRow, j - 1);
            HeedThrottleRow part = row;

            part.taken /= 2;
            part.refused /= 2;
            row.taken -= part.taken;
            row.refused -= part.refused;
            g_array_append_val(other, row);
            g_array_append_val(other, part);
        }
        plan(rows, 0, &one);
        plan(other, 0, &two);
        g_assert_cmpuint(one.count, ==, two.count);
        g_assert_cmpint(one.pause_until, ==, two.pause_until);
        for (size_t j = 0; j < one.count; j++) {
            g_assert_cmpint(one.steps[j].from, ==, two.steps[j].from);
            g_assert_cmpuint(one.steps[j].messages, ==, two.steps[j].messages);
            g_assert_cmpuint(one.steps[j].connections, ==, two.steps[j].connections);
            g_assert_cmpint(one.steps[j].phase, ==, two.steps[j].phase);
        }
    }
}

/* Steps only rise, and end. */
static void
test_plans_rise_and_end(void)
{
    for (int i = 0; i < 400; i++) {
        g_autoptr(GArray) rows = random_history();
        HeedThrottlePlan got;

        plan(rows, (unsigned)g_test_rand_int_range(0, 30), &got);
        g_assert_cmpuint(got.count, <, HEED_THROTTLE_STEPS);
        g_assert_cmpint(got.end, <=, NOW + 3 * 24 * 60);
        for (size_t j = 0; j < got.count; j++) {
            const HeedThrottleStep *step = &got.steps[j];

            g_assert_cmpuint(step->rung, <=, heed_throttle_rungs());
            g_assert_cmpint(step->from, <, got.end);
            g_assert_true(step->messages > 0 || step->connections > 0 || step->phase == PAUSED);
            if (j > 0) {
                g_assert_cmpint(step->from, >, step[-1].from);
                g_assert_cmpuint(at(&got, step->from).messages, >=,
                                 at(&got, step[-1].from).messages);
            }
        }
    }
}

/* Each minute's limit is that of a plan made at that minute, if nothing else has happened. */
static void
test_plans_hold(void)
{
    for (int i = 0; i < 100; i++) {
        g_autoptr(GArray) rows = random_history();
        int64_t later = NOW + g_test_rand_int_range(1, 400);
        HeedThrottlePlan now;
        HeedThrottlePlan then;

        plan(rows, 0, &now);
        heed_throttle_plan((const HeedThrottleRow *)(const void *)rows->data, rows->len, later, 0,
                           &then);
        if (then.refused >= HEED_THROTTLE_LEAST)
            g_assert_cmpuint(at(&then, later).messages, ==, at(&now, later).messages);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(histories); i++) {
        g_autofree char *path = g_strconcat("/throttle/history/", histories[i].name, NULL);

        g_test_add_data_func(path, &histories[i], test_history);
    }
    g_test_add_func("/throttle/pauses-learn", test_pauses_learn);
    g_test_add_func("/throttle/causes", test_causes);
    g_test_add_func("/throttle/refusals-never-raise", test_refusals_never_raise);
    g_test_add_func("/throttle/order-and-splits-do-not-matter",
                    test_order_and_splits_do_not_matter);
    g_test_add_func("/throttle/plans-rise-and-end", test_plans_rise_and_end);
    g_test_add_func("/throttle/plans-hold", test_plans_hold);
    return g_test_run();
}
