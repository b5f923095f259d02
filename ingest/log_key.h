/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_KEY_H
#define HEED_INGEST_LOG_KEY_H

/*
 * Keys of the tables of a log's reader: several texts and numbers put together to bytes that are
 * compared as they are. They are looked for once an event, so one is written over the one before,
 * and copied only where a table takes it.
 */

#include <glib.h>
#include <stdint.h>

/* Borrows its bytes. */
typedef struct HeedLogKey {
    uint64_t hash;
    size_t length;
    const char *bytes;
} HeedLogKey;

/* For tables of HeedLogKey *. */
guint heed_log_key_hash(gconstpointer key);
gboolean heed_log_key_equal(gconstpointer one, gconstpointer other);

/* Begins a key in scratch, with nothing or with a time. */
void heed_log_key_begin(GString *scratch);
void heed_log_key_begin_time(GString *scratch, int64_t time);

/* Adds bytes (NULL where there are none), or text. */
void heed_log_key_add(GString *scratch, const char *bytes, size_t length);
void heed_log_key_add_text(GString *scratch, const char *text);

/* The key of what was added; borrows scratch until it changes. */
HeedLogKey heed_log_key_end(const GString *scratch);

/* A copy whose bytes are in the chunk. Caller frees with g_free(). */
HeedLogKey *heed_log_key_keep(const HeedLogKey *key, GStringChunk *chunk);

#endif
