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

/* It failed from begins to ends, as gather.sql of suppress/ takes it. */
#define HAS_FAILED                                                                   \
    "(known AND EXISTS (SELECT FROM heed_data.event AS event"                        \
    " WHERE event.address = delivery.address AND event.trust >= 2"                   \
    " AND event.verdict IS NOT NULL AND coalesce(event.action, 'failed') = 'failed'" \
    " AND event.occurred_at BETWEEN begins AND ends))"

/* The last delivery of each address, and those between which and the next one it failed, in the
 * order in which all lock them. Something is known of an address, or becomes known with this
 * stretch ($4). */
static const char deliveries_sql[] =
    "WITH told AS MATERIALIZED ("
    " SELECT address COLLATE \"C\" AS address, delivered_at, original_key,"
    "  (EXISTS (SELECT FROM heed_data.address_state AS state WHERE state.address = delivery.address)"
    "   OR address IN (SELECT unnest($4))) AS known, delivered_at AS begins,"
    "  lead(delivered_at) OVER (PARTITION BY address COLLATE \"C\" ORDER BY delivered_at) AS ends"
    " FROM (SELECT unnest($1) AS address, unnest($2) AS delivered_at, unnest($3) AS original_key)"
    " AS delivery"
    /* Who was forgotten and is refused is kept by the pseudonym alone (store_forgotten.c). */
    " WHERE NOT (EXISTS (SELECT FROM heed_data.kept) AND EXISTS ("
    "  SELECT FROM heed_data.address_state AS state"
    "  WHERE state.address = heed_data.pseudonym(delivery.address) AND state.suppressed))"
    "), placed AS MATERIALIZED ("
    " SELECT address, delivered_at, original_key, known, near.before, near.after,"
    "  least(near.before, delivered_at) AS begins, greatest(near.after, delivered_at) AS ends"
    " FROM told AS delivery"
    " CROSS JOIN LATERAL (SELECT"
    "  max(old.delivered_at) FILTER (WHERE old.delivered_at <= delivery.delivered_at) AS before,"
    "  min(old.delivered_at) FILTER (WHERE old.delivered_at > delivery.delivered_at) AS after"
    "  FROM heed_data.delivery AS old WHERE old.address = delivery.address) AS near"
    " WHERE delivery.ends IS NULL OR " HAS_FAILED "), judged AS MATERIALIZED ("
    " SELECT delivery.*, " HAS_FAILED " AS between_failures FROM placed AS delivery"
    "), moved AS ("
    " UPDATE heed_data.delivery AS old SET delivered_at = judged.delivered_at, arrived_at = now(),"
    "  original_key = judged.original_key"
    " FROM judged WHERE old.address = judged.address AND old.delivered_at = judged.before"
    "  AND judged.after IS NULL AND NOT judged.between_failures"
    "  AND judged.before < judged.delivered_at"
    "), made AS ("
    " INSERT INTO heed_data.delivery (address, delivered_at, original_key)"
    " SELECT address, delivered_at, original_key FROM judged"
    " WHERE (before IS NULL AND after IS NULL) OR between_failures"
    " ORDER BY address, delivered_at ON CONFLICT DO NOTHING"
    ") SELECT DISTINCT address FROM placed WHERE known";

bool
heed_log_deliveries_write(HeedDatabase *database,
                          const HeedLogSums *sums,
                          GPtrArray *inout_addresses,
                          GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *addresses = heed_params_text_array(params);
    HeedArrayParam *times = heed_params_time_array(params);
    HeedArrayParam *keys = heed_params_bytes_array(params);
    HeedArrayParam *failed = heed_params_text_array(params);
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
    for (guint i = 0; i < inout_addresses->len; i++)
        heed_array_add_text(failed, g_ptr_array_index(inout_addresses, i));
    rows = heed_database_query(database, "note the deliveries", deliveries_sql, params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(inout_addresses, g_strdup(heed_rows_text(rows, i, 0)));
    return true;
}
