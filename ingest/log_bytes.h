/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_BYTES_H
#define HEED_INGEST_LOG_BYTES_H

/*
 * The bytes of a log file as they were before somebody compressed it: plain, gzip (RFC 1952), xz,
 * zstd (RFC 8878), told apart by how they begin. Several compressed streams behind each other are
 * one file. Runs where foreign bytes are read; opens nothing.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct HeedLogBytes HeedLogBytes;

/* Whether a file that begins so is compressed by gzip, xz or zstd; nothing is unpacked. */
bool heed_log_bytes_are_packed(const void *beginning, size_t length);

/* Reads from the beginning where the descriptor (borrowed) can be rewound, else from where it is.
 * HEED_ERROR_IO; HEED_ERROR_DATA names a compressor that is not known. */
HeedLogBytes *heed_log_bytes_new(int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void heed_log_bytes_free(HeedLogBytes *bytes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogBytes, heed_log_bytes_free)

/*
 * The next bytes, at most size: *out_got is 0 at the end. HEED_ERROR_IO; HEED_ERROR_DATA for
 * compressed bytes that are damaged; what was before them has been given. A compressed file that
 * ends too early just ends.
 */
bool
heed_log_bytes_read(HeedLogBytes *bytes, void *out, size_t size, size_t *out_got, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Goes to this place, or to the end where that is before it, without reading what is before;
 * *position is then where. False where that cannot be done: then it is to be read. */
bool heed_log_bytes_skip_to(HeedLogBytes *bytes, uint64_t *position);

/* Whether the file is compressed, and its end was reached before the compressed bytes were
 * complete. */
bool heed_log_bytes_is_cut(const HeedLogBytes *bytes);

#endif
