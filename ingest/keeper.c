/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/keeper.h"

#include <zstd.h>

#include "base/error.h"

/* Reports are a few KB: at higher levels they take several times as long and shrink by little. */
#define LEVEL 1

/* Of the level's table of 128 KB, which is cleared for each message and drives all else out of the
 * processor's nearest memory, a quarter finds as much in mail of some KB: 0.04 % are lost. */
#define HASH_LOG 13

struct HeedKeeper {
    HeedDigester *digester;
    ZSTD_CCtx *context;
    uint8_t *room; /* for the longest result of what was compressed so far */
    size_t room_length;
};

HeedKeeper *
heed_keeper_new(GError **error)
{
    g_autoptr(HeedKeeper) keeper = g_new0(HeedKeeper, 1);

    keeper->digester = heed_digester_new(error);
    if (keeper->digester == NULL)
        return NULL;
    keeper->context = ZSTD_createCCtx();
    if (keeper->context == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(keeper->context, ZSTD_c_compressionLevel, LEVEL)) !=
            0 ||
        ZSTD_isError(ZSTD_CCtx_setParameter(keeper->context, ZSTD_c_hashLog, HASH_LOG)) != 0) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_INTERNAL, "zstd does not start");
        return NULL;
    }
    return g_steal_pointer(&keeper);
}

void
heed_keeper_free(HeedKeeper *keeper)
{
    if (keeper == NULL)
        return;
    heed_digester_free(keeper->digester);
    (void)ZSTD_freeCCtx(keeper->context);
    g_free(keeper->room);
    g_free(keeper);
}

void
heed_keeper_digest(HeedKeeper *keeper,
                   const void *bytes,
                   size_t length,
                   uint8_t out[HEED_DIGEST_BYTES])
{
    heed_digester_digest(keeper->digester, bytes, length, out);
}

GBytes *
heed_keeper_compress(HeedKeeper *keeper, const void *bytes, size_t length)
{
    size_t bound = ZSTD_compressBound(length);
    size_t got;

    if (keeper->room_length < bound) {
        g_free(keeper->room);
        keeper->room = g_malloc(bound);
        keeper->room_length = bound;
    }
    got = ZSTD_compress2(keeper->context, keeper->room, bound, bytes, length);
    if (ZSTD_isError(got))
        g_error("zstd: %s", ZSTD_getErrorName(got)); /* out of memory only, as bound is enough */
    return g_bytes_new(keeper->room, got);
}
