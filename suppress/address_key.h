/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_ADDRESS_KEY_H
#define HEED_SUPPRESS_ADDRESS_KEY_H

/*
 * What stands for an address in a table of suppressed_set.h: 128 bits of a hash, in two ways.
 *
 * Within one run, XXH3 under a random secret that never leaves the process. In a file that others
 * get (snapshot.h), SHA-256 with a salt that is in the file: who knows the salt cannot make
 * addresses that meet those of others either, and what is not guessed is not read.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The mark of a tag, never 0; and what of a tag is left to the table. */
#define HEED_KEY_TAKEN (UINT64_C(1) << 63)
#define HEED_KEY_FREE  UINT64_C(0xff)

typedef struct HeedAddressKey {
    uint64_t place; /* where to look */
    uint64_t tag;   /* what is kept there: 55 bits, HEED_KEY_TAKEN, and 8 bits that are 0 */
} HeedAddressKey;

#define HEED_KEY_SALT_BYTES   16U
#define HEED_KEY_SECRET_BYTES 192U

typedef struct HeedKeySecret {
    bool salted;                          /* SHA-256; else XXH3 */
    uint8_t bytes[HEED_KEY_SECRET_BYTES]; /* salted: the first HEED_KEY_SALT_BYTES of them */
} HeedKeySecret;

/* HEED_ERROR_INTERNAL without randomness. */
bool heed_key_secret_make(bool salted, HeedKeySecret *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Of an address in normal form. Salted, and H the SHA-256 of the salt and the address: place is the
 * first 8 bytes of H, tag the next 8, both little-endian, with the bits of a tag set. */
HeedAddressKey heed_key_make(const HeedKeySecret *secret, const char *address, size_t length);

#endif
