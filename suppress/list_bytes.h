/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_LIST_BYTES_H
#define HEED_SUPPRESS_LIST_BYTES_H

/*
 * The bytes of a mailing list, unpacked when the file is gzip (RFC 1952), which its first two bytes
 * say: no address begins so. Several members, one behind the other, are one list. However much it
 * unpacks to, memory holds one block of it.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct HeedListBytes HeedListBytes;

/* The file stays the caller's. */
HeedListBytes *heed_list_bytes_new(FILE *file);
void heed_list_bytes_free(HeedListBytes *bytes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedListBytes, heed_list_bytes_free)

/* Fills the room, of at least two bytes at first, unless the list ends before. HEED_ERROR_IO;
 * HEED_ERROR_DATA for gzip that is damaged or cut, or has something else behind it. */
bool heed_list_bytes_read(HeedListBytes *bytes,
                          char *buffer,
                          size_t room,
                          size_t *out_length,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
