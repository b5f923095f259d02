/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_KEYS_H
#define HEED_DB_KEYS_H

/*
 * Which message failed, and is it the same failure? Two reports of one delivery (a DSN and a line
 * of a log, two DSNs) have the same failure key and count once; reports of two messages to one
 * address do not. The keys are stored: what they are made of must never change without a migration
 * (design.md, "Keys that are costly to change later").
 *
 *     original key = SHA-256("message-id:" ID), or of "envelope-id:", or of "queue-id:",
 *                    whichever is known first; its first 16 bytes
 *     failure key  = SHA-256("original:" original-key address NUL outcome), where both are known;
 *                    else SHA-256("report:" report-digest ordinal-as-4-bytes-big-endian outcome);
 *                    its first 16 bytes
 *
 * Without an address nothing can be told apart: a list message has one Message-ID for all of its
 * recipients, and two complaints of it that name nobody are two.
 */

#include "parsers/arrival.h"

#define HEED_KEY_BYTES 16U

/* False when nothing identifies the original; out is untouched then. */
bool heed_key_original(const HeedOriginal *original, uint8_t out[HEED_KEY_BYTES]);

typedef struct HeedFailure {
    const uint8_t *original_key; /* NULL when nothing identifies the original */
    const uint8_t *digest;       /* of the report, HEED_DIGEST_BYTES */
    uint32_t ordinal;            /* the recipient's place in the report */
    const char *address;         /* normalised, or NULL */
    const char *outcome;         /* heed_key_outcome() */
} HeedFailure;

void heed_key_failure(const HeedFailure *failure, uint8_t out[HEED_KEY_BYTES]);

/* "failed", "delayed" or "delivered" for what is about a delivery, else the kind's name. */
const char *heed_key_outcome(HeedKind kind, HeedAction action);

#endif
