/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/provider.h"

#include "parsers/host.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

typedef enum ProviderFlags {
    ADDRESS = 1,
    HOST = 2,
    SIGNS = 4,
    FEEDBACK = 8
} ProviderFlags;

typedef struct ProviderRow {
    const char *domain;
    const char *provider;
    unsigned flags;
} ProviderRow;

#define HEED_PROVIDER(domain, provider, flags) {domain, provider, flags},
static const ProviderRow rows[] = {
#include "parsers/rules/providers.def"
};
#undef HEED_PROVIDER

/* Feedback loops that write from a domain in which users have addresses too. */
static const char *const feedback_senders[] = {
    "staff@hotmail.com", /* Microsoft's Junk Mail Reporting Program */
};

static int
compare_domains(const void *key, const void *row)
{
    return strcmp(key, ((const ProviderRow *)row)->domain);
}

static const ProviderRow *
find(const char *domain)
{
    return bsearch(domain, rows, G_N_ELEMENTS(rows), sizeof(rows[0]), compare_domains);
}

/* The row with one of the flags for the name or the nearest domain above it. */
static const ProviderRow *
find_above(const char *name, unsigned flags)
{
    while (name != NULL) {
        const ProviderRow *row = find(name);

        if (row != NULL && (row->flags & flags) != 0)
            return row;
        name = strchr(name, '.');
        if (name != NULL)
            name++;
    }
    return NULL;
}

const char *
heed_provider_of_domain(const char *domain)
{
    const ProviderRow *row = find(domain);

    /* Tenants have their own domain below onmicrosoft.com. */
    if (row == NULL && g_str_has_suffix(domain, ".onmicrosoft.com"))
        row = find("onmicrosoft.com");
    return row != NULL && (row->flags & ADDRESS) != 0 ? row->provider : NULL;
}

const char *
heed_provider_of_host(const char *host)
{
    char name[HEED_HOST_BYTES];
    const ProviderRow *row = heed_host_read(host, name) ? find_above(name, HOST) : NULL;

    return row == NULL ? NULL : row->provider;
}

static const char *
next(const char *provider, unsigned flag, size_t *at)
{
    while (*at < G_N_ELEMENTS(rows)) {
        const ProviderRow *row = &rows[(*at)++];

        if ((row->flags & flag) != 0 && strcmp(row->provider, provider) == 0)
            return row->domain;
    }
    return NULL;
}

const char *
heed_provider_next_domain(const char *provider, size_t *at)
{
    return next(provider, ADDRESS, at);
}

const char *
heed_provider_next_host(const char *provider, size_t *at)
{
    return next(provider, HOST, at);
}

bool
heed_provider_exists(const char *provider)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].provider, provider) == 0)
            return true;
    return false;
}

bool
heed_provider_signs(const char *provider, const char *domain)
{
    const ProviderRow *row = find_above(domain, SIGNS);

    return row != NULL && strcmp(row->provider, provider) == 0;
}

bool
heed_provider_is_feedback(const char *domain, const char *from)
{
    if (find_above(domain, FEEDBACK) != NULL)
        return true;
    for (size_t i = 0; from != NULL && i < G_N_ELEMENTS(feedback_senders); i++)
        if (strcmp(from, feedback_senders[i]) == 0)
            return strcmp(strchr(from, '@') + 1, domain) == 0;
    return false;
}
