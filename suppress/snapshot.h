/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_SNAPSHOT_H
#define HEED_SUPPRESS_SNAPSHOT_H

/*
 * The suppressions of a moment in a file that heed_clean() compares with as it is: the table of
 * suppressed_set.h, mapped. docs/snapshot.md has the format and what it keeps from others.
 *
 * Version 2, all numbers little-endian:
 *
 *     0  8  "HEEDSNAP"
 *     8  4  2, the version
 *    12  4  bytes of the scope and the reasons together
 *    16  8  the moment, in seconds since 1970
 *    24  8  how many addresses
 *    32  8  how many slots, a power of two
 *    40 16  the salt
 *    56  4  0: whatever is suppressed in any scope; 1: for the scope named, or everywhere
 *    60  4  how many reasons, at most 254
 *    64  8  XXH3 (64 bits, no seed) of the whole file with these bytes 0
 *    72 32  the key of the pseudonyms among the addresses (pseudonym.h); 0: none are
 *   104     the scope, then the reasons, each ended by a 0 byte; then 0 up to the next 4096
 *           the slots of 8 bytes
 *
 * A slot is 0, or the tag of a key (address_key.h) and in its lowest 8 bits the number of the
 * reason, 254 for one without a name, 255 for an address that is not suppressed after all. It
 * stands at its place modulo the number of slots, or in the next slot that was free.
 */

#include "suppress/clean.h"

typedef struct HeedSnapshotInfo {
    char *scope;    /* owned; NULL: any */
    int64_t moment; /* seconds since 1970 */
} HeedSnapshotInfo;

void heed_snapshot_info_clear(HeedSnapshotInfo *info);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedSnapshotInfo, heed_snapshot_info_clear)

/* Writes what is suppressed now; scope as in heed_export(). HEED_ERROR_IO. */
bool heed_snapshot_write(HeedDatabase *database,
                         const char *scope,
                         FILE *out,
                         uint64_t *out_count,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Maps a file. It must not be cut while it is in use; what writes it replaces it as a whole.
 * HEED_ERROR_NO_INPUT, HEED_ERROR_DATA for what is no snapshot, of another version or damaged. */
HeedSuppressedSet *heed_snapshot_open(const char *path, HeedSnapshotInfo *out_info, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same of bytes in memory, at an address that is a multiple of 8, which must outlive the set.
 */
HeedSuppressedSet *
heed_snapshot_read(const void *bytes, size_t length, HeedSnapshotInfo *out_info, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
