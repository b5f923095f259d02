/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/throttle_entries.h"

#include "parsers/advice.h"
#include "parsers/provider.h"

#include <string.h>

typedef struct Making {
    HeedDatabase *database; /* borrowed */
    unsigned left_out;      /* names that are none of hosts */
} Making;

static void
add_name(Making *making, GPtrArray *names, const char *name)
{
    if (!heed_throttle_is_name(name))
        making->left_out++;
    else if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
        g_ptr_array_add(names, g_strdup(name));
}

/* The domains of a provider: those in the table, and those that got mail. */
static bool
add_domains(Making *making, HeedThrottleEntry *entry, GError **error)
{
    g_autoptr(GPtrArray) seen = NULL;
    const char *name;
    size_t at = 0;

    if (!heed_provider_exists(entry->name)) {
        add_name(making, entry->domains, entry->name);
        return true;
    }
    while ((name = heed_provider_next_domain(entry->name, &at)) != NULL)
        add_name(making, entry->domains, name);
    at = 0;
    while ((name = heed_provider_next_host(entry->name, &at)) != NULL)
        add_name(making, entry->hosts, name);
    seen = heed_throttle_domains(making->database, entry->name, error);
    for (size_t i = 0; seen != NULL && i < seen->len; i++)
        add_name(making, entry->domains, seen->pdata[i]);
    return seen != NULL;
}

static int64_t
lower_limit(int64_t one, int64_t other)
{
    return one == 0 || (other > 0 && other < one) ? other : one;
}

/* One server's configuration knows one limit for a destination, whatever address it sends from: the
 * strictest. */
static void
merge(HeedThrottleEntry *entry, const HeedThrottleAdvice *advice)
{
    entry->connections = lower_limit(entry->connections, advice->connections);
    entry->messages = lower_limit(entry->messages, advice->messages);
    if (advice->paused_until != HEED_DATE_UNKNOWN &&
        (entry->paused_until == HEED_DATE_UNKNOWN || advice->paused_until > entry->paused_until))
        entry->paused_until = advice->paused_until;
}

static HeedThrottleEntry *
entry_for(GPtrArray *entries, GHashTable *known, const char *destination)
{
    HeedThrottleEntry *entry = g_hash_table_lookup(known, destination);
    const HeedLimits *limits = heed_limits_of(destination);

    if (entry != NULL)
        return entry;
    entry = heed_throttle_entry_new(destination);
    entry->in_connection = limits != NULL ? limits->messages : 0;
    g_ptr_array_add(entries, entry);
    (void)g_hash_table_insert(known, entry->name, entry);
    return entry;
}

static void
free_entry(gpointer entry)
{
    heed_throttle_entry_free(entry);
}

/* Sorted by name, so that what did not change is written the same. */
static int
compare_entries(gconstpointer one, gconstpointer other)
{
    return strcmp((*(HeedThrottleEntry *const *)one)->name,
                  (*(HeedThrottleEntry *const *)other)->name);
}

GPtrArray *
heed_throttle_entries(const GPtrArray *advice,
                      HeedDatabase *database,
                      unsigned *out_left_out,
                      GError **error)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(free_entry);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    Making making = {.database = database};

    for (size_t i = 0; i < advice->len; i++) {
        const HeedThrottleAdvice *one = advice->pdata[i];

        if (heed_throttle_is_name(one->destination))
            merge(entry_for(entries, known, one->destination), one);
        else
            making.left_out++;
    }
    g_ptr_array_sort(entries, compare_entries);
    for (size_t i = entries->len; i > 0; i--) {
        HeedThrottleEntry *entry = entries->pdata[i - 1];

        if (!add_domains(&making, entry, error))
            return NULL;
        if (entry->domains->len == 0)
            (void)g_ptr_array_remove_index(entries, (guint)i - 1);
    }
    *out_left_out = making.left_out;
    return g_steal_pointer(&entries);
}
