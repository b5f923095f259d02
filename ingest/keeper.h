/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_KEEPER_H
#define HEED_INGEST_KEEPER_H

/* What is kept of a message whatever it says: its digest and its bytes, compressed. */

#include "ingest/digest.h"

/* Holds the contexts of both libraries; one a thread. */
typedef struct HeedKeeper HeedKeeper;

/* HEED_ERROR_INTERNAL where a library gives no context. Free accepts NULL. */
HeedKeeper *heed_keeper_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
void heed_keeper_free(HeedKeeper *keeper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedKeeper, heed_keeper_free)

/* The digest of a message (digest.h). */
void heed_keeper_digest(HeedKeeper *keeper,
                        const void *bytes,
                        size_t length,
                        uint8_t out[HEED_DIGEST_BYTES]);

/* One zstd frame that names its content's size. Of at most HEED_LIMIT_MESSAGE_BYTES. */
GBytes *heed_keeper_compress(HeedKeeper *keeper, const void *bytes, size_t length);

#endif
