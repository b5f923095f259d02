/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unpack.h"

#include <glib.h>
#include <string.h>

const uint8_t *
heed_unpack_take(HeedUnpack *unpack, size_t length)
{
    const uint8_t *taken = unpack->at;

    if (unpack->broken || length > unpack->left) {
        unpack->broken = true;
        return NULL;
    }
    unpack->at += length;
    unpack->left -= length;
    return taken;
}

uint8_t
heed_unpack_u8(HeedUnpack *unpack)
{
    const uint8_t *taken = heed_unpack_take(unpack, 1);

    return taken != NULL ? *taken : 0;
}

uint32_t
heed_unpack_u32(HeedUnpack *unpack)
{
    uint32_t little = 0;
    const uint8_t *taken = heed_unpack_take(unpack, sizeof(little));

    if (taken != NULL)
        memcpy(&little, taken, sizeof(little));
    return GUINT32_FROM_LE(little);
}

uint64_t
heed_unpack_u64(HeedUnpack *unpack)
{
    uint64_t little = 0;
    const uint8_t *taken = heed_unpack_take(unpack, sizeof(little));

    if (taken != NULL)
        memcpy(&little, taken, sizeof(little));
    return GUINT64_FROM_LE(little);
}

int64_t
heed_unpack_i64(HeedUnpack *unpack)
{
    return (int64_t)heed_unpack_u64(unpack);
}

const uint8_t *
heed_unpack_bytes(HeedUnpack *unpack, size_t *out_length)
{
    uint32_t length = heed_unpack_u32(unpack);
    const uint8_t *taken;

    *out_length = 0;
    if (unpack->broken || length == HEED_LENGTH_OF_NULL)
        return NULL;
    taken = heed_unpack_take(unpack, length);
    if (taken != NULL)
        *out_length = length;
    return taken;
}
