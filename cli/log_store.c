/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_store.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/retry.h"
#include "db/log_file.h"
#include "db/log_sums.h"
#include "db/store.h"
#include "ingest/streams.h"
#include "suppress/guard.h"
#include "suppress/policy.h"

#include <string.h>

/* Gives each failure its source and its stream. */
static void
complete(const HeedLogStore *store, const GPtrArray *arrivals)
{
    for (guint i = 0; i < arrivals->len; i++) {
        HeedArrival *arrival = g_ptr_array_index(arrivals, i);
        const char *stream = heed_stream_find(store->config->streams, NULL, arrival->report);

        g_free(arrival->source);
        arrival->source = g_strdup(store->source);
        g_free(arrival->stream);
        arrival->stream = g_strdup(stream != NULL ? stream : store->stream);
    }
}

/* The stream of each volume; borrowed from store and configuration. All that a count knows of its
 * mail is whose it is. */
static const char **
streams_of(const HeedLogStore *store, const HeedLogSums *sums)
{
    const char **streams = g_new0(const char *, sums->volumes->len + 1);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < sums->volumes->len; i++) {
        const char *domain = g_array_index(sums->volumes, HeedLogVolume, i).sender_domain;
        gpointer found = NULL;

        if (!g_hash_table_lookup_extended(known, domain, NULL, &found)) {
            g_autoptr(HeedReport) report = heed_report_new();
            g_autofree char *sender = g_strconcat("x@", domain, NULL);
            const char *stream;

            if (*domain != '\0')
                report->original.return_path = heed_report_text(report, sender, -1);
            stream = heed_stream_find(store->config->streams, NULL, report);
            found = (char *)(uintptr_t)(stream != NULL ? stream : store->stream);
            g_hash_table_insert(known, (char *)(uintptr_t)domain, found);
        }
        streams[i] = found;
    }
    return streams;
}

static gint
by_bytes(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
sort_unique(GPtrArray *addresses)
{
    g_ptr_array_sort(addresses, by_bytes);
    for (guint i = addresses->len; i > 1; i--)
        if (strcmp(g_ptr_array_index(addresses, i - 1), g_ptr_array_index(addresses, i - 2)) == 0)
            g_ptr_array_remove_index(addresses, i - 1);
}

/* The failures, and what follows from them and from the deliveries. */
static bool
store_facts(HeedLogStore *store,
            const HeedLogBatch *batch,
            HeedStored *out,
            unsigned *out_holds,
            GError **error)
{
    HeedDatabase *database = store->database;

    if (!heed_store_insert(database, batch->arrivals, out, error) ||
        !heed_guard_watch(database, &store->config->guard, HEED_DATE_UNKNOWN, out->addresses,
                          out_holds, error) ||
        (batch->sums->deliveries->len > 0 && !heed_policy_lock_deliveries(database, error)) ||
        !heed_log_deliveries_write(database, batch->sums, out->addresses, error))
        return false;
    sort_unique(out->addresses);
    return out->addresses->len == 0 ||
           heed_policy_fold(database, store->config->policy, out->addresses, error);
}

static bool
count_log(HeedLogStore *store, const HeedLogTally *tally, GError **error)
{
    const HeedLogCount count = {.lines = tally->lines,
                                .unread = heed_log_tally_unread(tally),
                                .delivered = tally->delivered,
                                .deferred = tally->deferred,
                                .failed = tally->failed};

    return store->log == NULL || heed_log_count(store->database, store->log, &count, error);
}

static bool
store_sums(HeedLogStore *store, const HeedLogBatch *batch, GError **error)
{
    g_autofree const char **streams = streams_of(store, batch->sums);
    const HeedLogTally *tally = &batch->tally;
    const HeedLogStretch stretch = {.end = batch->position,
                                    .lines = tally->lines,
                                    .told = tally->delivered + tally->deferred + tally->failed > 0,
                                    .state = batch->state};

    return heed_log_sums_write(store->database, batch->sums, streams, error) &&
           heed_log_file_save(store->database, store->log_file_id, &stretch, error) &&
           (batch->state == NULL || store->before_id == 0 ||
            heed_log_file_forget_state(store->database, store->before_id, error)) &&
           count_log(store, tally, error);
}

/* Locks the place; *out_done when the batch is stored already, by a commit whose answer was lost.
 */
static bool
lock_place(HeedLogStore *store, const HeedLogBatch *batch, bool *out_done, GError **error)
{
    uint64_t position = 0;

    if (!heed_log_file_lock(store->database, store->log_file_id, &position, error))
        return false;
    *out_done = position == batch->position;
    if (*out_done || position == store->position)
        return true;
    store->overtaken = true;
    g_set_error_literal(error, HEED_ERROR, HEED_ERROR_CANCELLED,
                        "another process reads it at the same time");
    return false;
}

static bool
store_once(HeedLogStore *store, const HeedLogBatch *batch, HeedStored *out, GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(store->database, error);
    unsigned holds = 0;
    bool done = false;

    if (transaction == NULL || !lock_place(store, batch, &done, error))
        return false;
    if (done)
        return true;
    if (!store_facts(store, batch, out, &holds, error) || !store_sums(store, batch, error))
        return false;
    HEED_FAULT("log.before-commit");
    if (!heed_transaction_commit(transaction, error))
        return false;
    HEED_FAULT("log.after-commit");
    if (holds > 0)
        heed_log(HEED_LOG_WARNING,
                 "a surge of hard failures: its addresses are paused and not suppressed; "
                 "heed suppress review shows it");
    return true;
}

static bool
store_patiently(HeedLogStore *store, const HeedLogBatch *batch, GError **error)
{
    HeedAttempts attempts = {0};
    g_autoptr(GError) reason = NULL;
    bool reconnected;

    do {
        g_auto(HeedStored) stored = {0};

        if (store_once(store, batch, &stored, &reason)) {
            store->totals.new_reports += stored.new_reports;
            store->totals.known += stored.known_reports;
            return true;
        }
    } while (heed_cli_try_again(store->database, &attempts, &reconnected, &reason));
    g_propagate_error(error, g_steal_pointer(&reason));
    return false;
}

/* What is not the batch's fault is not mended by taking it apart. */
static bool
may_be_one_failure(const GError *error)
{
    return g_error_matches(error, HEED_ERROR, HEED_ERROR_INTERNAL) ||
           g_error_matches(error, HEED_ERROR, HEED_ERROR_DATA) ||
           g_error_matches(error, HEED_ERROR, HEED_ERROR_LIMIT);
}

/* Finds those that the database takes in no way, by trying each alone without keeping it. */
static bool
drop_refused(HeedLogStore *store, HeedLogBatch *batch, GError **error)
{
    for (guint i = batch->arrivals->len; i > 0; i--) {
        g_autoptr(HeedTransaction) transaction = heed_transaction_begin(store->database, error);
        g_autoptr(GPtrArray) one = g_ptr_array_new();
        g_autoptr(GError) reason = NULL;
        g_auto(HeedStored) stored = {0};

        if (transaction == NULL)
            return false;
        g_ptr_array_add(one, g_ptr_array_index(batch->arrivals, i - 1));
        if (heed_store_insert(store->database, one, &stored, &reason))
            continue;
        if (!may_be_one_failure(reason)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return false;
        }
        g_ptr_array_remove_index(batch->arrivals, i - 1);
        batch->tally.refused++;
        if (store->refusal == NULL)
            store->refusal = g_steal_pointer(&reason);
    }
    return true;
}

bool
heed_log_store_batch(HeedLogStore *store, HeedLogBatch *batch, GError **error)
{
    g_autoptr(GError) reason = NULL;
    bool stored;

    complete(store, batch->arrivals);
    stored = store_patiently(store, batch, &reason);
    if (!stored && may_be_one_failure(reason) && batch->arrivals->len > 0) {
        guint before = batch->arrivals->len;

        if (!drop_refused(store, batch, error))
            return false;
        if (batch->arrivals->len < before) {
            g_clear_error(&reason);
            stored = store_patiently(store, batch, &reason);
        }
    }
    if (!stored) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
    }
    store->position = batch->position;
    heed_log_tally_add(&store->totals.tally, &batch->tally);
    return true;
}
