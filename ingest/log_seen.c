/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_seen.h"

#include <string.h>

/* As much of a SHA-256 as cannot be the same by accident. */
#define KEPT_BYTES 16U

typedef struct Place {
    uint64_t words[2]; /* both 0: free */
} Place;

struct HeedLogSeen {
    Place *places;
    size_t size;
    size_t taken;
};

HeedLogSeen *
heed_log_seen_new(size_t places)
{
    HeedLogSeen *seen = g_new0(HeedLogSeen, 1);

    seen->size = places;
    seen->places = g_new0(Place, places);
    return seen;
}

void
heed_log_seen_free(HeedLogSeen *seen)
{
    if (seen == NULL)
        return;
    g_free(seen->places);
    g_free(seen);
}

bool
heed_log_seen_add(HeedLogSeen *seen, const uint8_t digest[HEED_DIGEST_BYTES])
{
    Place place;
    size_t at;

    memcpy(place.words, digest, KEPT_BYTES);
    at = (size_t)place.words[0] & (seen->size - 1);
    while (seen->places[at].words[0] != 0 || seen->places[at].words[1] != 0) {
        if (memcmp(seen->places[at].words, place.words, KEPT_BYTES) == 0)
            return false;
        at = (at + 1) & (seen->size - 1);
    }
    if (seen->taken >= seen->size / 4 * 3) {
        memset(seen->places, 0, seen->size * sizeof(Place));
        seen->taken = 0;
        at = (size_t)place.words[0] & (seen->size - 1);
    }
    seen->places[at] = place;
    seen->taken++;
    return true;
}
