/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_BATCH_H
#define HEED_DB_BATCH_H

/*
 * A batch of arrivals as the rows it becomes: reports, each once and in order of their digests, and
 * their events. No database in here.
 */

#include "db/keys.h"

/* A report of the batch. Of several copies the most trusted speaks, of equals the first. */
typedef struct HeedBatchReport {
    const HeedArrival *arrival; /* borrowed */
    HeedTrust trust;
    bool closed;          /* of any copy */
    bool is_new;          /* to be stored */
    bool names_forgotten; /* about somebody who was forgotten: neither his words nor the mail */
    char *arrived_at;     /* owned; as the database writes it; NULL: now */
    int64_t received_at;
} HeedBatchReport;

typedef struct HeedBatchEvent {
    const HeedBatchReport *report; /* borrowed */
    HeedRecipient recipient;       /* its text borrowed; all unknown where the report has none */
    uint32_t ordinal;
    HeedKind kind; /* of this recipient */
    bool has_original_key;
    uint8_t original_key[HEED_KEY_BYTES];
    uint8_t failure_key[HEED_KEY_BYTES];
    bool counted; /* the one event of its failure that is counted */
} HeedBatchEvent;

typedef struct HeedBatch {
    int64_t now;           /* the database's clock */
    GPtrArray *reports;    /* owned, of HeedBatchReport *, in order of digests */
    GPtrArray *quarantine; /* owned, of const HeedArrival *, in order of digests, each once */
    GArray *events;        /* of HeedBatchEvent, of the new reports, in the reports' order */
    size_t copies;         /* arrivals left out because the batch holds another copy */
} HeedBatch;

/* Sorts the arrivals (of HeedArrival *, borrowed) into reports and quarantine; leaves the
 * unreadable out. No report is new yet. */
HeedBatch *heed_batch_new(const GPtrArray *arrivals, int64_t now);
void heed_batch_free(HeedBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedBatch, heed_batch_free)

/* The report with the digest, or NULL. */
HeedBatchReport *heed_batch_find(const HeedBatch *batch, const uint8_t digest[HEED_DIGEST_BYTES]);

/* Makes the events of the reports that are new by now. */
void heed_batch_make_events(HeedBatch *batch);

/* Text as the database takes it: valid UTF-8, at most limit bytes, NULL for NULL. Kept in the pool.
 */
const char *heed_batch_text(GStringChunk *pool, const char *text, size_t limit);

/* The part behind the last "@" in lower case; NULL where there is none that is a domain by its
 * length. Kept in the pool. */
const char *heed_batch_domain(GStringChunk *pool, const char *address);

#endif
