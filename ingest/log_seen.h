/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_SEEN_H
#define HEED_INGEST_LOG_SEEN_H

/* Which failures were handed out already: a set of digests of bounded size, which forgets all when
 * it is full. Whoever stores knows each anyway; this only saves asking. */

#include "parsers/arrival.h"

typedef struct HeedLogSeen HeedLogSeen;

/* Places is a power of two. */
HeedLogSeen *heed_log_seen_new(size_t places);
void heed_log_seen_free(HeedLogSeen *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogSeen, heed_log_seen_free)

/* Whether it is new. */
bool heed_log_seen_add(HeedLogSeen *seen, const uint8_t digest[HEED_DIGEST_BYTES]);

#endif
