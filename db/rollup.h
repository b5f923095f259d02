/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_ROLLUP_H
#define HEED_DB_ROLLUP_H

/*
 * What a batch adds to the counts by day: one row of rollup_delta for each distinct key. Nobody
 * waits for anybody: deltas are only ever appended here, and folded by heed_store_maintain().
 */

#include "db/connection.h"
#include "parsers/report.h"

typedef struct HeedRollup HeedRollup;

/* What is counted; text borrowed, NULL for unknown. */
typedef struct HeedRollupKey {
    int64_t occurred_at;
    const char *stream;
    const char *domain;
    const char *provider;
    const char *sender_domain;
    const char *source_ip;
    const char *kind;
    const char *class_;
    const char *verdict;
} HeedRollupKey;

/* Of nothing yet. */
HeedRollup *heed_rollup_new(void);
void heed_rollup_free(HeedRollup *rollup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedRollup, heed_rollup_free)

/* Both may be negative: what a report said before it was read again. */
void heed_rollup_add(HeedRollup *rollup, const HeedRollupKey *key, int failures, int reports);

/* Appends the deltas, in the caller's transaction. */
bool heed_rollup_write(HeedRollup *rollup, HeedDatabase *database, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
