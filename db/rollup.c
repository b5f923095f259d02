/* SPDX-License-Identifier: Apache-2.0 */
#include "db/rollup.h"

#include "base/limits.h"

#include <inttypes.h>
#include <string.h>

#define SECONDS_A_DAY 86400
/* All columns of the key stand in one index row, of which PostgreSQL takes 2704 bytes. */
#define LONGEST_NAME_BYTES 255U

enum {
    COLUMN_STREAM,
    COLUMN_DOMAIN,
    COLUMN_PROVIDER,
    COLUMN_SENDER_DOMAIN,
    COLUMN_SOURCE_IP,
    COLUMN_KIND,
    COLUMN_CLASS,
    COLUMN_VERDICT,
    COLUMN_COUNT
};

typedef struct Delta {
    int64_t day;
    char *columns[COLUMN_COUNT];
    int64_t failures;
    int64_t reports;
} Delta;

struct HeedRollup {
    GHashTable *deltas; /* of Delta *, by their key as text */
};

static void
delta_free(gpointer data)
{
    Delta *delta = data;

    for (size_t i = 0; i < COLUMN_COUNT; i++)
        g_free(delta->columns[i]);
    g_free(delta);
}

HeedRollup *
heed_rollup_new(void)
{
    HeedRollup *rollup = g_new0(HeedRollup, 1);

    rollup->deltas = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, delta_free);
    return rollup;
}

void
heed_rollup_free(HeedRollup *rollup)
{
    if (rollup == NULL)
        return;
    g_hash_table_unref(rollup->deltas);
    g_free(rollup);
}

/* Empty for what is unknown, or too long to be a name. */
static const char *
name_or_empty(const char *text)
{
    return text == NULL || strlen(text) > LONGEST_NAME_BYTES || !g_utf8_validate(text, -1, NULL)
               ? ""
               : text;
}

void
heed_rollup_add(HeedRollup *rollup, const HeedRollupKey *key, int failures, int reports)
{
    const char *columns[COLUMN_COUNT] = {
        [COLUMN_STREAM] = name_or_empty(key->stream),
        [COLUMN_DOMAIN] = name_or_empty(key->domain),
        [COLUMN_PROVIDER] = name_or_empty(key->provider),
        [COLUMN_SENDER_DOMAIN] = name_or_empty(key->sender_domain),
        [COLUMN_SOURCE_IP] = name_or_empty(key->source_ip),
        [COLUMN_KIND] = key->kind,
        [COLUMN_CLASS] = name_or_empty(key->class_),
        [COLUMN_VERDICT] = name_or_empty(key->verdict),
    };
    int64_t day = key->occurred_at / SECONDS_A_DAY;
    g_autoptr(GString) text = g_string_new(NULL);
    Delta *delta = NULL;

    g_string_append_printf(text, "%" PRId64, day);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        g_string_append_printf(text, "\x1f%s", columns[i]);
    delta = g_hash_table_lookup(rollup->deltas, text->str);
    if (delta == NULL) {
        delta = g_new0(Delta, 1);
        delta->day = day;
        for (size_t i = 0; i < COLUMN_COUNT; i++)
            delta->columns[i] = g_strdup(columns[i]);
        g_hash_table_insert(rollup->deltas, g_strdup(text->str), delta);
    }
    delta->failures += failures;
    delta->reports += reports;
}

bool
heed_rollup_write(HeedRollup *rollup, HeedDatabase *database, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *days = heed_params_int_array(params);
    HeedArrayParam *failures = heed_params_int_array(params);
    HeedArrayParam *reports = heed_params_int_array(params);
    HeedArrayParam *columns[COLUMN_COUNT];
    GHashTableIter iter;
    gpointer value = NULL;
    size_t count = 0;

    for (size_t i = 0; i < COLUMN_COUNT; i++)
        columns[i] = heed_params_text_array(params);
    g_hash_table_iter_init(&iter, rollup->deltas);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Delta *delta = value;

        if (delta->failures == 0 && delta->reports == 0)
            continue;
        heed_array_add_int(days, delta->day);
        heed_array_add_int(failures, delta->failures);
        heed_array_add_int(reports, delta->reports);
        for (size_t i = 0; i < COLUMN_COUNT; i++)
            heed_array_add_text(columns[i], delta->columns[i]);
        count++;
    }
    return count == 0 ||
           heed_database_run(
               database, "add to the counts",
               "INSERT INTO heed_data.rollup_delta (day, failures, reports, stream, domain,"
               " provider, sender_domain, source_ip, kind, class, verdict)"
               " SELECT date '1970-01-01' + day::integer, failures, reports, stream, domain,"
               " provider, sender_domain, source_ip, kind::heed_data.kind, class, verdict"
               " FROM (SELECT unnest($1) AS day, unnest($2) AS failures, unnest($3) AS reports,"
               " unnest($4) AS stream, unnest($5) AS domain, unnest($6) AS provider,"
               " unnest($7) AS sender_domain, unnest($8) AS source_ip, unnest($9) AS kind,"
               " unnest($10) AS class, unnest($11) AS verdict) AS delta",
               params, error);
}
