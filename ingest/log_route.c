/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_route.h"

#include "base/limits.h"
#include "parsers/address.h"
#include "parsers/host.h"
#include "parsers/provider.h"

#define DOMAIN_BYTES 255U

struct HeedLogRoutes {
    const HeedLogJob *job; /* borrowed */
    GHashTable *table;     /* of HeedLogRoute *, by HeedLogKey */
    GString *scratch;      /* of keys */
};

static void
route_free(gpointer data)
{
    HeedLogRoute *route = data;

    g_free((char *)(uintptr_t)route->key.bytes);
    g_free((char *)(uintptr_t)route->domain);
    g_free((char *)(uintptr_t)route->sender_domain);
    g_free((char *)(uintptr_t)route->source_ip);
    g_free(route);
}

HeedLogRoutes *
heed_log_routes_new(const HeedLogJob *job)
{
    HeedLogRoutes *routes = g_new0(HeedLogRoutes, 1);

    routes->job = job;
    routes->table = g_hash_table_new_full(heed_log_key_hash, heed_log_key_equal, NULL, route_free);
    routes->scratch = g_string_new(NULL);
    return routes;
}

void
heed_log_routes_free(HeedLogRoutes *routes)
{
    if (routes == NULL)
        return;
    g_hash_table_unref(routes->table);
    (void)g_string_free(routes->scratch, TRUE);
    g_free(routes);
}

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
is_ours(const HeedLogRoutes *routes, HeedSpan address)
{
    g_autofree char *domain = normal_domain(domain_span(address));

    return heed_domain_is_among(domain, routes->job->domains);
}

static HeedLogRoute *
route_make(HeedLogRoutes *routes, const HeedLogEvent *event, const HeedLogKey *key)
{
    HeedLogRoute *route = g_new0(HeedLogRoute, 1);

    route->key = *key;
    route->key.bytes = g_memdup2(key->bytes, key->length);
    route->domain = normal_domain(domain_span(event->recipient));
    route->sender_domain = normal_domain(domain_span(event->sender));
    route->source_ip = g_utf8_make_valid(event->source_ip.length > 0 ? event->source_ip.at : "",
                                         (gssize)MIN(event->source_ip.length, DOMAIN_BYTES));
    route->provider = provider_of(event->relay_host, route->domain);
    /* Where the sender is not known it may be ours. */
    route->is_inbound = event->sender.at != NULL && !is_ours(routes, event->sender) &&
                        (is_ours(routes, event->recipient) || is_ours(routes, mailed_of(event)));
    return route;
}

HeedLogRoute *
heed_log_routes_find(HeedLogRoutes *routes, const HeedLogEvent *event)
{
    HeedSpan domain = domain_span(event->recipient);
    HeedSpan mailed = domain_span(mailed_of(event));
    HeedSpan sender = domain_span(event->sender);
    HeedLogRoute *route;
    HeedLogKey key;

    heed_log_key_begin(routes->scratch);
    heed_log_key_add(routes->scratch, domain.at, domain.length);
    heed_log_key_add(routes->scratch, mailed.at, mailed.length);
    heed_log_key_add(routes->scratch, sender.at, sender.length);
    heed_log_key_add(routes->scratch, event->sender.at != NULL ? "<" : "",
                     event->sender.at != NULL);
    heed_log_key_add(routes->scratch, event->relay_host.at, event->relay_host.length);
    heed_log_key_add(routes->scratch, event->source_ip.at, event->source_ip.length);
    key = heed_log_key_end(routes->scratch);
    route = g_hash_table_lookup(routes->table, &key);
    if (route != NULL)
        return route;
    if (g_hash_table_size(routes->table) >= HEED_LIMIT_LOG_ROUTES)
        g_hash_table_remove_all(routes->table);
    route = route_make(routes, event, &key);
    g_hash_table_insert(routes->table, &route->key, route);
    return route;
}
