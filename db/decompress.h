/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_DECOMPRESS_H
#define HEED_DB_DECOMPRESS_H

#include <glib.h>

/* Mail as it was before it was compressed for the store, at most HEED_LIMIT_MESSAGE_BYTES.
 * HEED_ERROR_DATA for what is no zstd, HEED_ERROR_LIMIT. */
GBytes *heed_decompress(GBytes *compressed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
