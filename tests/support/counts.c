/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/counts.h"

#include "tests/support/database.h"

#include <math.h>

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

int
heed_test_counts_score(const HeedTestCounts *days, unsigned count)
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
        const HeedTestCounts *day = &days[age];
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

void
heed_test_counts_add_reports(HeedDatabase *database,
                             const char *domain,
                             unsigned age,
                             const char *kind,
                             const char *verdict,
                             int count)
{
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO heed_data.rollup_delta (day, stream, domain, provider, sender_domain,"
        " source_ip, kind, class, verdict, failures, reports) VALUES ((now() AT TIME ZONE"
        " 'UTC')::date - %u, '', '%s', 'example', 'news.example', '192.0.2.1', '%s', '', '%s', %d,"
        " %d)",
        age, domain, kind, verdict, count, count);

    heed_test_database_do(database, sql);
}

void
heed_test_counts_add_volume(
    HeedDatabase *database, const char *domain, unsigned age, int delivered, int failed)
{
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO heed_data.volume_delta VALUES (date_trunc('day', now() AT TIME ZONE 'UTC')"
        " AT TIME ZONE 'UTC' - %u * interval '1 day', '', '%s', 'example', 'news.example',"
        " '192.0.2.1', %d, %d)",
        age, domain, delivered, failed);

    heed_test_database_do(database, sql);
}

void
heed_test_counts_add_day(HeedDatabase *database,
                         const char *domain,
                         unsigned age,
                         const HeedTestCounts *day)
{
    heed_test_counts_add_volume(database, domain, age, day->delivered, day->failed);
    heed_test_counts_add_reports(database, domain, age, "bounce", "hard", day->hard);
    heed_test_counts_add_reports(database, domain, age, "bounce", "block", day->block);
    heed_test_counts_add_reports(database, domain, age, "delay", "transient", day->deferred);
    heed_test_counts_add_reports(database, domain, age, "complaint", "complaint", day->complaints);
}

void
heed_test_counts_fold(HeedDatabase *database)
{
    heed_test_database_do(database, "SELECT heed_data.fold_rollups()");
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

void
heed_test_counts_clear(HeedDatabase *database)
{
    g_autoptr(GString) sql = g_string_new("TRUNCATE heed_data.reputation_sum");

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        g_string_append_printf(sql, ", heed_data.%s", tables[i].name);
    heed_test_database_do(database, sql->str);
}

/* Makes all that is counted older, or younger. */
static void
shift(HeedDatabase *database, int days)
{
    g_autoptr(GString) sql = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        g_string_append_printf(sql, "UPDATE heed_data.%s SET %s = %s - %d * %s;", tables[i].name,
                               tables[i].when, tables[i].when, days, tables[i].day);
    g_string_append_printf(sql, "UPDATE heed_data.reputation_summed SET day = day - %d", days);
    heed_test_database_do(database, sql->str);
}

/* In two steps, since the rows of a name must not meet on their way. */
void
heed_test_counts_pass(HeedDatabase *database, unsigned days)
{
    shift(database, 10000);
    shift(database, (int)days - 10000);
}

void
heed_test_counts_drop(HeedDatabase *database, unsigned age)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT heed_data.drop_counts(date_trunc('day', now() AT TIME ZONE 'UTC')"
                        " AT TIME ZONE 'UTC' - %u * interval '1 day')",
                        age);

    heed_test_database_do(database, sql);
}
