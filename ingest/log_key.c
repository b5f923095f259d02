/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_key.h"

#include <string.h>
#include <xxhash.h>

guint
heed_log_key_hash(gconstpointer key)
{
    return (guint)((const HeedLogKey *)key)->hash;
}

gboolean
heed_log_key_equal(gconstpointer one, gconstpointer other)
{
    const HeedLogKey *a = one;
    const HeedLogKey *b = other;

    return a->hash == b->hash && a->length == b->length &&
           memcmp(a->bytes, b->bytes, a->length) == 0;
}

void
heed_log_key_begin(GString *scratch)
{
    g_string_truncate(scratch, 0);
}

void
heed_log_key_begin_time(GString *scratch, int64_t time)
{
    g_string_truncate(scratch, 0);
    g_string_append_len(scratch, (const char *)&time, sizeof(time));
}

void
heed_log_key_add(GString *scratch, const char *bytes, size_t length)
{
    if (length > 0)
        g_string_append_len(scratch, bytes, (gssize)length);
    g_string_append_c(scratch, '\n');
}

void
heed_log_key_add_text(GString *scratch, const char *text)
{
    heed_log_key_add(scratch, text, strlen(text));
}

HeedLogKey
heed_log_key_end(const GString *scratch)
{
    return (HeedLogKey){.hash = XXH3_64bits(scratch->str, scratch->len),
                        .length = scratch->len,
                        .bytes = scratch->str};
}

HeedLogKey *
heed_log_key_keep(const HeedLogKey *key, GStringChunk *chunk)
{
    HeedLogKey *kept = g_new(HeedLogKey, 1);

    *kept = *key;
    kept->bytes = g_string_chunk_insert_len(chunk, key->bytes, (gssize)key->length);
    return kept;
}
