/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_CLEAN_H
#define HEED_SUPPRESS_CLEAN_H

/*
 * A mailing list without what must not be mailed: suppressed, invalid and duplicate addresses.
 * Original lines, their order and their line ends are kept byte for byte; so are a byte order mark,
 * the header, blank lines and, in a plain list, comments ("#").
 *
 * Where a line has several addresses, the bad ones are taken out and the line is kept as long as
 * one is good: their fields become empty, quotes and all, and nothing else of the line changes. An
 * empty field is no address; a line without any is invalid.
 *
 * Streams: memory holds the suppressed addresses' keyed hashes (10 to 20 bytes each), a buffer,
 * and the hashes of the addresses kept so far, to tell duplicates by. The last would grow with the
 * list, which nothing of ours may do; but sorting a copy on disk, or reading twice what may be a
 * pipe, is much for what a duplicate costs. So the first HEED_LIMIT_LIST_ADDRESSES_SEEN different
 * addresses are remembered, 128 MiB at most: of them every duplicate is found, however late it
 * comes. Kept lines beyond are counted in HeedCleaned.unremembered, for the user to be told.
 *
 * That a line is removed because two addresses look alike has a probability of 10^-9 for a list of
 * two millions. The key is random, so a list cannot be made for it.
 */

#include "db/connection.h"
#include "suppress/list.h"

#include <stdio.h>

/* The suppressed addresses to compare with: hashes under a random key, so that collisions cannot
 * be crafted (suppressed_set.h). */
typedef struct HeedSuppressedSet HeedSuppressedSet;

/* Scope as in heed_export(). For a list of digests the set holds those of the addresses. Without
 * reasons, which cost the database half as much again, each is "suppressed". Opens a few more
 * connections for the time of reading, all of which see the same moment; does without them where
 * the server has none to spare. */
HeedSuppressedSet *heed_suppressed_set_load(HeedDatabase *database,
                                            const char *scope,
                                            HeedListKind kind,
                                            bool with_reasons,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void heed_suppressed_set_free(HeedSuppressedSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedSuppressedSet, heed_suppressed_set_free)
uint64_t heed_suppressed_set_count(const HeedSuppressedSet *set);
/* Whether anybody in it was forgotten (forget.h): addresses still find him, digests do not. */
bool heed_suppressed_set_has_forgotten(const HeedSuppressedSet *set);
/* The reason ("hard bad-mailbox") when the normalised address is in it, else NULL. */
const char *
heed_suppressed_set_find(const HeedSuppressedSet *set, const char *address, size_t length);

typedef struct HeedCleanOptions {
    const char *list_name;      /* for messages: the list's path */
    const char *const *columns; /* the CSV columns, NULL-terminated; NULL: found in the header, or
                                   the only one, or plain lines */
    HeedListKind kind;          /* the set's */
    FILE *list;
    FILE *out;     /* what may be mailed */
    FILE *removed; /* may be NULL: the removed lines, as CSV with a header: line number, reason
                      ("suppressed: hard bad-mailbox", "not an address", "duplicate" …), the line
                      (of one too long its beginning). With several columns, behind the number
                      that of a column, from 1: such a row is an address that was taken out, as it
                      stood there; the row of a removed line has none, and follows its addresses */
    void (*progress)(uint64_t lines, void *data); /* may be NULL: after every some thousand */
    void *progress_data;
    size_t remembered; /* addresses, to tell duplicates by; 0: HEED_LIMIT_LIST_ADDRESSES_SEEN */
    /* May be NULL: the names of several columns that were found in the header. */
    void (*several)(const char *list_name, const char *columns);
} HeedCleanOptions;

typedef struct HeedCleanFaults {
    uint64_t suppressed;
    uint64_t invalid;
    uint64_t duplicate;
} HeedCleanFaults;

typedef struct HeedCleaned {
    uint64_t lines;          /* kept and removed */
    uint64_t kept;           /* shortened ones too */
    HeedCleanFaults removed; /* lines; with several columns by the worst that is in them:
                                suppressed, then duplicate, then invalid */
    uint64_t shortened;      /* kept, but some of their addresses were taken out */
    HeedCleanFaults taken;   /* addresses, out of shortened lines */
    uint64_t unremembered; /* addresses kept: not remembered, so their own duplicates were not found
                            */
} HeedCleaned;

/* HEED_ERROR_DATA for a list without the column named, naming those it has, or whose column of
 * addresses is not clear, for UTF-16 and bad gzip; HEED_ERROR_IO. A line that is over
 * HEED_LIMIT_LIST_LINE_BYTES or otherwise bad is removed as invalid, and the rest goes on. */
bool heed_clean(const HeedSuppressedSet *set,
                const HeedCleanOptions *options,
                HeedCleaned *out,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
