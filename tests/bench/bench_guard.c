/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The outage guard at full size: what becomes of whom, as a table. Thirty usual days, then six
 * hours of a surge in batches of ten minutes, amid usual failures at other domains. test_guard.c
 * checks the same with fewer addresses.
 *
 * usage: tests/support/with-postgres bench_guard [VICTIMS]
 */

#include "db/migrate.h"
#include "tests/support/check.h"
#include "tests/support/outage.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR        3600
#define BATCHES     36U
#define DEAD        20U /* of each batch, at forty domains */
#define USUAL_BIG   300U
#define USUAL_SMALL 400U
#define LIST        20000U

static HeedTestDatabase *test;
static HeedPolicy *policy;

static double
percent(unsigned part, unsigned all)
{
    return all == 0 ? 0.0 : 100.0 * part / all;
}

/* One line: what became of the addresses with a prefix. */
static void
print_row(const HeedOutage *outage, const char *scenario, const char *when, const char *prefix)
{
    unsigned suppressed = heed_outage_count(outage, prefix, "suppressed");
    unsigned held = heed_outage_count(outage, prefix, "held");
    unsigned mailed = heed_outage_count(outage, prefix, "mailed");
    unsigned all = suppressed + held + mailed;

    (void)printf("| %s | %s | %u | %.2f %% | %.2f %% | %.2f %% |\n", scenario, when, all,
                 percent(suppressed, all), percent(held, all), percent(mailed, all));
    (void)fflush(stdout);
}

static void
check_rebuild(void)
{
    g_autoptr(GError) error = NULL;
    HeedRebuilt rebuilt;

    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.changed, ==, 0);
}

/* Six hours; how many of the dead ones elsewhere were not suppressed as soon as they were stored.
 */
static unsigned
run_surge(HeedOutage *outage, HeedOutageLot victims, bool others)
{
    const HeedOutageLot lots[] = {
        victims, {.prefix = "dead", .domain = "d%.example", .domains = 40, .count = DEAD}};
    unsigned late = 0;

    outage->now += 10 * HOUR;
    for (unsigned i = 0; i < BATCHES; i++) {
        heed_outage_store(outage, lots, others ? 2 : 1);
        if (others)
            late = MAX(late, (i + 1) * DEAD - heed_outage_count(outage, "dead", "suppressed"));
        outage->now += 600;
    }
    return late;
}

static void
begin(HeedOutage *outage, unsigned days)
{
    heed_outage_begin(outage, test, policy);
    heed_outage_usual(outage, days, USUAL_BIG, USUAL_SMALL);
}

static void
provider_outage(const char *name, unsigned victims, unsigned days)
{
    HeedOutage outage;
    unsigned late;

    begin(&outage, days);
    late = run_surge(&outage,
                     (HeedOutageLot){.prefix = "victim",
                                     .domain = "big.example",
                                     .provider = "big",
                                     .count = victims / BATCHES},
                     true);
    print_row(&outage, name, "valid addresses, at its end", "victim");
    print_row(&outage, name, "dead ones elsewhere, at its end", "dead");
    (void)printf("| %s | … of them not suppressed at once | %u | | | |\n", name, late);
    check_rebuild();
    outage.now += 3 * 24 * HOUR;
    print_row(&outage, name, "valid addresses, 3 days later", "victim");
}

static void
bad_list(void)
{
    const HeedOutageLot list = {.prefix = "old", .domain = "d7.example", .count = LIST / 10};
    const HeedGuardChoice choice = {.name = "d7.example"};
    g_autoptr(GError) error = NULL;
    HeedGuardResolved done;
    HeedOutage outage;

    begin(&outage, 30);
    outage.now += 10 * HOUR;
    for (unsigned i = 0; i < 10; i++) {
        heed_outage_store(&outage, &list, 1);
        outage.now += 60;
    }
    print_row(&outage, "a bad list, one domain", "imported", "old");
    heed_assert_done(
        heed_guard_resolve(test->database, &choice, false, "ann", "a list", &done, &error), error);
    print_row(&outage, "a bad list, one domain", "after one `heed suppress release`", "old");
    check_rebuild();
}

static void
broken_resolver(unsigned victims)
{
    static const char name[] = "our own resolver broken, 20,000 domains";
    HeedOutage outage;

    begin(&outage, 30);
    (void)run_surge(&outage,
                    (HeedOutageLot){.prefix = "victim",
                                    .domain = "r%.example",
                                    .domains = 20000,
                                    .count = victims / BATCHES},
                    false);
    print_row(&outage, name, "at its end", "victim");
    check_rebuild();
    outage.now += 3 * 24 * HOUR;
    print_row(&outage, name, "3 days later", "victim");
}

int
main(int argc, char **argv)
{
    unsigned victims = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100000U;
    g_autoptr(GError) error = NULL;

    test = heed_test_database_new();
    heed_assert_done(heed_migrate(test->database, NULL, &error), error);
    policy = heed_policy_in_force(test->database, &error);
    g_assert_no_error(error);
    (void)puts("| scenario | | addresses | suppressed | held (paused) | mailed |\n"
               "|---|---|---:|---:|---:|---:|");
    provider_outage("outage of a provider, 6 h", victims, 30);
    provider_outage("the same on the first day", victims, 0);
    bad_list();
    broken_resolver(victims);
    heed_policy_free(policy);
    heed_test_database_free(test);
    return 0;
}
