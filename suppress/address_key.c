/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of 1.1: those of 3.0 take two to three times as long for what is this short (190 ns
 * for an address, and 70), which a list of millions shows. */
#define OPENSSL_API_COMPAT 0x10100000L
#include "suppress/address_key.h"

#include "base/error.h"

#include <errno.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

/* Larger than what XXH3 asks for, so that its variants for longer input use all of it. */
G_STATIC_ASSERT(HEED_KEY_SECRET_BYTES >= XXH3_SECRET_SIZE_MIN);

bool
heed_key_secret_make(bool salted, HeedKeySecret *out, GError **error)
{
    HeedKeySecret secret = {.salted = salted};

    /* Up to 256 bytes come whole or not at all: getrandom(2). */
    if (getrandom(secret.bytes, sizeof(secret.bytes), 0) != (ssize_t)sizeof(secret.bytes)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot get random bytes: %s",
                    g_strerror(errno));
        return false;
    }
    *out = secret;
    return true;
}

static HeedAddressKey
salted_key(const HeedKeySecret *secret, const char *address, size_t length)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX state;
    HeedAddressKey key;

    (void)SHA256_Init(&state);
    (void)SHA256_Update(&state, secret->bytes, HEED_KEY_SALT_BYTES);
    (void)SHA256_Update(&state, address, length);
    (void)SHA256_Final(digest, &state);
    memcpy(&key.place, digest, sizeof(key.place));
    memcpy(&key.tag, digest + sizeof(key.place), sizeof(key.tag));
    key.place = GUINT64_FROM_LE(key.place);
    key.tag = GUINT64_FROM_LE(key.tag);
    return key;
}

HeedAddressKey
heed_key_make(const HeedKeySecret *secret, const char *address, size_t length)
{
    HeedAddressKey key;

    if (secret->salted) {
        key = salted_key(secret, address, length);
    } else {
        XXH128_hash_t hash =
            XXH3_128bits_withSecret(address, length, secret->bytes, sizeof(secret->bytes));

        key = (HeedAddressKey){hash.low64, hash.high64};
    }
    key.tag = (key.tag | HEED_KEY_TAKEN) & ~HEED_KEY_FREE;
    return key;
}
