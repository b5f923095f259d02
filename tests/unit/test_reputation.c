/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/reputation.h"
#include "tests/support/check.h"
#include "tests/support/counts.h"
#include "tests/support/database.h"

#include <string.h>

static HeedTestDatabase *test;

static char *
all_rows(void)
{
    return heed_test_database_get(
        test->database, "SELECT coalesce(string_agg(reputation::text, E'\\n' ORDER BY dimension,"
                        " name), '') FROM heed_data.reputation");
}

/* And the totals what roll-ups and volumes do: no row has another count, and none is missing. */
static void
check_totals(void)
{
    g_autofree char *different = heed_test_database_get(
        test->database,
        "SELECT count(*) FROM (SELECT day, stream, provider, sender_domain, source_ip, kind, class,"
        " verdict, has_domain, sum(failures), sum(reports) FROM (SELECT day, stream, provider,"
        " sender_domain, source_ip, kind, class, verdict, domain <> '' AS has_domain, failures,"
        " reports FROM heed_data.rollup UNION ALL SELECT day, stream, provider, sender_domain,"
        " source_ip, kind, class, verdict, has_domain, -failures, -reports FROM"
        " heed_data.rollup_total) AS rollup GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 HAVING"
        " sum(failures) <> 0 OR sum(reports) <> 0 UNION ALL SELECT NULL, stream, NULL, NULL, NULL,"
        " NULL, NULL, NULL, NULL, sum(delivered), sum(failed) FROM (SELECT hour, stream, delivered,"
        " failed FROM heed_data.volume UNION ALL SELECT hour, stream, -delivered, -failed FROM"
        " heed_data.volume_total) AS volume GROUP BY hour, stream HAVING sum(delivered) <> 0 OR"
        " sum(failed) <> 0) AS differences");

    g_assert_cmpstr(different, ==, "0");
}

/* The sums that are kept say what the days do, in each column. */
static void
check_sums(void)
{
    g_autofree char *by_sums = all_rows();
    g_autofree char *by_days = NULL;

    heed_test_database_do(test->database,
                          "BEGIN; UPDATE heed_data.reputation_summed SET day = '-infinity'");
    by_days = all_rows();
    heed_test_database_do(test->database, "ROLLBACK");
    g_assert_cmpstr(by_sums, ==, by_days);
    check_totals();
}

static GPtrArray *
list(HeedReputationBy by, const char *name)
{
    const HeedReputationQuery query = {.by = by, .name = name};
    g_autoptr(GError) error = NULL;
    uint64_t total = 0;
    GPtrArray *found = heed_reputation_list(test->database, &query, &total, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(total, ==, found->len);
    return found;
}

static int
score_of(const char *domain)
{
    g_autoptr(GPtrArray) found = list(HEED_REPUTATION_RECIPIENT_DOMAIN, domain);

    g_assert_cmpuint(found->len, ==, 1);
    return ((const HeedReputation *)found->pdata[0])->score;
}

static HeedTestCounts
random_day(void)
{
    int sent = g_test_rand_int_range(0, 400);
    int failed = g_test_rand_int_range(0, sent / 8 + 1);

    return (HeedTestCounts){.delivered = sent - failed,
                            .failed = failed,
                            .hard = g_test_rand_int_range(0, failed + 1),
                            .block = g_test_rand_int_range(0, failed / 2 + 1),
                            .deferred = g_test_rand_int_range(0, sent / 6 + 1),
                            .complaints = g_test_rand_int_range(0, 8) / 7};
}

/* --- tests --- */

static const struct {
    const char *name;
    HeedTestCounts day;
    int score;
    const char *band;
    const char *reason;
} rows[] = {
    {"nothing-known", {.hard = 12, .complaints = 3}, -1, "unknown", "rate unknown"},
    {"few", {.delivered = 99}, -1, "unknown", "only 99 messages"},
    {"clean", {.delivered = 1000}, 100, "good", "nothing pulls it down"},
    {"all-dead", {.failed = 1000, .hard = 1000}, 0, "bad", "dead addresses: 91.0 %"},
    {"complaints-of-gmail",
     {.delivered = 100000, .complaints = 302},
     50,
     "poor",
     "complaints: 0.30"},
    {"complaints-much", {.delivered = 100000, .complaints = 100}, 80, "fair", "complaints: 0.10 %"},
    {"complaint-of-few", {.delivered = 200, .complaints = 1}, 80, "fair", "complaints: 0.10 %"},
    {"dead-much",
     {.delivered = 9500, .failed = 500, .hard = 503},
     80,
     "fair",
     "dead addresses: 5.0"},
    {"blocks", {.delivered = 8000, .failed = 2000, .block = 2010}, 50, "poor", "blocks: 19.9 %"},
    {"put-off", {.delivered = 10000, .deferred = 4000}, 50, "poor", "deferrals: 39.6 %"},
    {"the-worst-is-named",
     {.delivered = 8000, .failed = 2000, .hard = 1900, .block = 100},
     0,
     "bad",
     "dead addresses"},
};

static void
test_rows(void)
{
    heed_test_counts_clear(test->database);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        heed_test_counts_add_day(test->database, rows[i].name, 0, &rows[i].day);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) found = list(HEED_REPUTATION_RECIPIENT_DOMAIN, rows[i].name);
        const HeedReputation *reputation = found->pdata[0];

        g_test_message("%s: %d %s", rows[i].name, reputation->score, reputation->reason);
        g_assert_cmpint(reputation->score, ==, rows[i].score);
        g_assert_cmpint(reputation->score, ==, heed_test_counts_score(&rows[i].day, 1));
        g_assert_cmpstr(reputation->band, ==, rows[i].band);
        g_assert_true(g_str_has_prefix(reputation->reason, rows[i].reason));
        g_assert_true((reputation->pulled_by == NULL) ==
                      (rows[i].score < 0 || rows[i].score == 100));
    }
}

/* What people are told is much costs 20 points, and the limit 50; and the word for it is the
 * count's. */
static void
test_limits(void)
{
    static const struct {
        HeedReputationCount count;
        const char *word;
    } judged[] = {{HEED_REPUTATION_COMPLAINTS, "complaints"},
                  {HEED_REPUTATION_HARD, "hard"},
                  {HEED_REPUTATION_BLOCK, "block"},
                  {HEED_REPUTATION_DEFERRED, "deferred"}};

    g_assert_null(heed_reputation_rate(HEED_REPUTATION_SENT));
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(judged); i++) {
        bool is_limit = i % 2 == 1;
        HeedReputationCount count = judged[i / 2].count;
        const HeedReputationRate *rate = heed_reputation_rate(count);
        int bad = (int)((is_limit ? rate->limit : rate->much) * 10000000);
        const HeedTestCounts day = {.delivered = 10000000,
                                    .hard = count == HEED_REPUTATION_HARD ? bad : 0,
                                    .block = count == HEED_REPUTATION_BLOCK ? bad : 0,
                                    .deferred = count == HEED_REPUTATION_DEFERRED ? bad : 0,
                                    .complaints = count == HEED_REPUTATION_COMPLAINTS ? bad : 0};
        g_autoptr(GPtrArray) found = NULL;
        const HeedReputation *reputation = NULL;

        heed_test_counts_clear(test->database);
        heed_test_counts_add_day(test->database, "limit.example", 0, &day);
        found = list(HEED_REPUTATION_RECIPIENT_DOMAIN, "limit.example");
        reputation = found->pdata[0];
        g_assert_cmpint(ABS(reputation->score - (is_limit ? 50 : 80)), <=, 1);
        g_assert_cmpstr(reputation->pulled_by, ==, judged[i / 2].word);
    }
}

/* Recent days weigh more; what is older than 30 days not at all. */
static void
test_days(void)
{
    const HeedTestCounts bad = {.delivered = 900, .failed = 100, .hard = 100};
    const HeedTestCounts clean = {.delivered = 1000};

    heed_test_counts_clear(test->database);
    for (unsigned age = 0; age < 30; age++) {
        heed_test_counts_add_day(test->database, "now-bad.example", age, age < 5 ? &bad : &clean);
        heed_test_counts_add_day(test->database, "once-bad.example", age,
                                 age >= 25 ? &bad : &clean);
        heed_test_counts_add_day(test->database, "better.example", age, &clean);
    }
    heed_test_counts_add_day(test->database, "better.example", 30, &bad);
    heed_test_counts_fold(test->database);
    g_assert_cmpint(score_of("now-bad.example"), <, score_of("once-bad.example"));
    g_assert_cmpint(score_of("better.example"), ==, 100);
}

/* The same whether folded or not, in whatever order, and as the formula has it; by each name. */
static void
test_order(void)
{
    for (unsigned round = 0; round < 20; round++) {
        HeedTestCounts days[30];
        unsigned order[30];
        int want = 0;

        heed_test_counts_clear(test->database);
        for (unsigned i = 0; i < G_N_ELEMENTS(days); i++) {
            days[i] = random_day();
            order[i] = i;
        }
        want = heed_test_counts_score(days, G_N_ELEMENTS(days));
        for (unsigned i = G_N_ELEMENTS(order); i > 1; i--) {
            unsigned other = (unsigned)g_test_rand_int_range(0, (gint32)i);
            unsigned kept = order[i - 1];

            order[i - 1] = order[other];
            order[other] = kept;
        }
        for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
            heed_test_counts_add_day(test->database, "a.example", order[i], &days[order[i]]);
            if (g_test_rand_int_range(0, 10) == 0)
                heed_test_counts_fold(test->database);
        }
        g_assert_cmpint(score_of("a.example"), ==, want);
        heed_test_counts_fold(test->database);
        for (int by = HEED_REPUTATION_RECIPIENT_DOMAIN; by <= HEED_REPUTATION_SOURCE_IP; by++) {
            g_autoptr(GPtrArray) found = list((HeedReputationBy)by, NULL);

            g_assert_cmpuint(found->len, ==, 1);
            g_assert_cmpint(((const HeedReputation *)found->pdata[0])->score, ==, want);
        }
    }
}

/* One more of anything bad never scores better, and clean mail never worse once there is a score.
 */
static void
test_monotone(void)
{
    for (unsigned round = 0; round < 40; round++) {
        unsigned age = (unsigned)g_test_rand_int_range(0, 30);
        int before = 0;
        int after = 0;

        heed_test_counts_clear(test->database);
        for (unsigned i = 0; i < 3; i++) {
            HeedTestCounts day = random_day();

            day.delivered += 100;
            heed_test_counts_add_day(test->database, "a.example",
                                     (unsigned)g_test_rand_int_range(0, 30), &day);
        }
        before = score_of("a.example");
        switch (round % 5) {
        case 0:
            heed_test_counts_add_reports(test->database, "a.example", age, "bounce", "hard", 20);
            break;
        case 1:
            heed_test_counts_add_reports(test->database, "a.example", age, "bounce", "block", 20);
            break;
        case 2:
            heed_test_counts_add_reports(test->database, "a.example", age, "delay", "transient",
                                         50);
            break;
        case 3:
            heed_test_counts_add_reports(test->database, "a.example", age, "complaint", "complaint",
                                         2);
            break;
        default:
            heed_test_counts_add_volume(test->database, "a.example", age, 500, 0);
            break;
        }
        after = score_of("a.example");
        if (round % 5 == 4)
            g_assert_cmpint(after, >=, before);
        else
            g_assert_cmpint(after, <=, before);
    }
}

/* The lowest first, then what has no score; a limit says how many there are in all. */
static void
test_list(void)
{
    static const HeedTestCounts counted[] = {{.delivered = 1000},
                                             {.delivered = 900, .failed = 100, .hard = 100},
                                             {.hard = 2},
                                             {.delivered = 950, .failed = 50, .hard = 50}};
    static const char *const want[] = {"d1.example", "d3.example", "d0.example", "d2.example"};
    const HeedReputationQuery two = {.by = HEED_REPUTATION_RECIPIENT_DOMAIN, .limit = 2};
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) some = NULL;
    g_autoptr(GError) error = NULL;
    const HeedReputation *lowest = NULL;
    uint64_t total = 0;

    heed_test_counts_clear(test->database);
    for (unsigned i = 0; i < G_N_ELEMENTS(counted); i++) {
        g_autofree char *name = g_strdup_printf("d%u.example", i);

        heed_test_counts_add_day(test->database, name, i == 0 ? 8 : 0, &counted[i]);
    }
    all = list(HEED_REPUTATION_RECIPIENT_DOMAIN, NULL);
    g_assert_cmpuint(all->len, ==, G_N_ELEMENTS(want));
    for (size_t i = 0; i < all->len; i++)
        g_assert_cmpstr(((const HeedReputation *)all->pdata[i])->name, ==, want[i]);
    lowest = all->pdata[0];
    for (int span = 0; span < HEED_REPUTATION_SPANS; span++) {
        g_assert_cmpint(lowest->counts[span][HEED_REPUTATION_SENT], ==, 1000);
        g_assert_cmpint(lowest->counts[span][HEED_REPUTATION_HARD], ==, 100);
    }
    lowest = all->pdata[2];
    g_assert_cmpint(lowest->counts[HEED_REPUTATION_7D][HEED_REPUTATION_SENT], ==, 0);
    g_assert_cmpint(lowest->counts[HEED_REPUTATION_30D][HEED_REPUTATION_DELIVERED], ==, 1000);
    some = heed_reputation_list(test->database, &two, &total, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(some->len, ==, 2);
    g_assert_cmpuint(total, ==, 4);
}

/* What is taken back after it was folded. */
static void
test_taken_back(void)
{
    g_autofree char *hard = NULL;

    heed_test_counts_clear(test->database);
    heed_test_counts_add_reports(test->database, "a.example", 3, "bounce", "hard", 7);
    heed_test_counts_fold(test->database);
    heed_test_counts_add_reports(test->database, "a.example", 3, "bounce", "hard", -2);
    hard = heed_test_database_get(
        test->database, "SELECT hard_30d FROM heed.domain_reputation WHERE domain = 'a.example'");
    g_assert_cmpstr(hard, ==, "5");
}

static void
add_to(HeedTestCounts *sum, const HeedTestCounts *more)
{
    sum->delivered += more->delivered;
    sum->failed += more->failed;
    sum->hard += more->hard;
    sum->block += more->block;
    sum->deferred += more->deferred;
    sum->complaints += more->complaints;
}

/* One thing that may befall a store, and the same of the days that are expected. */
static void
step(HeedTestCounts *days, unsigned count)
{
    unsigned age = (unsigned)g_test_rand_int_range(0, (gint32)count);
    unsigned passed = age % 9 == 0 ? 8 : 1;
    HeedTestCounts more = random_day();

    switch (g_test_rand_int_range(0, 10)) {
    case 0:
        heed_test_counts_fold(test->database); /* what nobody has folded is not dropped */
        heed_test_counts_drop(test->database, age);
        if (age + 1 < count)
            memset(&days[age + 1], 0, (count - age - 1) * sizeof *days);
        break;
    case 1:
    case 2:
        heed_test_counts_pass(test->database, passed);
        memmove(days + passed, days, (count - passed) * sizeof *days);
        memset(days, 0, passed * sizeof *days);
        break;
    case 3:
    case 4:
    case 5:
        heed_test_counts_fold(test->database);
        break;
    default:
        heed_test_counts_add_day(test->database, "a.example", age, &more);
        heed_test_counts_add_day(test->database, "b.example", age / 2, &more);
        add_to(&days[age], &more);
        break;
    }
}

/* Days pass, counts come late and are folded or not, old ones are dropped: the score is that of the
 * formula, and what was summed before is what the days come to. */
static void
test_passing(void)
{
    for (unsigned round = 0; round < 4; round++) {
        HeedTestCounts days[40] = {0};

        heed_test_counts_clear(test->database);
        for (unsigned i = 0; i < 30; i++) {
            g_autofree char *score = NULL;
            g_autofree char *want = NULL;

            step(days, G_N_ELEMENTS(days));
            check_sums();
            want = g_strdup_printf("%d", heed_test_counts_score(days, 30));
            score = heed_test_database_get(
                test->database, "SELECT coalesce((SELECT score FROM heed.domain_reputation"
                                " WHERE domain = 'a.example'), -1)");
            g_assert_cmpstr(score, ==, want);
        }
        heed_test_counts_fold(test->database);
        check_sums();
    }
}

/* Folding keeps sums of today, also of a store that had none, and of no day that a score has not.
 */
static void
test_summed(void)
{
    static const char query[] =
        "SELECT concat_ws(' ', (SELECT day = (now() AT TIME ZONE 'UTC')::date FROM"
        " heed_data.reputation_summed), count(*), sum(hard), sum(hard_parts)) FROM"
        " heed_data.reputation_sum WHERE dimension = 'recipient-domain'";
    g_autofree char *before = NULL;
    g_autofree char *folded = NULL;
    g_autofree char *later = NULL;
    g_autofree char *again = NULL;

    heed_test_counts_clear(test->database);
    heed_test_counts_fold(test->database);
    heed_test_counts_add_reports(test->database, "a.example", 0, "bounce", "hard", 1);
    heed_test_counts_add_reports(test->database, "a.example", 7, "bounce", "hard", 2);
    heed_test_counts_add_reports(test->database, "a.example", 30, "bounce", "hard", 4);
    before = heed_test_database_get(test->database, query);
    g_assert_cmpstr(before, ==, "t 0");
    heed_test_counts_fold(test->database);
    folded = heed_test_database_get(test->database, query);
    g_assert_cmpstr(folded, ==, "t 2 3 2097152");
    heed_test_counts_pass(test->database, 23);
    later = heed_test_database_get(test->database, query);
    g_assert_cmpstr(later, ==, "f 2 3 2097152");
    heed_test_counts_fold(test->database);
    again = heed_test_database_get(test->database, query);
    g_assert_cmpstr(again, ==, "t 1 1 107523");
    heed_test_counts_drop(test->database, 22);
    check_sums();
    heed_test_counts_fold(test->database);
    g_free(again);
    again = heed_test_database_get(test->database, query);
    g_assert_cmpstr(again, ==, "t 0");
}

int
main(int argc, char **argv)
{
    int status = 0;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_migrated();
    g_test_add_func("/reputation/rows", test_rows);
    g_test_add_func("/reputation/limits", test_limits);
    g_test_add_func("/reputation/days", test_days);
    g_test_add_func("/reputation/order", test_order);
    g_test_add_func("/reputation/monotone", test_monotone);
    g_test_add_func("/reputation/list", test_list);
    g_test_add_func("/reputation/taken-back", test_taken_back);
    g_test_add_func("/reputation/passing", test_passing);
    g_test_add_func("/reputation/summed", test_summed);
    status = g_test_run();
    heed_test_database_free(test);
    return status;
}
