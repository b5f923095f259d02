/* SPDX-License-Identifier: Apache-2.0 */
#include "db/store_tables.h"

#include "base/limits.h"

#define COLUMNS 13U

static const char quarantine_sql[] =
    "INSERT INTO heed_data.quarantine (digest, arrived_at, received_at, mailbox_id, source, stream,"
    " uid, reason, detail, closed, epoch, size, truncated, content)"
    " SELECT digest, now(), coalesce(least(received_at, now()), now()), mailbox_id, source, stream,"
    " uid, coalesce(reason, 'unknown'), detail, closed, epoch, size, truncated, content"
    " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS arrival (digest,"
    " received_at, mailbox_id, source, stream, uid, reason, detail, closed, epoch, size, truncated,"
    " content)"
    /* A copy of it may have been read well. */
    " WHERE NOT EXISTS (SELECT FROM heed_data.report_seen AS seen WHERE seen.digest ="
    " arrival.digest)"
    " ORDER BY digest ON CONFLICT (digest) DO NOTHING RETURNING 1";

static void
add_arrival(HeedArrayParam **column, const HeedArrival *arrival, GStringChunk *pool)
{
    const char *const texts[] = {arrival->source, arrival->stream, arrival->uid, arrival->reason,
                                 arrival->detail};
    gsize length = 0;
    const void *content =
        arrival->compressed != NULL ? g_bytes_get_data(arrival->compressed, &length) : NULL;

    heed_array_add_bytes(*column++, arrival->digest, HEED_DIGEST_BYTES);
    heed_array_add_time(*column++, arrival->received_at);
    if (arrival->mailbox_id != 0)
        heed_array_add_int(*column++, arrival->mailbox_id);
    else
        heed_array_add_null(*column++);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        heed_array_add_text(*column++,
                            heed_batch_text(pool, texts[i], HEED_LIMIT_FIELD_VALUE_BYTES));
    heed_array_add_bool(*column++, arrival->closed);
    heed_array_add_int(*column++, arrival->epoch);
    heed_array_add_int(*column++, (int64_t)MIN(arrival->size, (uint64_t)INT64_MAX));
    heed_array_add_bool(*column++, arrival->truncated);
    heed_array_add_bytes(*column, content != NULL ? content : "", length);
}

bool
heed_store_write_quarantine(HeedDatabase *database,
                            const HeedBatch *batch,
                            size_t *out_new,
                            GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GStringChunk) pool = g_string_chunk_new(4096);
    HeedArrayParam *columns[COLUMNS] = {
        heed_params_bytes_array(params), heed_params_time_array(params),
        heed_params_int_array(params),   heed_params_text_array(params),
        heed_params_text_array(params),  heed_params_text_array(params),
        heed_params_text_array(params),  heed_params_text_array(params),
        heed_params_bool_array(params),  heed_params_int_array(params),
        heed_params_int_array(params),   heed_params_bool_array(params),
        heed_params_bytes_array(params),
    };
    g_autoptr(HeedRows) rows = NULL;

    *out_new = 0;
    if (batch->quarantine->len == 0)
        return true;
    for (guint i = 0; i < batch->quarantine->len; i++)
        add_arrival(columns, g_ptr_array_index(batch->quarantine, i), pool);
    rows = heed_database_query(database, "quarantine mail", quarantine_sql, params, error);
    if (rows == NULL)
        return false;
    *out_new = heed_rows_count(rows);
    return true;
}

bool
heed_store_note_retries(HeedDatabase *database, const HeedBatch *batch, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GStringChunk) pool = g_string_chunk_new(4096);
    HeedArrayParam *digests = heed_params_bytes_array(params);
    HeedArrayParam *reasons = heed_params_text_array(params);
    HeedArrayParam *details = heed_params_text_array(params);

    for (guint i = 0; i < batch->quarantine->len; i++) {
        const HeedArrival *arrival = g_ptr_array_index(batch->quarantine, i);

        heed_array_add_bytes(digests, arrival->digest, HEED_DIGEST_BYTES);
        heed_array_add_text(reasons,
                            heed_batch_text(pool, arrival->reason, HEED_LIMIT_FIELD_VALUE_BYTES));
        heed_array_add_text(details,
                            heed_batch_text(pool, arrival->detail, HEED_LIMIT_FIELD_VALUE_BYTES));
    }
    return batch->quarantine->len == 0 ||
           heed_database_run(database, "note what is quarantined again",
                             "WITH waiting AS (SELECT digest FROM heed_data.quarantine"
                             "  WHERE digest = ANY ($1) ORDER BY digest FOR UPDATE)"
                             " UPDATE heed_data.quarantine AS mail SET attempts = attempts + 1,"
                             "  reason = coalesce(again.reason, 'unknown'), detail = again.detail"
                             " FROM waiting JOIN unnest($1, $2, $3)"
                             "  AS again (digest, reason, detail) USING (digest)"
                             " WHERE mail.digest = waiting.digest",
                             params, error);
}

bool
heed_store_resolve_quarantine(HeedDatabase *database, const HeedBatch *batch, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *digests = heed_params_bytes_array(params);
    size_t count = 0;

    for (guint i = 0; i < batch->reports->len; i++) {
        const HeedBatchReport *report = g_ptr_array_index(batch->reports, i);

        if (!report->is_new)
            continue;
        heed_array_add_bytes(digests, report->arrival->digest, HEED_DIGEST_BYTES);
        count++;
    }
    /* Usually there is nothing: the partial index of what waits is small, and says so at once. */
    return count == 0 || heed_database_run(database, "resolve the quarantine",
                                           "UPDATE heed_data.quarantine SET resolved_at = now()"
                                           " WHERE quarantine_id IN (SELECT quarantine_id"
                                           " FROM heed_data.quarantine"
                                           " WHERE resolved_at IS NULL AND digest = ANY ($1)"
                                           " ORDER BY digest FOR UPDATE)",
                                           params, error);
}
