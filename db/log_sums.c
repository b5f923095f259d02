/* SPDX-License-Identifier: Apache-2.0 */
#include "db/log_sums.h"

#include "db/keys.h"

static bool
write_volumes(HeedDatabase *database,
              const HeedLogSums *sums,
              const char *const *streams,
              GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *hours = heed_params_time_array(params);
    HeedArrayParam *names[5];
    HeedArrayParam *delivered;
    HeedArrayParam *failed;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        names[i] = heed_params_text_array(params);
    delivered = heed_params_int_array(params);
    failed = heed_params_int_array(params);
    for (guint i = 0; i < sums->volumes->len; i++) {
        const HeedLogVolume *volume = &g_array_index(sums->volumes, HeedLogVolume, i);

        heed_array_add_time(hours, volume->hour);
        heed_array_add_text(names[0], streams[i] != NULL ? streams[i] : "");
        heed_array_add_text(names[1], volume->domain);
        heed_array_add_text(names[2], volume->provider);
        heed_array_add_text(names[3], volume->sender_domain);
        heed_array_add_text(names[4], volume->source_ip);
        heed_array_add_int(delivered, (int64_t)volume->delivered);
        heed_array_add_int(failed, (int64_t)volume->failed);
    }
    return sums->volumes->len == 0 ||
           heed_database_run(
               database, "add to the volumes",
               "INSERT INTO heed_data.volume_delta (hour, stream, domain, provider, sender_domain,"
               " source_ip, delivered, failed)"
               " SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6),"
               " unnest($7), unnest($8)",
               params, error);
}

static bool
write_attempts(HeedDatabase *database, const HeedLogSums *sums, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *minutes = heed_params_time_array(params);
    HeedArrayParam *texts[4];
    HeedArrayParam *counts[3];

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        texts[i] = heed_params_text_array(params);
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
        counts[i] = heed_params_int_array(params);
    for (guint i = 0; i < sums->attempts->len; i++) {
        const HeedLogAttempt *attempt = &g_array_index(sums->attempts, HeedLogAttempt, i);

        heed_array_add_time(minutes, attempt->minute);
        heed_array_add_text(texts[0], attempt->destination);
        heed_array_add_text(texts[1], attempt->source_ip);
        heed_array_add_text(texts[2], attempt->class_);
        heed_array_add_text(texts[3], attempt->reply);
        heed_array_add_int(counts[0], (int64_t)attempt->delivered);
        heed_array_add_int(counts[1], (int64_t)attempt->deferred);
        heed_array_add_int(counts[2], (int64_t)attempt->failed);
    }
    /* Old ones would be dropped with the next maintenance. */
    return sums->attempts->len == 0 ||
           heed_database_run(
               database, "add to the attempts",
               "INSERT INTO heed_data.attempt_minute (minute, destination, source_ip, class, reply,"
               " delivered, deferred, failed)"
               " SELECT * FROM (SELECT unnest($1) AS minute, unnest($2), unnest($3), unnest($4),"
               " unnest($5), unnest($6), unnest($7), unnest($8)) AS attempt"
               " WHERE minute >= now() - interval '8 days'",
               params, error);
}

bool
heed_log_sums_write(HeedDatabase *database,
                    const HeedLogSums *sums,
                    const char *const *streams,
                    GError **error)
{
    return write_volumes(database, sums, streams, error) && write_attempts(database, sums, error);
}

/* The last delivery of each address, in the order in which all lock them. */
static const char deliveries_sql[] =
    "WITH given AS MATERIALIZED ("
    " SELECT DISTINCT ON (address) address COLLATE \"C\" AS address, delivered_at, original_key"
    " FROM (SELECT unnest($1) AS address, unnest($2) AS delivered_at, unnest($3) AS original_key)"
    " AS delivery"
    /* Who was forgotten and is refused is kept by the pseudonym alone (store_forgotten.c). */
    " WHERE NOT (EXISTS (SELECT FROM heed_data.kept) AND EXISTS ("
    "  SELECT FROM heed_data.address_state AS state"
    "  WHERE state.address = heed_data.pseudonym(delivery.address) AND state.suppressed))"
    " ORDER BY address, delivered_at DESC"
    "), placed AS MATERIALIZED ("
    " SELECT given.*, state.known, near.before, near.after, coalesce(state.known AND EXISTS ("
    "  SELECT FROM heed_data.event AS event WHERE event.address = given.address"
    "  AND event.action = 'failed' AND event.trust >= 2 AND event.occurred_at BETWEEN"
    "  least(near.before, given.delivered_at) AND greatest(near.after, given.delivered_at)), false)"
    " AS between_failures"
    " FROM given"
    " CROSS JOIN LATERAL (SELECT"
    "  (SELECT max(old.delivered_at) FROM heed_data.delivery AS old"
    "   WHERE old.address = given.address AND old.delivered_at <= given.delivered_at) AS before,"
    "  (SELECT min(old.delivered_at) FROM heed_data.delivery AS old"
    "   WHERE old.address = given.address AND old.delivered_at > given.delivered_at) AS after"
    " ) AS near"
    " CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM heed_data.address_state AS state"
    "  WHERE state.address = given.address) AS known) AS state"
    "), moved AS ("
    " UPDATE heed_data.delivery AS old SET delivered_at = placed.delivered_at, arrived_at = now(),"
    "  original_key = placed.original_key"
    " FROM placed WHERE old.address = placed.address AND old.delivered_at = placed.before"
    "  AND placed.after IS NULL AND NOT placed.between_failures"
    "  AND placed.before < placed.delivered_at"
    "), made AS ("
    " INSERT INTO heed_data.delivery (address, delivered_at, original_key)"
    " SELECT address, delivered_at, original_key FROM placed"
    " WHERE (before IS NULL AND after IS NULL) OR between_failures"
    " ORDER BY address ON CONFLICT DO NOTHING"
    ") SELECT address FROM placed WHERE known";

bool
heed_log_deliveries_write(HeedDatabase *database,
                          const HeedLogSums *sums,
                          GPtrArray *out_addresses,
                          GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *addresses = heed_params_text_array(params);
    HeedArrayParam *times = heed_params_time_array(params);
    HeedArrayParam *keys = heed_params_bytes_array(params);
    g_autoptr(HeedRows) rows = NULL;

    if (sums->deliveries->len == 0)
        return true;
    for (guint i = 0; i < sums->deliveries->len; i++) {
        const HeedLogDelivery *delivery = &g_array_index(sums->deliveries, HeedLogDelivery, i);
        const HeedOriginal original = {.message_id = delivery->message_id,
                                       .queue_id = delivery->queue_id};
        uint8_t key[HEED_KEY_BYTES];
        bool known = heed_key_original(&original, key);

        heed_array_add_text(addresses, delivery->address);
        heed_array_add_time(times, delivery->at);
        heed_array_add_bytes(keys, known ? key : NULL, HEED_KEY_BYTES);
    }
    rows = heed_database_query(database, "note the deliveries", deliveries_sql, params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(out_addresses, g_strdup(heed_rows_text(rows, i, 0)));
    return true;
}
