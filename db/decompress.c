/* SPDX-License-Identifier: Apache-2.0 */
#include "db/decompress.h"

#include "base/error.h"
#include "base/limits.h"

#include <zstd.h>

GBytes *
heed_decompress(GBytes *compressed, GError **error)
{
    size_t length = 0;
    const void *bytes = g_bytes_get_data(compressed, &length);
    unsigned long long claimed = ZSTD_getFrameContentSize(bytes, length);
    unsigned limit = HEED_LIMIT_MESSAGE_BYTES;
    size_t room = limit;
    g_autofree char *plain = NULL;
    size_t got;

    if (claimed == ZSTD_CONTENTSIZE_ERROR) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "is not zstd");
        return NULL;
    }
    if (claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed > room) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_LIMIT, "claims %llu bytes, limit %zu", claimed,
                    room);
        return NULL;
    }
    if (claimed != ZSTD_CONTENTSIZE_UNKNOWN)
        room = (size_t)claimed;
    plain = g_malloc(MAX(room, 1));
    got = ZSTD_decompress(plain, room, bytes, length);
    if (ZSTD_isError(got)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "cannot be decompressed: %s",
                    ZSTD_getErrorName(got));
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&plain), got);
}
