/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_BASE_UNPACK_H
#define HEED_BASE_UNPACK_H

/*
 * Reading bytes that nobody vouches for: each call takes from the front. What is not there sets
 * `broken` and gives 0 or NULL, and so does everything after it: check once, at the end. Numbers
 * are little-endian.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stands for NULL where a length is written. */
#define HEED_LENGTH_OF_NULL UINT32_MAX

typedef struct HeedUnpack {
    const uint8_t *at; /* borrowed */
    size_t left;
    bool broken;
} HeedUnpack;

/* So many bytes, borrowed. */
const uint8_t *heed_unpack_take(HeedUnpack *unpack, size_t length);
uint8_t heed_unpack_u8(HeedUnpack *unpack);
uint32_t heed_unpack_u32(HeedUnpack *unpack);
uint64_t heed_unpack_u64(HeedUnpack *unpack);
int64_t heed_unpack_i64(HeedUnpack *unpack);

/* A length of 4 bytes, and so many; borrowed. NULL for NULL. */
const uint8_t *heed_unpack_bytes(HeedUnpack *unpack, size_t *out_length);

#endif
