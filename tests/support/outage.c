/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/outage.h"

#include "base/error.h"
#include "tests/support/check.h"

/* 2026-01-01 00:00 UTC. */
#define BEGINNING INT64_C(1767225600)
#define OUR_MTA   "out.example.com"

void
heed_outage_begin(HeedOutage *outage, HeedTestDatabase *test, const HeedPolicy *policy)
{
    *outage = (HeedOutage){.database = test->database, .policy = policy, .now = BEGINNING};
    heed_test_database_do(test->database,
                          "TRUNCATE heed_data.event, heed_data.decision, heed_data.address_state,"
                          " heed_data.guard_count, heed_data.guard_hold RESTART IDENTITY");
}

static void
insert(HeedOutage *outage, const HeedOutageLot *lot)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GError) error = NULL;

    heed_params_time(params, outage->now);
    heed_params_text(params, lot->prefix);
    heed_params_text(params, lot->domain);
    heed_params_text(params, lot->provider);
    heed_params_text(params, lot->mta != NULL ? lot->mta : OUR_MTA);
    heed_params_int(params, lot->domains > 0 ? lot->domains : 1);
    heed_params_int(params, outage->next);
    heed_params_int(params, lot->count);
    heed_params_int(params, lot->from > 0 ? lot->from : outage->now);
    heed_params_int(params, lot->from > 0 ? lot->until : outage->now);
    heed_assert_done(
        heed_database_run(
            outage->database, "add failures",
            "INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, closed, trust,"
            " kind, class, verdict, address, domain, provider, reporter_mta, original_key,"
            " failure_key, diagnostic) SELECT $1, int8send(i), 0,"
            " to_timestamp($9::bigint + ($10::bigint - $9::bigint) * (i - $7::bigint) / $8::bigint),"
            " false, 3, 'bounce', 'bad-mailbox', 'hard', $2::text || i || '@' || d.domain, d.domain, $4::text, $5::text,"
            " int8send(i), int8send(i), '550 5.1.1 no such user'"
            " FROM generate_series($7::bigint, $7::bigint + $8::bigint - 1) AS i"
            " CROSS JOIN LATERAL (SELECT replace($3::text, '%', (i % $6::bigint + 1)::text)) AS d"
            " (domain)",
            params, &error),
        error);
    outage->next += lot->count;
}

/* The addresses of the lots that were just inserted. */
static GPtrArray *
arrived_now(const HeedOutage *outage, const HeedOutageLot *lots, unsigned count)
{
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    unsigned number = outage->next;

    for (unsigned i = count; i-- > 0;) {
        for (unsigned j = 0; j < lots[i].count; j++) {
            g_autofree char *which = NULL;
            g_auto(GStrv) parts = g_strsplit(lots[i].domain, "%", 2);

            number--;
            which = g_strdup_printf("%u", number % MAX(lots[i].domains, 1) + 1);
            g_ptr_array_add(addresses, g_strdup_printf("%s%u@%s%s%s", lots[i].prefix, number,
                                                       parts[0], parts[1] != NULL ? which : "",
                                                       parts[1] != NULL ? parts[1] : ""));
        }
    }
    return addresses;
}

static bool
store_once(HeedOutage *outage, const HeedOutageLot *lots, unsigned count, GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(outage->database, error);
    g_autoptr(GPtrArray) addresses = NULL;
    unsigned placed = 0;

    g_assert_nonnull(transaction);
    for (unsigned i = 0; i < count; i++)
        insert(outage, &lots[i]);
    addresses = arrived_now(outage, lots, count);
    /* As the program, which may do no more than its role. */
    heed_test_database_do(outage->database, "SET LOCAL ROLE heed_ingest");
    if (!heed_guard_watch(outage->database, &outage->options, outage->now, addresses, &placed,
                          error) ||
        !heed_policy_fold(outage->database, outage->policy, addresses, error) ||
        !heed_transaction_commit(transaction, error))
        return false;
    outage->placed += placed;
    return true;
}

void
heed_outage_store(HeedOutage *outage, const HeedOutageLot *lots, unsigned count)
{
    unsigned first = outage->next;

    for (;;) {
        g_autoptr(GError) lost = NULL;

        outage->next = first;
        if (store_once(outage, lots, count, &lost))
            return;
        g_assert_error(lost, HEED_ERROR, HEED_ERROR_CONFLICT);
    }
}

void
heed_outage_usual(HeedOutage *outage, unsigned days, unsigned big, unsigned small)
{
    for (unsigned day = 0; day < days; day++) {
        int64_t morning = outage->now;

        for (unsigned half = 0; half < 6; half++) {
            /* Heaps: the first half hour has a half of the day, as campaigns have. */
            const HeedOutageLot lots[] = {
                {.prefix = "usual",
                 .domain = "big.example",
                 .provider = "big",
                 .count = half == 0 ? big / 2 : big / 10},
                {.prefix = "usual",
                 .domain = "d%.example",
                 .domains = 40,
                 .count = half == 0 ? small / 2 : small / 10},
            };

            outage->now = morning + 9 * 3600 + half * 1800;
            heed_outage_store(outage, lots, G_N_ELEMENTS(lots));
        }
        outage->now = morning + 86400;
    }
}

unsigned
heed_outage_count(const HeedOutage *outage, const char *prefix, const char *state)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedRows) row = NULL;

    heed_params_time(params, outage->now);
    heed_params_text(params, prefix);
    heed_params_text(params, state);
    row = heed_database_query_row(
        outage->database, "count states",
        "SELECT count(*) FROM (SELECT DISTINCT address FROM heed_data.event"
        " WHERE starts_with(address, $2::text)) AS known"
        " LEFT JOIN heed_data.address_state AS state ON state.address = known.address"
        " AND state.scope = '' AND state.suppressed AND (state.until IS NULL OR state.until > $1)"
        " WHERE CASE WHEN state.address IS NULL THEN 'mailed' WHEN state.hold_id IS NULL"
        " THEN 'suppressed' ELSE 'held' END = $3::text",
        params, &error);
    g_assert_no_error(error);
    return (unsigned)heed_rows_int(row, 0, 0);
}
