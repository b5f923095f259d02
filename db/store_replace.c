/* SPDX-License-Identifier: Apache-2.0 */
#include "db/store.h"
#include "db/store_tables.h"

/*
 * What is stored of a report goes, with its counts, and comes anew. Its row in report_seen stays:
 * it is the lock, and keeps the time of arrival and the trust that copies gave it.
 */

typedef struct Replacement {
    HeedDatabase *database;
    HeedBatch *batch;
    HeedRollup *rollup;
    GPtrArray *addresses;
} Replacement;

static HeedParams *
digests_of(const HeedBatch *batch)
{
    HeedParams *params = heed_params_new();
    HeedArrayParam *digests = heed_params_bytes_array(params);

    for (guint i = 0; i < batch->reports->len; i++) {
        const HeedBatchReport *report = g_ptr_array_index(batch->reports, i);

        heed_array_add_bytes(digests, report->arrival->digest, HEED_DIGEST_BYTES);
    }
    return params;
}

/* Takes the time of arrival over: of what is stored, or of what waits in quarantine. */
static bool
find_arrivals(const Replacement *replacement, const char *name, const char *sql, GError **error)
{
    g_autoptr(HeedParams) params = digests_of(replacement->batch);
    g_autoptr(HeedRows) rows = heed_database_query(replacement->database, name, sql, params, error);

    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        g_autoptr(GBytes) digest = heed_rows_bytes(rows, i, 0);
        HeedBatchReport *report =
            heed_batch_find(replacement->batch, g_bytes_get_data(digest, NULL));
        int64_t trust = heed_rows_int(rows, i, 2);

        g_assert(report != NULL);
        g_free(report->arrived_at);
        report->arrived_at = g_strdup(heed_rows_text(rows, i, 1));
        if (trust > (int64_t)report->trust)
            report->trust = (HeedTrust)trust;
    }
    return true;
}

/* Takes the old events out of the counts. */
static void
uncount(const Replacement *replacement, const HeedRows *rows)
{
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        g_autoptr(GStringChunk) pool = g_string_chunk_new(256);
        const HeedRollupKey key = {
            .occurred_at = heed_rows_time(rows, i, 0),
            .stream = heed_rows_text(rows, i, 1),
            .domain = heed_rows_text(rows, i, 2),
            .provider = heed_rows_text(rows, i, 3),
            .kind = heed_rows_text(rows, i, 4),
            .class_ = heed_rows_text(rows, i, 5),
            .verdict = heed_rows_text(rows, i, 6),
            .source_ip = heed_rows_text(rows, i, 7),
            .sender_domain =
                heed_store_sender_domain(pool, heed_rows_text(rows, i, 8),
                                         heed_rows_text(rows, i, 9), heed_rows_text(rows, i, 10)),
        };

        heed_rollup_add(replacement->rollup, &key, heed_rows_bool(rows, i, 11) ? -1 : 0, -1);
        if (!heed_rows_is_null(rows, i, 12))
            g_ptr_array_add(replacement->addresses, g_strdup(heed_rows_text(rows, i, 12)));
    }
}

static bool
remove_old(const Replacement *replacement, GError **error)
{
    g_autoptr(HeedParams) params = digests_of(replacement->batch);
    g_autoptr(HeedRows) rows = heed_database_query(
        replacement->database, "remove what was read before",
        "WITH seen AS MATERIALIZED ("
        "    SELECT digest, arrived_at FROM heed_data.report_seen WHERE digest = ANY ($1)"
        "), event AS ("
        "    DELETE FROM heed_data.event AS event USING seen"
        "    WHERE event.arrived_at = seen.arrived_at AND event.digest = seen.digest"
        "    RETURNING event.*"
        "), report AS ("
        "    DELETE FROM heed_data.report AS report USING seen"
        "    WHERE report.arrived_at = seen.arrived_at AND report.digest = seen.digest"
        "    RETURNING report.*"
        "), failure AS ("
        "    DELETE FROM heed_data.failure AS failure USING event"
        "    WHERE failure.failure_key = event.failure_key AND failure.digest = event.digest"
        "        AND failure.ordinal = event.ordinal"
        "    RETURNING failure.failure_key"
        ") SELECT floor(extract(epoch FROM event.occurred_at))::bigint, event.stream, event.domain,"
        "    event.provider, event.kind, event.class, event.verdict,"
        "    report.feedback ->> 'source_ip', report.original_from, report.original_return_path,"
        "    report.feedback ->> 'original_mail_from', failure.failure_key IS NOT NULL,"
        "    event.address"
        " FROM event LEFT JOIN report USING (arrived_at, digest)"
        " LEFT JOIN failure ON failure.failure_key = event.failure_key",
        params, error);

    if (rows == NULL)
        return false;
    uncount(replacement, rows);
    return true;
}

static bool
replace(const Replacement *replacement, size_t *out_new, GError **error)
{
    if (!find_arrivals(replacement, "find the mail in quarantine",
                       "SELECT digest, arrived_at, 0 FROM heed_data.quarantine"
                       " WHERE digest = ANY ($1)",
                       error) ||
        !heed_store_write_seen(replacement->database, replacement->batch, error))
        return false;
    *out_new = heed_store_count_new(replacement->batch);
    /* The lock, and what copies did to the trust. */
    if (!find_arrivals(replacement, "lock the reports",
                       "SELECT digest, arrived_at, trust FROM heed_data.report_seen"
                       " WHERE digest = ANY ($1) ORDER BY digest FOR UPDATE",
                       error) ||
        !remove_old(replacement, error))
        return false;
    for (guint i = 0; i < replacement->batch->reports->len; i++) {
        HeedBatchReport *report = g_ptr_array_index(replacement->batch->reports, i);

        report->is_new = true;
    }
    return heed_store_write_new(replacement->database, replacement->batch, replacement->rollup,
                                replacement->addresses, error);
}

/* The rows of report_seen that were there may have less trust than the report as it is read now. */
static bool
raise_seen(const Replacement *replacement, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *digests = heed_params_bytes_array(params);
    HeedArrayParam *trusts = heed_params_int_array(params);

    for (guint i = 0; i < replacement->batch->reports->len; i++) {
        const HeedBatchReport *report = g_ptr_array_index(replacement->batch->reports, i);

        heed_array_add_bytes(digests, report->arrival->digest, HEED_DIGEST_BYTES);
        heed_array_add_int(trusts, (int64_t)report->trust);
    }
    return heed_database_run(replacement->database, "note the trust of the reports",
                             "UPDATE heed_data.report_seen AS seen SET trust = again.trust"
                             " FROM unnest($1, $2) AS again (digest, trust)"
                             " WHERE seen.digest = again.digest AND seen.trust < again.trust",
                             params, error);
}

bool
heed_store_replace(HeedDatabase *database,
                   const GPtrArray *arrivals,
                   HeedStored *out,
                   GError **error)
{
    g_autoptr(HeedBatch) batch = NULL;
    g_autoptr(HeedRollup) rollup = heed_rollup_new();
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    Replacement replacement = {.database = database, .rollup = rollup, .addresses = addresses};
    int64_t now = 0;
    size_t new_reports = 0;

    if (!heed_store_clock(database, &now, error))
        return false;
    batch = heed_batch_new(arrivals, now);
    replacement.batch = batch;
    if (!replace(&replacement, &new_reports, error) || !raise_seen(&replacement, error) ||
        !heed_store_note_retries(database, batch, error))
        return false;
    out->new_reports = new_reports;
    out->known_reports = batch->copies + batch->reports->len - new_reports;
    out->quarantined = batch->quarantine->len;
    out->events = batch->events->len;
    out->addresses = heed_store_unique(addresses);
    return true;
}
