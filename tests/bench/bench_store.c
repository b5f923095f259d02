/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events a second into PostgreSQL, in batches of 1000 reports of one recipient each, every batch a
 * durable transaction; then the same again, when all of it is known. Run through
 * tests/support/with-postgres with HEED_TEST_FSYNC=on. Prints one line a measurement.
 *
 * usage: bench_store [BATCHES]
 */
#include "db/migrate.h"
#include "db/store.h"
#include "tests/support/arrivals.h"
#include "tests/support/database.h"

#include <stdio.h>

#define BATCH 1000U

static GPtrArray *
make_batch(unsigned number)
{
    GPtrArray *arrivals = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);

    for (unsigned i = 0; i < BATCH; i++) {
        unsigned serial = number * BATCH + i;
        g_autofree char *id = g_strdup_printf("%u.20260102@news.example.com", serial);
        g_autofree char *address =
            g_strdup_printf("someone.%u@domain%u.example", serial, serial % 200);
        const HeedTestArrival row = {.number = serial,
                                     .kind = HEED_KIND_BOUNCE,
                                     .trust = HEED_TRUST_PLAUSIBLE,
                                     .message_id = id,
                                     .address = address,
                                     .class_ = HEED_CLASS_BAD_MAILBOX,
                                     .verdict = HEED_VERDICT_HARD};
        HeedArrival *arrival = heed_test_arrival(&row);

        /* What a bounce of some KB compresses to. */
        g_bytes_unref(arrival->compressed);
        arrival->compressed = g_bytes_new_take(g_strnfill(1500, 'z'), 1500);
        g_ptr_array_add(arrivals, arrival);
    }
    return arrivals;
}

static double
store_all(HeedDatabase *database, unsigned batches)
{
    double seconds = 0;

    for (unsigned i = 0; i < batches; i++) {
        g_autoptr(GPtrArray) arrivals = make_batch(i);
        g_autoptr(GError) error = NULL;
        int64_t start = g_get_monotonic_time();
        g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, &error);
        g_auto(HeedStored) stored = {0};

        if (transaction == NULL || !heed_store_insert(database, arrivals, &stored, &error) ||
            !heed_transaction_commit(transaction, &error))
            g_error("%s", error->message);
        seconds += (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    }
    return seconds;
}

int
main(int argc, char **argv)
{
    unsigned batches = argc > 1 ? (unsigned)g_ascii_strtoull(argv[1], NULL, 10) : 100;
    g_autoptr(HeedTestDatabase) test = heed_test_database_new();
    g_autoptr(GError) error = NULL;
    const char *const names[] = {"new", "known"};

    if (!heed_migrate(test->database, NULL, &error))
        g_error("%s", error->message);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        double seconds = store_all(test->database, batches);

        (void)printf("%s: %u events in %.2f s, %.0f a second\n", names[i], batches * BATCH, seconds,
                     batches * BATCH / seconds);
    }
    return 0;
}
