/* SPDX-License-Identifier: Apache-2.0 */
#include "db/migrate.h"
#include "suppress/reputation.h"
#include "tests/support/check.h"
#include "tests/support/database.h"

#include <inttypes.h>
#include <math.h>

static HeedTestDatabase *test;

/* --- the formula, written down a second time from docs/reputation.md --- */

typedef struct Counts {
    int delivered;
    int failed; /* sent is both */
    int hard;
    int block;
    int deferred;
    int complaints;
} Counts;

static double
penalty(double rate, double good, double warn, double bad)
{
    if (rate <= good)
        return 0;
    return rate <= warn ? 20 * (rate - good) / (warn - good)
                        : fmin(100, 20 + 30 * (rate - warn) / (bad - warn));
}

static double
smoothed(double count, double total, double usual, double strength)
{
    return (count + usual * strength) / (total + strength);
}

/* Of days, the first being today. -1: none. */
static int
expected_score(const Counts *days, unsigned count)
{
    double sent = 0;
    double delivered = 0;
    double hard = 0;
    double block = 0;
    double deferred = 0;
    double complaints = 0;
    double lost = 0;
    int64_t messages = 0;

    for (unsigned age = 0; age < count; age++) {
        const Counts *day = &days[age];
        double weight = round(exp2(20 - age / 7.0)) / exp2(20);

        messages += day->delivered + day->failed;
        sent += (day->delivered + day->failed) * weight;
        delivered += day->delivered * weight;
        hard += day->hard * weight;
        block += day->block * weight;
        deferred += day->deferred * weight;
        complaints += day->complaints * weight;
    }
    if (messages < 100)
        return -1;
    lost = penalty(smoothed(complaints, delivered, 0.0002, 1000), 0.0005, 0.001, 0.003) +
           penalty(smoothed(hard, sent, 0.01, 100), 0.02, 0.05, 0.1) +
           penalty(smoothed(block, sent, 0.005, 100), 0.01, 0.05, 0.2) +
           penalty(smoothed(deferred, sent, 0.02, 100), 0.05, 0.15, 0.4);
    return (int)fmax(0, 100 - ceil(lost));
}

/* --- the store --- */

static void
add_reports(const char *domain, unsigned age, const char *kind, const char *verdict, int count)
{
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO heed_data.rollup_delta (day, stream, domain, provider, sender_domain,"
        " source_ip, kind, class, verdict, failures, reports) VALUES ((now() AT TIME ZONE"
        " 'UTC')::date - %u, '', '%s', 'example', 'news.example', '192.0.2.1', '%s', '', '%s', %d,"
        " %d)",
        age, domain, kind, verdict, count, count);

    heed_test_database_do(test->database, sql);
}

static void
add_volume(const char *domain, unsigned age, int delivered, int failed)
{
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO heed_data.volume_delta VALUES (date_trunc('day', now() AT TIME ZONE 'UTC')"
        " AT TIME ZONE 'UTC' - %u * interval '1 day', '', '%s', 'example', 'news.example',"
        " '192.0.2.1', %d, %d)",
        age, domain, delivered, failed);

    heed_test_database_do(test->database, sql);
}

static void
add_day(const char *domain, unsigned age, const Counts *day)
{
    add_volume(domain, age, day->delivered, day->failed);
    add_reports(domain, age, "bounce", "hard", day->hard);
    add_reports(domain, age, "bounce", "block", day->block);
    add_reports(domain, age, "delay", "transient", day->deferred);
    add_reports(domain, age, "complaint", "complaint", day->complaints);
}

static void
fold(void)
{
    heed_test_database_do(test->database, "SELECT heed_data.fold_rollups()");
}

/* Tables of what is counted, and the column that says when. */
static const struct {
    const char *name;
    const char *when;
    const char *day;
} tables[] = {
    {"rollup", "day", "1"},
    {"rollup_delta", "day", "1"},
    {"rollup_total", "day", "1"},
    {"volume", "hour", "interval '1 day'"},
    {"volume_delta", "hour", "interval '1 day'"},
    {"volume_total", "hour", "interval '1 day'"},
    {"reputation_day", "day", "1"},
};

static void
empty_store(void)
{
    g_autoptr(GString) sql = g_string_new("TRUNCATE heed_data.reputation_sum");

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        g_string_append_printf(sql, ", heed_data.%s", tables[i].name);
    heed_test_database_do(test->database, sql->str);
}

/* Makes all that is counted older, or younger. */
static void
shift(int days)
{
    g_autoptr(GString) sql = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        g_string_append_printf(sql, "UPDATE heed_data.%s SET %s = %s - %d * %s;", tables[i].name,
                               tables[i].when, tables[i].when, days, tables[i].day);
    g_string_append_printf(sql, "UPDATE heed_data.reputation_summed SET day = day - %d", days);
    heed_test_database_do(test->database, sql->str);
}

/* Lets days pass: all that is stored becomes so much older. In two steps, since the rows of a name
 * must not meet on their way. */
static void
pass(unsigned days)
{
    shift(10000);
    shift((int)days - 10000);
}

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

static Counts
random_day(void)
{
    int sent = g_test_rand_int_range(0, 400);
    int failed = g_test_rand_int_range(0, sent / 8 + 1);

    return (Counts){.delivered = sent - failed,
                    .failed = failed,
                    .hard = g_test_rand_int_range(0, failed + 1),
                    .block = g_test_rand_int_range(0, failed / 2 + 1),
                    .deferred = g_test_rand_int_range(0, sent / 6 + 1),
                    .complaints = g_test_rand_int_range(0, 8) / 7};
}

/* --- tests --- */

static const struct {
    const char *name;
    Counts day;
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
    empty_store();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        add_day(rows[i].name, 0, &rows[i].day);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) found = list(HEED_REPUTATION_RECIPIENT_DOMAIN, rows[i].name);
        const HeedReputation *reputation = found->pdata[0];

        g_test_message("%s: %d %s", rows[i].name, reputation->score, reputation->reason);
        g_assert_cmpint(reputation->score, ==, rows[i].score);
        g_assert_cmpint(reputation->score, ==, expected_score(&rows[i].day, 1));
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
        const Counts day = {.delivered = 10000000,
                            .hard = count == HEED_REPUTATION_HARD ? bad : 0,
                            .block = count == HEED_REPUTATION_BLOCK ? bad : 0,
                            .deferred = count == HEED_REPUTATION_DEFERRED ? bad : 0,
                            .complaints = count == HEED_REPUTATION_COMPLAINTS ? bad : 0};
        g_autoptr(GPtrArray) found = NULL;
        const HeedReputation *reputation = NULL;

        empty_store();
        add_day("limit.example", 0, &day);
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
    const Counts bad = {.delivered = 900, .failed = 100, .hard = 100};
    const Counts clean = {.delivered = 1000};

    empty_store();
    for (unsigned age = 0; age < 30; age++) {
        add_day("now-bad.example", age, age < 5 ? &bad : &clean);
        add_day("once-bad.example", age, age >= 25 ? &bad : &clean);
        add_day("better.example", age, &clean);
    }
    add_day("better.example", 30, &bad);
    fold();
    g_assert_cmpint(score_of("now-bad.example"), <, score_of("once-bad.example"));
    g_assert_cmpint(score_of("better.example"), ==, 100);
}

/* The same whether folded or not, in whatever order, and as the formula has it; by each name. */
static void
test_order(void)
{
    for (unsigned round = 0; round < 20; round++) {
        Counts days[30];
        unsigned order[30];
        int want = 0;

        empty_store();
        for (unsigned i = 0; i < G_N_ELEMENTS(days); i++) {
            days[i] = random_day();
            order[i] = i;
        }
        want = expected_score(days, G_N_ELEMENTS(days));
        for (unsigned i = G_N_ELEMENTS(order); i > 1; i--) {
            unsigned other = (unsigned)g_test_rand_int_range(0, (gint32)i);
            unsigned kept = order[i - 1];

            order[i - 1] = order[other];
            order[other] = kept;
        }
        for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
            add_day("a.example", order[i], &days[order[i]]);
            if (g_test_rand_int_range(0, 10) == 0)
                fold();
        }
        g_assert_cmpint(score_of("a.example"), ==, want);
        fold();
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

        empty_store();
        for (unsigned i = 0; i < 3; i++) {
            Counts day = random_day();

            day.delivered += 100;
            add_day("a.example", (unsigned)g_test_rand_int_range(0, 30), &day);
        }
        before = score_of("a.example");
        switch (round % 5) {
        case 0:
            add_reports("a.example", age, "bounce", "hard", 20);
            break;
        case 1:
            add_reports("a.example", age, "bounce", "block", 20);
            break;
        case 2:
            add_reports("a.example", age, "delay", "transient", 50);
            break;
        case 3:
            add_reports("a.example", age, "complaint", "complaint", 2);
            break;
        default:
            add_volume("a.example", age, 500, 0);
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
    static const Counts counted[] = {{.delivered = 1000},
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

    empty_store();
    for (unsigned i = 0; i < G_N_ELEMENTS(counted); i++) {
        g_autofree char *name = g_strdup_printf("d%u.example", i);

        add_day(name, i == 0 ? 8 : 0, &counted[i]);
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

    empty_store();
    add_reports("a.example", 3, "bounce", "hard", 7);
    fold();
    add_reports("a.example", 3, "bounce", "hard", -2);
    hard = heed_test_database_get(
        test->database, "SELECT hard_30d FROM heed.domain_reputation WHERE domain = 'a.example'");
    g_assert_cmpstr(hard, ==, "5");
}

static void
drop_before(unsigned age)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT heed_data.drop_counts(date_trunc('day', now() AT TIME ZONE 'UTC')"
                        " AT TIME ZONE 'UTC' - %u * interval '1 day')",
                        age);

    heed_test_database_do(test->database, sql);
}

static void
add_to(Counts *sum, const Counts *more)
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
step(Counts *days, unsigned count)
{
    unsigned age = (unsigned)g_test_rand_int_range(0, (gint32)count);
    unsigned passed = age % 9 == 0 ? 8 : 1;
    Counts more = random_day();

    switch (g_test_rand_int_range(0, 10)) {
    case 0:
        fold(); /* what nobody has folded is not dropped */
        drop_before(age);
        if (age + 1 < count)
            memset(&days[age + 1], 0, (count - age - 1) * sizeof *days);
        break;
    case 1:
    case 2:
        pass(passed);
        memmove(days + passed, days, (count - passed) * sizeof *days);
        memset(days, 0, passed * sizeof *days);
        break;
    case 3:
    case 4:
    case 5:
        fold();
        break;
    default:
        add_day("a.example", age, &more);
        add_day("b.example", age / 2, &more);
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
        Counts days[40] = {0};

        empty_store();
        for (unsigned i = 0; i < 30; i++) {
            g_autofree char *score = NULL;
            g_autofree char *want = NULL;

            step(days, G_N_ELEMENTS(days));
            check_sums();
            want = g_strdup_printf("%d", expected_score(days, 30));
            score = heed_test_database_get(
                test->database, "SELECT coalesce((SELECT score FROM heed.domain_reputation"
                                " WHERE domain = 'a.example'), -1)");
            g_assert_cmpstr(score, ==, want);
        }
        fold();
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

    empty_store();
    fold();
    add_reports("a.example", 0, "bounce", "hard", 1);
    add_reports("a.example", 7, "bounce", "hard", 2);
    add_reports("a.example", 30, "bounce", "hard", 4);
    before = heed_test_database_get(test->database, query);
    g_assert_cmpstr(before, ==, "t 0");
    fold();
    folded = heed_test_database_get(test->database, query);
    g_assert_cmpstr(folded, ==, "t 2 3 2097152");
    pass(23);
    later = heed_test_database_get(test->database, query);
    g_assert_cmpstr(later, ==, "f 2 3 2097152");
    fold();
    again = heed_test_database_get(test->database, query);
    g_assert_cmpstr(again, ==, "t 1 1 107523");
    drop_before(22);
    check_sums();
    fold();
    g_free(again);
    again = heed_test_database_get(test->database, query);
    g_assert_cmpstr(again, ==, "t 0");
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int status = 0;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_new();
    heed_assert_done(heed_migrate(test->database, NULL, &error), error);
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
