/* SPDX-License-Identifier: Apache-2.0 */
#include "db/store.h"

#include "base/fault.h"
#include "db/store_tables.h"

#include <string.h>

void
heed_stored_clear(HeedStored *stored)
{
    g_clear_pointer(&stored->addresses, g_ptr_array_unref);
}

static gint
by_bytes(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
heed_store_unique(GPtrArray *addresses)
{
    GPtrArray *unique = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_sort(addresses, by_bytes);
    for (guint i = 0; i < addresses->len; i++) {
        const char *address = g_ptr_array_index(addresses, i);

        if (i == 0 || strcmp(address, g_ptr_array_index(addresses, i - 1)) != 0)
            g_ptr_array_add(unique, g_strdup(address));
    }
    return unique;
}

bool
heed_store_clock(HeedDatabase *database, int64_t *out_now, GError **error)
{
    g_autoptr(HeedRows) rows =
        heed_database_query_row(database, "read the clock",
                                "SELECT floor(extract(epoch FROM now()))::bigint,"
                                " pg_advisory_xact_lock_shared(hashtextextended('heed.forget', 0))",
                                NULL, error);

    if (rows == NULL)
        return false;
    *out_now = heed_rows_int(rows, 0, 0);
    return true;
}

size_t
heed_store_count_new(const HeedBatch *batch)
{
    size_t count = 0;

    for (guint i = 0; i < batch->reports->len; i++) {
        const HeedBatchReport *report = g_ptr_array_index(batch->reports, i);

        count += report->is_new ? 1 : 0;
    }
    return count;
}

bool
heed_store_write_new(HeedDatabase *database,
                     HeedBatch *batch,
                     HeedRollup *rollup,
                     GPtrArray *out_addresses,
                     GError **error)
{
    heed_batch_make_events(batch);
    if (!heed_store_forget(database, batch, error) ||
        !heed_store_write_reports(database, batch, error) ||
        !heed_store_write_events(database, batch, error))
        return false;
    heed_store_count(batch, rollup);
    HEED_FAULT("store.events-written");
    for (guint i = 0; i < batch->events->len; i++) {
        const HeedBatchEvent *event = &g_array_index(batch->events, HeedBatchEvent, i);

        /* What is put off counts nowhere. */
        if (event->recipient.address != NULL && event->recipient.action != HEED_ACTION_DELAYED)
            g_ptr_array_add(out_addresses, g_strdup(event->recipient.address));
    }
    return heed_rollup_write(rollup, database, error) &&
           heed_store_resolve_quarantine(database, batch, error);
}

bool
heed_store_insert(HeedDatabase *database,
                  const GPtrArray *arrivals,
                  HeedStored *out,
                  GError **error)
{
    g_autoptr(HeedBatch) batch = NULL;
    g_autoptr(HeedRollup) rollup = heed_rollup_new();
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    size_t quarantined = 0;
    int64_t now = 0;

    if (!heed_store_clock(database, &now, error))
        return false;
    batch = heed_batch_new(arrivals, now);
    if (!heed_store_write_seen(database, batch, error) ||
        !heed_store_raise_trust(database, batch, addresses, error) ||
        !heed_store_write_new(database, batch, rollup, addresses, error) ||
        !heed_store_write_quarantine(database, batch, &quarantined, error))
        return false;
    out->new_reports = heed_store_count_new(batch);
    out->known_reports = batch->copies + batch->reports->len - out->new_reports +
                         batch->quarantine->len - quarantined;
    out->quarantined = quarantined;
    out->events = batch->events->len;
    out->addresses = heed_store_unique(addresses);
    return true;
}
