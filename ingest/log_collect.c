/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_collect.h"

#include "base/limits.h"
#include "ingest/log_failure.h"
#include "ingest/log_key.h"
#include "ingest/log_route.h"
#include "ingest/log_seen.h"
#include "parsers/provider.h"

#include <string.h>

#define SECONDS_A_MINUTE 60
#define SECONDS_A_HOUR   3600
#define SECONDS_A_DAY    86400
/* Enough of a reply to know it by. */
#define REPLY_BYTES 400U
/* Numbers and lengths of a row. */
#define ROW_BYTES 80U
/* Longer ids of messages are nobody's. */
#define NAME_BYTES 1000U

struct HeedLogCollector {
    const HeedLogJob *job;
    HeedLogFailures *failures;
    HeedLogSeen *seen;
    HeedLogTakeFailure take;
    void *data;
    int64_t reference;
    HeedLogRoutes *routes;
    uint64_t generation;
    /* What was gathered since the last finish: */
    GHashTable *volumes;  /* of HeedLogVolume *, by HeedLogKey */
    GHashTable *attempts; /* of HeedLogAttempt *, by HeedLogKey */
    GHashTable *troubled; /* set of HeedLogKey: places and minutes in which not all went well */
    GStringChunk *text;
    GArray *deliveries; /* of HeedLogDelivery */
    size_t reported;
    size_t bytes; /* of the rows, as they are handed over */
    HeedLogTally tally;
    GString *scratch; /* of keys */
};

static void
begin(HeedLogCollector *collector)
{
    collector->volumes =
        g_hash_table_new_full(heed_log_key_hash, heed_log_key_equal, g_free, g_free);
    collector->attempts =
        g_hash_table_new_full(heed_log_key_hash, heed_log_key_equal, g_free, g_free);
    collector->troubled =
        g_hash_table_new_full(heed_log_key_hash, heed_log_key_equal, g_free, NULL);
    collector->text = g_string_chunk_new(65536);
    collector->deliveries = g_array_new(FALSE, FALSE, sizeof(HeedLogDelivery));
    collector->reported = 0;
    collector->bytes = 0;
    collector->tally = (HeedLogTally){0};
    collector->generation++;
}

static void
end(HeedLogCollector *collector)
{
    g_clear_pointer(&collector->volumes, g_hash_table_unref);
    g_clear_pointer(&collector->attempts, g_hash_table_unref);
    g_clear_pointer(&collector->troubled, g_hash_table_unref);
    g_clear_pointer(&collector->text, g_string_chunk_free);
    g_clear_pointer(&collector->deliveries, g_array_unref);
}

HeedLogCollector *
heed_log_collector_new(const HeedLogJob *job, HeedRules *rules, GError **error)
{
    g_autoptr(HeedLogCollector) collector = g_new0(HeedLogCollector, 1);

    collector->job = job;
    collector->reference = HEED_DATE_UNKNOWN;
    collector->routes = heed_log_routes_new(job);
    collector->seen = heed_log_seen_new(HEED_LIMIT_LOG_SEEN);
    collector->scratch = g_string_new(NULL);
    begin(collector);
    collector->failures = heed_log_failures_new(job, rules, error);
    return collector->failures == NULL ? NULL : g_steal_pointer(&collector);
}

void
heed_log_collector_free(HeedLogCollector *collector)
{
    if (collector == NULL)
        return;
    end(collector);
    heed_log_routes_free(collector->routes);
    heed_log_failures_free(collector->failures);
    heed_log_seen_free(collector->seen);
    g_string_free(collector->scratch, TRUE);
    g_free(collector);
}

void
heed_log_collector_to(HeedLogCollector *collector, HeedLogTakeFailure take, void *data)
{
    collector->take = take;
    collector->data = data;
}

void
heed_log_collector_refer(HeedLogCollector *collector, int64_t reference)
{
    collector->reference = reference;
}

/* --- sums --- */

static HeedLogVolume *
volume_of(HeedLogCollector *collector, HeedLogRoute *route, int64_t time)
{
    int64_t hour = time - time % SECONDS_A_HOUR;
    HeedLogVolume *volume;
    HeedLogKey key;

    if (route->generation == collector->generation && route->volume != NULL &&
        route->volume->hour == hour)
        return route->volume;
    heed_log_key_begin_time(collector->scratch, hour);
    heed_log_key_add_text(collector->scratch, route->domain);
    heed_log_key_add_text(collector->scratch, route->provider);
    heed_log_key_add_text(collector->scratch, route->sender_domain);
    heed_log_key_add_text(collector->scratch, route->source_ip);
    key = heed_log_key_end(collector->scratch);
    volume = g_hash_table_lookup(collector->volumes, &key);
    if (volume == NULL) {
        volume = g_new0(HeedLogVolume, 1);
        volume->hour = hour;
        volume->domain = g_string_chunk_insert(collector->text, route->domain);
        volume->provider = route->provider;
        volume->sender_domain = g_string_chunk_insert(collector->text, route->sender_domain);
        volume->source_ip = g_string_chunk_insert(collector->text, route->source_ip);
        g_hash_table_insert(collector->volumes, heed_log_key_keep(&key, collector->text), volume);
        collector->bytes += key.length + ROW_BYTES;
    }
    return volume;
}

static const char *
destination_of(const HeedLogRoute *route)
{
    return *route->provider != '\0' ? route->provider : route->domain;
}

/* Of a minute and a destination: begins the key of an attempt. */
static void
key_add_place(HeedLogCollector *collector, int64_t minute, const char *destination)
{
    heed_log_key_begin_time(collector->scratch, minute);
    heed_log_key_add_text(collector->scratch, destination);
}

static HeedLogAttempt *
attempt_of(HeedLogCollector *collector, const HeedLogRoute *route, int64_t time, const char *class_)
{
    int64_t minute = time - time % SECONDS_A_MINUTE;
    const char *destination = destination_of(route);
    HeedLogAttempt *attempt;
    HeedLogKey key;

    key_add_place(collector, minute, destination);
    heed_log_key_add_text(collector->scratch, route->source_ip);
    heed_log_key_add_text(collector->scratch, class_);
    key = heed_log_key_end(collector->scratch);
    attempt = g_hash_table_lookup(collector->attempts, &key);
    if (attempt == NULL) {
        attempt = g_new0(HeedLogAttempt, 1);
        attempt->minute = minute;
        attempt->destination = g_string_chunk_insert(collector->text, destination);
        attempt->source_ip = g_string_chunk_insert(collector->text, route->source_ip);
        attempt->class_ = g_string_chunk_insert(collector->text, class_);
        g_hash_table_insert(collector->attempts, heed_log_key_keep(&key, collector->text), attempt);
        collector->bytes += key.length + ROW_BYTES;
    }
    return attempt;
}

/* The counters of a delivery on this route; the last ones are at hand. */
static void
count_delivery(HeedLogCollector *collector, HeedLogRoute *route, int64_t time)
{
    HeedLogVolume *volume = volume_of(collector, route, time);
    HeedLogAttempt *attempt = NULL;

    if (route->generation == collector->generation && route->attempt != NULL &&
        route->attempt->minute == time - time % SECONDS_A_MINUTE)
        attempt = route->attempt;
    if (attempt == NULL)
        attempt = attempt_of(collector, route, time, "");
    volume->delivered++;
    attempt->delivered++;
    route->volume = volume;
    route->attempt = attempt;
    route->generation = collector->generation;
}

static void
note_trouble(HeedLogCollector *collector, int64_t minute, const char *destination)
{
    HeedLogKey key;

    key_add_place(collector, minute, destination);
    key = heed_log_key_end(collector->scratch);
    if (!g_hash_table_contains(collector->troubled, &key))
        (void)g_hash_table_add(collector->troubled, heed_log_key_keep(&key, collector->text));
}

static void
count_refusal(HeedLogCollector *collector,
              const HeedLogRoute *route,
              const HeedLogEvent *event,
              int64_t time,
              HeedClass class_)
{
    const char *name = heed_class_name(class_);
    HeedLogAttempt *attempt = attempt_of(collector, route, time,
                                         name != NULL ? name : heed_class_name(HEED_CLASS_UNKNOWN));

    if (event->outcome == HEED_LOG_DEFERRED)
        attempt->deferred++;
    else
        attempt->failed++;
    note_trouble(collector, attempt->minute, attempt->destination);
    if (attempt->reply == NULL && event->reply.length > 0) {
        g_autofree char *valid =
            g_utf8_make_valid(event->reply.at, (gssize)MIN(event->reply.length, REPLY_BYTES));

        attempt->reply = g_string_chunk_insert(collector->text, valid);
        collector->bytes += strlen(valid);
    }
}

static const char *
keep_span(HeedLogCollector *collector, HeedSpan span)
{
    g_autofree char *valid = NULL;

    if (span.length == 0)
        return NULL;
    valid = g_utf8_make_valid(span.at, (gssize)MIN(span.length, NAME_BYTES));
    return g_string_chunk_insert(collector->text, valid);
}

static void
note_delivery(HeedLogCollector *collector, const HeedLogEvent *event, int64_t time)
{
    HeedAddressSource source;
    g_autofree char *address = heed_log_failures_address(collector->failures, event, &source);
    HeedLogDelivery delivery = {.at = time};

    if (address == NULL || strlen(address) > HEED_LIMIT_ADDRESS_BYTES)
        return;
    delivery.address = g_string_chunk_insert(collector->text, address);
    delivery.message_id = keep_span(collector, event->message_id);
    delivery.queue_id = keep_span(collector, event->queue_id);
    collector->bytes += ROW_BYTES + strlen(address) +
                        (delivery.message_id != NULL ? strlen(delivery.message_id) : 0) +
                        (delivery.queue_id != NULL ? strlen(delivery.queue_id) : 0);
    g_array_append_val(collector->deliveries, delivery);
}

/* --- events --- */

static void
take_delivery(HeedLogCollector *collector,
              const HeedLogEvent *event,
              HeedLogRoute *route,
              int64_t time)
{
    collector->tally.delivered++;
    count_delivery(collector, route, time);
    if (collector->job->deliveries)
        note_delivery(collector, event, time);
}

static void
take_failure(HeedLogCollector *collector,
             const HeedLogEvent *event,
             HeedLogRoute *route,
             int64_t time)
{
    uint8_t digest[HEED_DIGEST_BYTES];
    HeedClass class_;

    heed_log_failures_digest(collector->failures, event, digest);
    if (heed_log_seen_add(collector->seen, digest)) {
        g_autoptr(HeedReport) report = heed_log_failures_report(collector->failures, event);

        class_ = g_array_index(report->recipients, HeedRecipient, 0).class_;
        collector->take(digest, report, time, collector->data);
        collector->reported++;
    } else {
        class_ = heed_log_failures_class(collector->failures, event);
    }
    if (event->outcome == HEED_LOG_DEFERRED)
        collector->tally.deferred++;
    else
        collector->tally.failed++;
    /* The queue gave up, or did not even try; what the destination did stands in the attempts
     * before. */
    if (event->outcome != HEED_LOG_EXPIRED && !event->untried)
        count_refusal(collector, route, event, time, class_);
    if (event->outcome != HEED_LOG_DEFERRED)
        volume_of(collector, route, time)->failed++;
}

void
heed_log_collector_take(const HeedLogEvent *event, void *data)
{
    HeedLogCollector *collector = data;
    int64_t time = MAX(event->time, 0);
    HeedLogRoute *route;

    if (event->internal) {
        collector->tally.passed++;
        return;
    }
    route = heed_log_routes_find(collector->routes, event);
    if (route->is_inbound) {
        collector->tally.passed++;
        return;
    }
    if (collector->reference != HEED_DATE_UNKNOWN && time > collector->reference + SECONDS_A_DAY)
        time = collector->reference;
    collector->tally.unjoined += event->sender.at == NULL;
    if (event->outcome == HEED_LOG_DELIVERED)
        take_delivery(collector, event, route, time);
    else
        take_failure(collector, event, route, time);
}

void
heed_log_collector_count(HeedLogCollector *collector, HeedLogTrouble trouble, uint64_t number)
{
    HeedLogTally *tally = &collector->tally;

    tally->lines++;
    tally->troubles[trouble]++;
    if (tally->first[trouble] == 0)
        tally->first[trouble] = number;
}

void
heed_log_collector_count_deadly(HeedLogCollector *collector)
{
    collector->tally.lines++;
    collector->tally.deadly++;
}

bool
heed_log_collector_is_full(const HeedLogCollector *collector)
{
    return collector->reported >= HEED_LIMIT_LOG_BATCH_FAILURES ||
           collector->bytes >= HEED_LIMIT_LOG_BATCH_ROWS_BYTES ||
           collector->deliveries->len >= HEED_LIMIT_LOG_BATCH_ROWS ||
           g_hash_table_size(collector->volumes) >= HEED_LIMIT_LOG_BATCH_ROWS ||
           g_hash_table_size(collector->attempts) >= HEED_LIMIT_LOG_BATCH_ROWS;
}

/* Minutes in which a destination without a provider took all are of no use to anybody. */
static bool
is_worth_a_row(HeedLogCollector *collector, const HeedLogAttempt *attempt)
{
    HeedLogKey key;

    if (strchr(attempt->destination, '.') == NULL && heed_provider_exists(attempt->destination))
        return true;
    key_add_place(collector, attempt->minute, attempt->destination);
    key = heed_log_key_end(collector->scratch);
    return *attempt->destination != '\0' && g_hash_table_contains(collector->troubled, &key);
}

HeedLogSums *
heed_log_collector_finish(HeedLogCollector *collector, HeedLogTally *out_tally)
{
    HeedLogSums *sums = heed_log_sums_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, collector->volumes);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_array_append_vals(sums->volumes, value, 1);
    g_hash_table_iter_init(&iter, collector->attempts);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (is_worth_a_row(collector, value))
            g_array_append_vals(sums->attempts, value, 1);
    g_array_unref(sums->deliveries);
    sums->deliveries = g_steal_pointer(&collector->deliveries);
    g_string_chunk_free(sums->text);
    sums->text = g_steal_pointer(&collector->text);
    *out_tally = collector->tally;
    end(collector);
    begin(collector);
    return sums;
}
