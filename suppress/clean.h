/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_CLEAN_H
#define HEED_SUPPRESS_CLEAN_H

/*
 * A mailing list without what must not be mailed. Streams: memory holds the suppressed addresses'
 * keyed hashes (at most 64 bytes each) and one line. Original lines, their order and their line
 * ends are kept byte for byte.
 */

#include "db/connection.h"

#include <stdio.h>

/* The suppressed addresses to compare with: 128-bit hashes under a random key, so that collisions
 * cannot be crafted. */
typedef struct HeedSuppressedSet HeedSuppressedSet;

/* Scope as in heed_export(). */
HeedSuppressedSet *heed_suppressed_set_load(HeedDatabase *database,
                                            const char *scope,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void heed_suppressed_set_free(HeedSuppressedSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedSuppressedSet, heed_suppressed_set_free)
uint64_t heed_suppressed_set_count(const HeedSuppressedSet *set);
/* The reason ("hard bad-mailbox") when the normalised address is in it, else NULL. */
const char *
heed_suppressed_set_find(const HeedSuppressedSet *set, const char *address, size_t length);

typedef struct HeedCleanOptions {
    const char *list_name; /* for messages: the list's path */
    const char
        *column; /* the CSV column; NULL: found in the header, or the only one, or plain lines */
    FILE *list;
    FILE *out;     /* what may be mailed */
    FILE *removed; /* may be NULL: the removed lines, as CSV: line number, reason, the line */
} HeedCleanOptions;

typedef struct HeedCleaned {
    uint64_t lines;
    uint64_t kept;
    uint64_t suppressed;
    uint64_t invalid;
    uint64_t duplicate;
} HeedCleaned;

/* HEED_ERROR_DATA for a list without the column named, naming those it has; HEED_ERROR_IO. */
bool heed_clean(const HeedSuppressedSet *set,
                const HeedCleanOptions *options,
                HeedCleaned *out,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
