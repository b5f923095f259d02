/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_collect.h"

#include <string.h>
#include <xxhash.h>

#include "base/limits.h"
#include "ingest/log_failure.h"
#include "ingest/log_seen.h"
#include "parsers/address.h"
#include "parsers/host.h"
#include "parsers/provider.h"

#define SECONDS_A_MINUTE 60
#define SECONDS_A_HOUR   3600
#define SECONDS_A_DAY    86400
/* Enough of a reply to know it by. */
#define REPLY_BYTES  400U
#define DOMAIN_BYTES 255U
/* Numbers and lengths of a row. */
#define ROW_BYTES 80U
/* Longer ids of messages are nobody's. */
#define NAME_BYTES 1000U

/* A key of a table: bytes that are compared as they are. Owned by whoever made it. */
typedef struct Key {
    uint64_t hash;
    size_t length;
    const char *bytes;
} Key;

/* One way that mail takes: of whose domain, to which, through what. Its counters are those of the
 * hour and the minute last seen. */
typedef struct Route {
    Key key;
    const char *domain;   /* owned, as all; "" where there is none */
    const char *provider; /* static */
    const char *sender_domain;
    const char *source_ip;
    bool is_inbound;
    HeedLogVolume *volume;   /* of this generation; borrowed */
    HeedLogAttempt *attempt; /* deliveries; so too */
    uint64_t generation;
} Route;

struct HeedLogCollector {
    const HeedLogJob *job;
    HeedLogFailures *failures;
    HeedLogSeen *seen;
    HeedLogTakeFailure take;
    void *data;
    int64_t reference;
    GHashTable *routes; /* of Route *, by Key */
    uint64_t generation;
    /* What was gathered since the last finish: */
    GHashTable *volumes;  /* of HeedLogVolume *, by Key */
    GHashTable *attempts; /* of HeedLogAttempt *, by Key */
    GHashTable *troubled; /* set of Key: destinations and minutes in which not all went well */
    GStringChunk *text;
    GArray *deliveries; /* of HeedLogDelivery */
    size_t reported;
    size_t bytes; /* of the rows, as they are handed over */
    HeedLogTally tally;
    GString *scratch; /* of keys */
};

static guint
key_hash(gconstpointer key)
{
    return (guint)((const Key *)key)->hash;
}

static gboolean
key_equal(gconstpointer one, gconstpointer other)
{
    const Key *a = one;
    const Key *b = other;

    return a->hash == b->hash && a->length == b->length &&
           memcmp(a->bytes, b->bytes, a->length) == 0;
}

static void
route_free(gpointer data)
{
    Route *route = data;

    g_free((char *)(uintptr_t)route->key.bytes);
    g_free((char *)(uintptr_t)route->domain);
    g_free((char *)(uintptr_t)route->sender_domain);
    g_free((char *)(uintptr_t)route->source_ip);
    g_free(route);
}

static void
begin(HeedLogCollector *collector)
{
    collector->volumes = g_hash_table_new_full(key_hash, key_equal, g_free, g_free);
    collector->attempts = g_hash_table_new_full(key_hash, key_equal, g_free, g_free);
    collector->troubled = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
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
    collector->routes = g_hash_table_new_full(key_hash, key_equal, NULL, route_free);
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
    g_hash_table_unref(collector->routes);
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

/* --- keys --- */

static void
key_add(HeedLogCollector *collector, const char *bytes, size_t length)
{
    if (length > 0)
        g_string_append_len(collector->scratch, bytes, (gssize)length);
    g_string_append_c(collector->scratch, '\n');
}

static void
key_add_text(HeedLogCollector *collector, const char *text)
{
    key_add(collector, text, strlen(text));
}

static void
key_add_time(HeedLogCollector *collector, int64_t time)
{
    g_string_truncate(collector->scratch, 0);
    g_string_append_len(collector->scratch, (const char *)&time, sizeof(time));
}

/* Of what was added; borrowed until the next one is begun. */
static Key
key_end(const HeedLogCollector *collector)
{
    return (Key){.hash = XXH3_64bits(collector->scratch->str, collector->scratch->len),
                 .length = collector->scratch->len,
                 .bytes = collector->scratch->str};
}

static Key *
key_keep(HeedLogCollector *collector, const Key *key)
{
    Key *kept = g_new(Key, 1);

    *kept = *key;
    kept->bytes = g_string_chunk_insert_len(collector->text, key->bytes, (gssize)key->length);
    return kept;
}

/* --- routes --- */

static HeedSpan
domain_span(HeedSpan address)
{
    const char *end;
    const char *at;

    if (address.length == 0)
        return (HeedSpan){0};
    end = address.at + address.length;
    at = end;
    while (at > address.at && at[-1] != '@')
        at--;
    return at == address.at ? (HeedSpan){0} : (HeedSpan){at, (size_t)(end - at)};
}

/* The domain in its normal form, "" where it is none. Caller frees. */
static char *
normal_domain(HeedSpan domain)
{
    g_autofree char *address = NULL;
    g_autofree char *normal = NULL;

    if (domain.length == 0 || domain.length > DOMAIN_BYTES)
        return g_strdup("");
    address = g_strdup_printf("x@%.*s", (int)domain.length, domain.at);
    normal = heed_address_normalise(address, -1);
    return g_strdup(normal == NULL ? "" : heed_address_domain(normal));
}

static const char *
provider_of(HeedSpan relay_host, const char *domain)
{
    g_autofree char *host =
        g_strndup(relay_host.length > 0 ? relay_host.at : "", relay_host.length);
    const char *provider = heed_provider_of_host(host);

    if (provider == NULL && *domain != '\0')
        provider = heed_provider_of_domain(domain);
    return provider != NULL ? provider : "";
}

/* Whom the sender had mailed, before aliases and forwards of ours. */
static HeedSpan
mailed_of(const HeedLogEvent *event)
{
    return event->original_recipient.length > 0 ? event->original_recipient : event->recipient;
}

static bool
is_ours(const HeedLogCollector *collector, HeedSpan address)
{
    g_autofree char *domain = normal_domain(domain_span(address));

    return heed_domain_is_among(domain, collector->job->domains);
}

static Route *
route_make(HeedLogCollector *collector, const HeedLogEvent *event, const Key *key)
{
    Route *route = g_new0(Route, 1);

    route->key = *key;
    route->key.bytes = g_memdup2(key->bytes, key->length);
    route->domain = normal_domain(domain_span(event->recipient));
    route->sender_domain = normal_domain(domain_span(event->sender));
    route->source_ip = g_utf8_make_valid(event->source_ip.length > 0 ? event->source_ip.at : "",
                                         (gssize)MIN(event->source_ip.length, DOMAIN_BYTES));
    route->provider = provider_of(event->relay_host, route->domain);
    /* Where the sender is not known it may be ours. */
    route->is_inbound =
        event->sender.at != NULL && !is_ours(collector, event->sender) &&
        (is_ours(collector, event->recipient) || is_ours(collector, mailed_of(event)));
    return route;
}

static Route *
route_of(HeedLogCollector *collector, const HeedLogEvent *event)
{
    HeedSpan domain = domain_span(event->recipient);
    HeedSpan mailed = domain_span(mailed_of(event));
    HeedSpan sender = domain_span(event->sender);
    Route *route;
    Key key;

    g_string_truncate(collector->scratch, 0);
    key_add(collector, domain.at, domain.length);
    key_add(collector, mailed.at, mailed.length);
    key_add(collector, sender.at, sender.length);
    key_add(collector, event->sender.at != NULL ? "<" : "", event->sender.at != NULL);
    key_add(collector, event->relay_host.at, event->relay_host.length);
    key_add(collector, event->source_ip.at, event->source_ip.length);
    key = key_end(collector);
    route = g_hash_table_lookup(collector->routes, &key);
    if (route != NULL)
        return route;
    if (g_hash_table_size(collector->routes) >= HEED_LIMIT_LOG_ROUTES)
        g_hash_table_remove_all(collector->routes);
    route = route_make(collector, event, &key);
    g_hash_table_insert(collector->routes, &route->key, route);
    return route;
}

/* --- sums --- */

static HeedLogVolume *
volume_of(HeedLogCollector *collector, Route *route, int64_t time)
{
    int64_t hour = time - time % SECONDS_A_HOUR;
    HeedLogVolume *volume;
    Key key;

    if (route->generation == collector->generation && route->volume != NULL &&
        route->volume->hour == hour)
        return route->volume;
    key_add_time(collector, hour);
    key_add_text(collector, route->domain);
    key_add_text(collector, route->provider);
    key_add_text(collector, route->sender_domain);
    key_add_text(collector, route->source_ip);
    key = key_end(collector);
    volume = g_hash_table_lookup(collector->volumes, &key);
    if (volume == NULL) {
        volume = g_new0(HeedLogVolume, 1);
        volume->hour = hour;
        volume->domain = g_string_chunk_insert(collector->text, route->domain);
        volume->provider = route->provider;
        volume->sender_domain = g_string_chunk_insert(collector->text, route->sender_domain);
        volume->source_ip = g_string_chunk_insert(collector->text, route->source_ip);
        g_hash_table_insert(collector->volumes, key_keep(collector, &key), volume);
        collector->bytes += key.length + ROW_BYTES;
    }
    return volume;
}

static const char *
destination_of(const Route *route)
{
    return *route->provider != '\0' ? route->provider : route->domain;
}

/* Of a minute and a destination: begins the key of an attempt. */
static void
key_add_place(HeedLogCollector *collector, int64_t minute, const char *destination)
{
    key_add_time(collector, minute);
    key_add_text(collector, destination);
}

static HeedLogAttempt *
attempt_of(HeedLogCollector *collector, const Route *route, int64_t time, const char *class_)
{
    int64_t minute = time - time % SECONDS_A_MINUTE;
    const char *destination = destination_of(route);
    HeedLogAttempt *attempt;
    Key key;

    key_add_place(collector, minute, destination);
    key_add_text(collector, route->source_ip);
    key_add_text(collector, class_);
    key = key_end(collector);
    attempt = g_hash_table_lookup(collector->attempts, &key);
    if (attempt == NULL) {
        attempt = g_new0(HeedLogAttempt, 1);
        attempt->minute = minute;
        attempt->destination = g_string_chunk_insert(collector->text, destination);
        attempt->source_ip = g_string_chunk_insert(collector->text, route->source_ip);
        attempt->class_ = g_string_chunk_insert(collector->text, class_);
        g_hash_table_insert(collector->attempts, key_keep(collector, &key), attempt);
        collector->bytes += key.length + ROW_BYTES;
    }
    return attempt;
}

/* The counters of a delivery on this route; the last ones are at hand. */
static void
count_delivery(HeedLogCollector *collector, Route *route, int64_t time)
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
    Key key;

    key_add_place(collector, minute, destination);
    key = key_end(collector);
    if (!g_hash_table_contains(collector->troubled, &key))
        (void)g_hash_table_add(collector->troubled, key_keep(collector, &key));
}

static void
count_refusal(HeedLogCollector *collector,
              const Route *route,
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
take_delivery(HeedLogCollector *collector, const HeedLogEvent *event, Route *route, int64_t time)
{
    collector->tally.delivered++;
    count_delivery(collector, route, time);
    if (collector->job->deliveries)
        note_delivery(collector, event, time);
}

static void
take_failure(HeedLogCollector *collector, const HeedLogEvent *event, Route *route, int64_t time)
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
    Route *route;

    if (event->internal) {
        collector->tally.passed++;
        return;
    }
    route = route_of(collector, event);
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
    Key key;

    if (strchr(attempt->destination, '.') == NULL && heed_provider_exists(attempt->destination))
        return true;
    key_add_place(collector, attempt->minute, attempt->destination);
    key = key_end(collector);
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
