/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "tests/support/check.h"
#include "tests/support/outage.h"

#include <string.h>

#ifdef HEED_SANITIZED
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define HOUR 3600
#define DAY  (24 * INT64_C(3600))
#define DEAD 8U /* of a batch, elsewhere */

static HeedTestDatabase *test;
static HeedPolicy *policy;

/* What is computed anew differs in nothing. */
static void
assert_rebuilt(void)
{
    g_autoptr(GError) error = NULL;
    HeedRebuilt rebuilt;

    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.changed, ==, 0);
}

static uint64_t
resolve(const char *name, bool discard)
{
    const HeedGuardChoice choice = {.name = name};
    g_autoptr(GError) error = NULL;
    HeedGuardResolved done;

    heed_assert_done(
        heed_guard_resolve(test->database, &choice, discard, "ann", "sure", &done, &error), error);
    g_assert_cmpuint(done.holds, >=, 1);
    return done.switched;
}

/* Six hours of lots that come every ten minutes, beside usual ones at other domains. */
static void
six_hours(HeedOutage *outage, HeedOutageLot lot)
{
    const HeedOutageLot others = {
        .prefix = "dead", .domain = "d%.example", .domains = 40, .count = DEAD};
    const HeedOutageLot lots[] = {lot, others};

    outage->now += 10 * HOUR;
    for (unsigned i = 0; i < 36; i++) {
        heed_outage_store(outage, lots, 2);
        outage->now += 600;
    }
}

/* The same on a first day, with others that fail at ever different ones of forty domains for six
 * hours: they are no surge of our server's. */
static void
test_others(void)
{
    const unsigned days[] = {0, 8};

    for (size_t i = 0; i < G_N_ELEMENTS(days); i++) {
        HeedOutage outage;

        heed_outage_begin(&outage, test, policy);
        heed_outage_usual(&outage, days[i], 30, 40);
        six_hours(&outage,
                  (HeedOutageLot){
                      .prefix = "victim", .domain = "big.example", .provider = "big", .count = 40});
        g_assert_cmpuint(heed_outage_count(&outage, "victim", "suppressed"), ==, 0);
        g_assert_cmpuint(heed_outage_count(&outage, "dead", "suppressed"), ==, 36 * DEAD);
    }
}

/* A provider says for hours that nobody exists. */
static void
test_outage(void)
{
    HeedOutage outage;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 30, 30, 40);
    g_assert_cmpuint(outage.placed, ==, 0);
    six_hours(&outage,
              (HeedOutageLot){
                  .prefix = "victim", .domain = "big.example", .provider = "big", .count = 60});
    g_assert_cmpuint(outage.placed, ==, 2); /* the domain and the provider */
    g_assert_cmpuint(heed_outage_count(&outage, "victim", "held"), ==, 36 * 60);
    g_assert_cmpuint(heed_outage_count(&outage, "dead", "suppressed"), ==, 36 * DEAD);
    assert_rebuilt();
    /* The next day is as any other again; two days later all have lapsed. */
    outage.now += 8 * HOUR;
    heed_outage_usual(&outage, 1, 30, 40);
    outage.now += 3 * 24 * HOUR;
    heed_outage_usual(&outage, 1, 30, 40);
    g_assert_cmpuint(heed_outage_count(&outage, "victim", "mailed"), ==, 36 * 60);
    g_assert_cmpuint(heed_outage_count(&outage, "usual", "mailed"), <=, 40);
    g_assert_cmpuint(outage.placed, ==, 2);
    assert_rebuilt();
}

/* As if nothing of these addresses were known: what they fail with next is another failure. */
static void
forget_failures(const char *prefix)
{
    g_autofree char *sql = g_strdup_printf(
        "UPDATE heed_data.event SET digest = '\\x00' || digest, failure_key = '\\x00' || failure_key"
        " WHERE starts_with(address, '%s')",
        prefix);

    heed_test_database_do(test->database, sql);
}

/* Addresses that fail again after it are dead. */
static void
test_again(void)
{
    HeedOutage outage;
    HeedOutageLot again = {
        .prefix = "victim", .domain = "big.example", .provider = "big", .count = 10};
    unsigned first = 0;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 30, 30, 40);
    first = outage.next;
    six_hours(&outage,
              (HeedOutageLot){
                  .prefix = "victim", .domain = "big.example", .provider = "big", .count = 60});
    outage.now += 4 * 24 * HOUR;
    outage.next = first; /* the same addresses, and in no message of before */
    forget_failures("victim");
    heed_outage_store(&outage, &again, 1);
    g_assert_cmpuint(heed_outage_count(&outage, "victim", "suppressed"), ==, 10);
    assert_rebuilt();
}

/* A bad list at a domain is held, and released at once; or discarded. */
static void
test_list(void)
{
    HeedOutage outage;
    const HeedOutageLot list = {.prefix = "old", .domain = "d7.example", .count = 400};

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 30, 30, 40);
    outage.now += 10 * HOUR;
    heed_outage_store(&outage, &list, 1);
    g_assert_cmpuint(outage.placed, ==, 1);
    g_assert_cmpuint(heed_outage_count(&outage, "old", "held"), ==, 400);
    heed_test_database_do(test->database,
                          "UPDATE heed_data.address_state"
                          " SET until = now() + interval '1 day' WHERE hold_id = 1");
    g_assert_cmpuint(resolve("d7.example", false), ==, 400); /* they have no end any more */
    g_assert_cmpuint(heed_outage_count(&outage, "old", "suppressed"), ==, 400);
    assert_rebuilt();
    {
        const int64_t hold = 1;
        const HeedGuardChoice choice = {.holds = &hold, .count = 1};
        g_autoptr(GError) error = NULL;
        HeedGuardResolved done;

        heed_assert_done(
            heed_guard_resolve(test->database, &choice, true, "bob", NULL, &done, &error), error);
        g_assert_cmpuint(done.switched, ==, 400);
    }
    g_assert_cmpuint(heed_outage_count(&outage, "old", "mailed"), ==, 400);
    assert_rebuilt();
}

/* A resolver of our own says that no domain exists: the server's reports are held. */
static void
test_resolver(void)
{
    HeedOutage outage;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 30, 30, 40);
    six_hours(
        &outage,
        (HeedOutageLot){.prefix = "victim", .domain = "r%.example", .domains = 2000, .count = 60});
    g_assert_cmpuint(outage.placed, ==, 1);
    g_assert_cmpuint(heed_outage_count(&outage, "victim", "held"), >=, 36 * 60 - 100);
    assert_rebuilt();
}

/* Nothing of it where usual days follow usual days, though the first ones have no history, and
 * though some are four times as bad. */
static void
test_usual(void)
{
    HeedOutage outage;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 30, 100, 100);
    heed_outage_usual(&outage, 1, 200, 200);
    heed_outage_usual(&outage, 10, 100, 100);
    g_assert_cmpuint(outage.placed, ==, 0);
    g_assert_cmpuint(heed_outage_count(&outage, "usual", "held"), ==, 0);
}

/* Two years of ordinary bounces that come at once, in pieces; with an outage of six hours in it. */
static void
read_old_mailbox(HeedOutage *outage, const unsigned *order, unsigned pieces, bool is_outage)
{
    int64_t begun = outage->now - 2 * 365 * DAY;
    int64_t length = 2 * 365 * DAY / pieces;
    int64_t broken = begun + 365 * DAY + 7 * HOUR + 1234;

    for (unsigned i = 0; i < pieces; i++) {
        int64_t from = begun + order[i] * length;
        int64_t until = from + length;
        const HeedOutageLot lots[] = {
            {"dead", "d%.example", NULL, NULL, 20, 2000 / pieces, from, until},
            {"dead", "big.example", "big", NULL, 0, 1000 / pieces, from, until},
            {"victim", "big.example", "big", NULL, 0, 600, broken, broken + 3 * HOUR},
            {"victim", "big.example", "big", NULL, 0, 600, broken + 3 * HOUR, broken + 6 * HOUR},
        };

        heed_outage_store(outage, lots, 2);
        outage->now++;
        /* The two halves in batches of their own, as the order has them. */
        if (!is_outage || broken < from || broken >= until)
            continue;
        heed_outage_store(outage, lots + (order[0] == 0 ? 2 : 3), 1);
        outage->now++;
        heed_outage_store(outage, lots + (order[0] == 0 ? 3 : 2), 1);
        outage->now++;
    }
}

static void
test_old_mailbox(void)
{
    static const unsigned orders[][5] = {
        {0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {3, 0, 4, 2, 1}};

    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        bool is_outage = i > 0;
        HeedOutage outage;

        heed_outage_begin(&outage, test, policy);
        read_old_mailbox(&outage, orders[i], 5, is_outage);
        g_assert_cmpuint(outage.placed > 0, ==, is_outage);
        g_assert_cmpuint(heed_outage_count(&outage, "victim", "mailed"), ==, is_outage ? 1200 : 0);
        /* An ordinary failure or two within its hours lapse with the others. */
        g_assert_cmpuint(heed_outage_count(&outage, "dead", "suppressed"), >=,
                         is_outage ? 2990 : 3000);
        assert_rebuilt();
    }
}

#define ORDERED 76

/* Two months of a failure a day, and an outage of eight hours that two mailboxes tell of. */
static void
make_outage(HeedOutageLot *lots, int64_t begun)
{
    static const unsigned counts[] = {25, 20};

    for (unsigned i = 0; i < ORDERED; i++) {
        unsigned hour = i < 60 ? i * 24 + i * 7 % 24 : 30 * 24 + (i - 60) / 2;
        int64_t from = begun + hour * INT64_C(3600) + 600;

        lots[i] = (HeedOutageLot){.prefix = i < 60 ? "dead" : "victim",
                                  .domain = "big.example",
                                  .provider = "big",
                                  .count = i < 60 ? 1 : counts[i % 2],
                                  .from = from,
                                  .until = from + (i < 60 ? 0 : HOUR)};
    }
}

/* Whatever is read first: nobody is suppressed whom the outage failed, and of the others not more
 * than those of its days are held. */
static void
test_any_order(void)
{
    for (uint32_t seed = 0; seed < 2; seed++) {
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        HeedOutageLot lots[ORDERED];
        HeedOutage outage;

        heed_outage_begin(&outage, test, policy);
        make_outage(lots, outage.now - 300 * DAY);
        for (unsigned i = ORDERED - 1; i > 0; i--) { /* the first time backwards */
            unsigned other =
                seed == 0 ? ORDERED - 1 - i : (unsigned)g_rand_int_range(random, 0, (int)i + 1);
            HeedOutageLot lot = lots[i];

            if (seed == 0 && other >= i)
                break;
            lots[i] = lots[other];
            lots[other] = lot;
        }
        for (unsigned i = 0; i < ORDERED; i++) {
            heed_outage_store(&outage, &lots[i], 1);
            outage.now++;
        }
        g_assert_cmpuint(heed_outage_count(&outage, "victim", "suppressed"), ==, 0);
        g_assert_cmpuint(heed_outage_count(&outage, "dead", "suppressed"), >=, 57);
        assert_rebuilt();
    }
}

static void
assert_none_lasts(void)
{
    g_autofree char *lasting = heed_test_database_get(
        test->database, "SELECT count(*) FROM heed.guard_hold WHERE ended_at IS NULL");

    g_assert_cmpstr(lasting, ==, "0");
}

/* An outage of long ago, and what failed long or some hours after it: that is no part of it,
 * whatever is read first. */
static void
test_old_silence(void)
{
    static const unsigned hours_later[][3] = {
        {0, 300 * 24, 600 * 24},
        {0, 600 * 24, 300 * 24},
        {20 * 24, 0, 10 * 24},
        {20, 0, 10},
        {0, 20, 10},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(hours_later); i++) {
        HeedOutage outage;
        int64_t begun;

        heed_outage_begin(&outage, test, policy);
        begun = outage.now - 700 * DAY;
        for (size_t j = 0; j < G_N_ELEMENTS(hours_later[i]); j++) {
            unsigned later = hours_later[i][j];
            int64_t from = begun + later * INT64_C(3600);
            const HeedOutageLot lot = {.prefix = later == 0 ? "victim" : "dead",
                                       .domain = "shop.example",
                                       .count = later == 0 ? 600 : 20,
                                       .from = from,
                                       .until = from + HOUR};

            heed_outage_store(&outage, &lot, 1);
            outage.now++;
            assert_none_lasts();
        }
        g_assert_cmpuint(heed_outage_count(&outage, "victim", "suppressed"), ==, 0);
        g_assert_cmpuint(heed_outage_count(&outage, "dead", "suppressed"), ==, 40);
        assert_rebuilt();
    }
}

/* What failed in the hold's first minutes, but is read late, ends nothing. */
static void
test_late_beginning(void)
{
    HeedOutage outage;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 8, 30, 40);
    outage.now += 50 * 60;
    for (unsigned i = 0; i < 28; i++) { /* creeps in, shows with the seventeenth, and goes on */
        int64_t begun = outage.now - 25 * HOUR - 45 * 60;
        const HeedOutageLot lots[] = {
            {.prefix = "victim", .domain = "slow.example", .count = 3},
            {"early", "slow.example", NULL, NULL, 0, 1, begun, begun},
        };

        heed_outage_store(&outage, lots, i == 17 ? 2 : 1);
        outage.now += HOUR;
    }
    g_assert_cmpuint(outage.placed, ==, 1);
    g_assert_cmpuint(heed_outage_count(&outage, "victim", "suppressed"), ==, 0);
}

/* What another mailbox has of a surge's hour before moves the beginning of its hold; it lasts as
 * before. */
static void
test_earlier_beginning(void)
{
    HeedOutage outage;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 8, 30, 40);
    outage.now += 10 * HOUR + 300;
    {
        int64_t before = outage.now - 2 * HOUR;
        const HeedOutageLot first = {.prefix = "victim", .domain = "shop.example", .count = 200};
        const HeedOutageLot second[] = {
            {"victim", "shop.example", NULL, NULL, 0, 60, before, before + 1200},
            {.prefix = "victim", .domain = "shop.example", .count = 20},
        };

        heed_outage_store(&outage, &first, 1);
        outage.now += 600;
        heed_test_database_do(test->database, "SELECT heed_data.fold_guard()");
        heed_outage_store(&outage, second, 2);
    }
    g_assert_cmpuint(heed_outage_count(&outage, "victim", "held"), ==, 280);
    g_assert_cmpuint(outage.placed, ==, 1);
    assert_rebuilt();
}

/* A hold may begin within an hour, behind one that was decided then; counts that are old say only
 * the hour. When it ends by itself, what it held is let go and not suppressed. */
static void
test_begun_within_an_hour(void)
{
    const HeedOutageLot list = {.prefix = "typo", .domain = "typo.example", .count = 200};
    HeedOutage outage;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 8, 30, 40);
    outage.now += 10 * HOUR + 300;
    heed_outage_store(&outage, &list, 1);
    outage.now += 20 * 60;
    heed_outage_store(&outage, &list, 1);
    g_assert_cmpuint(outage.placed, ==, 1);
    heed_test_database_do(
        test->database,
        "UPDATE heed_data.guard_hold SET began_at = date_trunc('hour', placed_at) + interval '3 min'");
    heed_test_database_do(test->database, "SELECT heed_data.fold_guard()");
    outage.now += 2 * DAY;
    heed_outage_usual(&outage, 8, 30, 40);
    assert_none_lasts();
    g_assert_cmpuint(heed_outage_count(&outage, "typo", "suppressed"), ==, 0);
    assert_rebuilt();
}

/* A name that was never mailed before, and is not again for long: its hold ends by itself.
 * Addresses that fail again then are dead; but very many at once are another surge. */
static void
test_one_off(void)
{
    const HeedOutageLot list = {.prefix = "typo", .domain = "typo.example", .count = 200};
    const HeedOutageLot again = {.prefix = "typo", .domain = "typo.example", .count = 10};
    const HeedOutageLot late = {.prefix = "late", .domain = "typo.example", .count = 10};
    HeedOutage outage;
    unsigned first;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 8, 30, 40);
    outage.now += 10 * HOUR;
    first = outage.next;
    heed_outage_store(&outage, &list, 1);
    g_assert_cmpuint(outage.placed, ==, 1);
    g_assert_cmpuint(heed_outage_count(&outage, "typo", "held"), ==, 200);
    outage.now += 2 * DAY + 14 * HOUR;
    g_assert_cmpuint(heed_outage_count(&outage, "typo", "mailed"), ==, 200);
    outage.now += 7 * DAY;
    heed_outage_usual(&outage, 1, 30, 40);
    assert_none_lasts();
    outage.now += 40 * DAY;
    forget_failures("typo");
    outage.next = first; /* the same addresses */
    heed_outage_store(&outage, &again, 1);
    outage.next = 1000000;
    heed_outage_store(&outage, &late, 1);
    g_assert_cmpuint(heed_outage_count(&outage, "typo", "suppressed"), ==, 10);
    g_assert_cmpuint(heed_outage_count(&outage, "typo", "mailed"), ==, 190);
    g_assert_cmpuint(heed_outage_count(&outage, "late", "suppressed"), ==, 10);
    assert_rebuilt();
    outage.now += 31 * DAY;
    forget_failures("typo");
    outage.next = first;
    heed_outage_store(&outage, &list, 1);
    g_assert_cmpuint(heed_outage_count(&outage, "typo", "suppressed"), ==, 10);
    g_assert_cmpuint(heed_outage_count(&outage, "typo", "held"), ==, 190);
}

/* A guard that is turned off holds nothing any more. */
static void
test_turned_off(void)
{
    const HeedOutageLot list = {.prefix = "old", .domain = "d7.example", .count = 400};
    const HeedOutageLot later = {.prefix = "later", .domain = "d7.example", .count = 400};
    HeedOutage outage;

    heed_outage_begin(&outage, test, policy);
    heed_outage_store(&outage, &list, 1);
    outage.options.off = true;
    outage.now += 2 * HOUR;
    heed_outage_store(&outage, &later, 1);
    g_assert_cmpuint(heed_outage_count(&outage, "old", "held"), ==, 400);
    g_assert_cmpuint(heed_outage_count(&outage, "later", "suppressed"), ==, 400);
    assert_rebuilt();
}

/* Nobody polled for three days: what comes then all at once is three usual days. */
static void
test_late_poll(void)
{
    HeedOutage outage;
    HeedOutageLot days[3];

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 30, 100, 100);
    for (unsigned i = 0; i < G_N_ELEMENTS(days); i++)
        days[i] = (HeedOutageLot){.prefix = "late",
                                  .domain = "big.example",
                                  .provider = "big",
                                  .count = 100,
                                  .from = outage.now + i * DAY + 9 * HOUR,
                                  .until = outage.now + i * DAY + 12 * HOUR};
    outage.now += 3 * DAY;
    heed_outage_store(&outage, days, G_N_ELEMENTS(days));
    g_assert_cmpuint(outage.placed, ==, 0);
    g_assert_cmpuint(heed_outage_count(&outage, "late", "suppressed"), ==, 300);
}

/* What others can have made for the asking moves nothing. */
static void
test_plausible(void)
{
    HeedOutage outage;
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    unsigned placed = 0;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 10, 30, 40);
    heed_test_database_do(
        test->database,
        "INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, closed, trust, kind,"
        " class, verdict, address, domain, failure_key) SELECT '2026-02-01', int4send(i), 0,"
        " '2026-02-01', false, 2, 'bounce', 'bad-mailbox', 'hard', 'f' || i || '@d1.example',"
        " 'd1.example', int4send(i) FROM generate_series(1, 500) AS i");
    for (unsigned i = 1; i <= 500; i++)
        g_ptr_array_add(addresses, g_strdup_printf("f%u@d1.example", i));
    heed_assert_done(
        heed_guard_watch(test->database, &outage.options, 1769904000, addresses, &placed, &error),
        error);
    g_assert_cmpuint(placed, ==, 0);
    g_assert_cmpuint(addresses->len, ==, 500);
}

static void
test_off(void)
{
    HeedOutage outage;
    const HeedOutageLot list = {.prefix = "old", .domain = "d7.example", .count = 400};

    heed_outage_begin(&outage, test, policy);
    outage.options.off = true;
    heed_outage_store(&outage, &list, 1);
    g_assert_cmpuint(heed_outage_count(&outage, "old", "suppressed"), ==, 400);
}

static void
test_no_such_hold(void)
{
    const int64_t hold = 99;
    const HeedGuardChoice choices[] = {{.holds = &hold, .count = 1}, {.name = "no.example"}, {0}};
    HeedOutage outage;

    heed_outage_begin(&outage, test, policy);
    for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
        g_autoptr(GError) error = NULL;
        HeedGuardResolved done;

        g_assert_false(
            heed_guard_resolve(test->database, &choices[i], true, "ann", NULL, &done, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT);
    }
}

/* Two pollers have each a half of a surge. What the one folded before the other places the hold is
 * held, too. */
typedef struct Poller {
    HeedOutage outage;
    unsigned batches;
    const char *prefix;
} Poller;

static void *
poll_in_thread(void *data)
{
    Poller *poller = data;
    const HeedOutageLot lot = {
        .prefix = poller->prefix, .domain = "big.example", .provider = "big", .count = 15};

    for (unsigned i = 0; i < poller->batches; i++) {
        heed_outage_store(&poller->outage, &lot, 1);
        poller->outage.now += 60;
    }
    return NULL;
}

static void
test_two_pollers(void)
{
    g_autoptr(HeedDatabase) other = heed_test_database_connect(test);
    Poller pollers[2] = {{.batches = 10, .prefix = "left"}, {.batches = 10, .prefix = "right"}};
    HeedOutage outage;
    GThread *thread = NULL;

    heed_outage_begin(&outage, test, policy);
    heed_outage_usual(&outage, 10, 30, 40);
    outage.now += 10 * HOUR;
    pollers[0].outage = outage;
    pollers[1].outage = outage;
    pollers[1].outage.database = other;
    pollers[1].outage.next += 100000;
    pollers[1].outage.now += 30;
    thread = g_thread_new("other", poll_in_thread, &pollers[1]);
    (void)poll_in_thread(&pollers[0]);
    (void)g_thread_join(thread);
    outage.now += HOUR;
    g_assert_cmpuint(heed_outage_count(&outage, "left", "suppressed"), ==, 0);
    g_assert_cmpuint(heed_outage_count(&outage, "right", "suppressed"), ==, 0);
    assert_rebuilt();
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_migrated();
    policy = heed_policy_in_force(test->database, &error);
    g_assert_no_error(error);
    g_test_add_func("/guard/again", test_again);
    g_test_add_func("/guard/list", test_list);
    g_test_add_func("/guard/old-mailbox", test_old_mailbox);
    g_test_add_func("/guard/old-silence", test_old_silence);
    /* Long histories that take the server's time, and no other code: once is enough. */
    if (!SANITIZED) {
        g_test_add_func("/guard/outage", test_outage);
        g_test_add_func("/guard/others", test_others);
        g_test_add_func("/guard/resolver", test_resolver);
        g_test_add_func("/guard/usual", test_usual);
        g_test_add_func("/guard/late-poll", test_late_poll);
        g_test_add_func("/guard/any-order", test_any_order);
        g_test_add_func("/guard/begun-within-an-hour", test_begun_within_an_hour);
        g_test_add_func("/guard/one-off", test_one_off);
        g_test_add_func("/guard/turned-off", test_turned_off);
        g_test_add_func("/guard/late-beginning", test_late_beginning);
        g_test_add_func("/guard/earlier-beginning", test_earlier_beginning);
    }
    g_test_add_func("/guard/plausible", test_plausible);
    g_test_add_func("/guard/off", test_off);
    g_test_add_func("/guard/no-such-hold", test_no_such_hold);
    g_test_add_func("/guard/two-pollers", test_two_pollers);
    status = g_test_run();
    heed_policy_free(policy);
    heed_test_database_free(test);
    return status;
}
