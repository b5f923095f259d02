/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/address_key.h"

#include "base/error.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

/* Larger than what XXH3 asks for, so that its variants for longer input use all of it. */
G_STATIC_ASSERT(HEED_KEY_SECRET_BYTES >= XXH3_SECRET_SIZE_MIN);

#define SHA256_BYTES 32U

struct HeedKeyMaker {
    HeedKeySecret secret;
    EVP_MD *algorithm; /* owned; NULL for XXH3 */
    EVP_MD_CTX *context;
};

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

/* A digest fails for want of memory only. */
static void
require(int done)
{
    if (done != 1)
        g_error("SHA-256 failed");
}

HeedKeyMaker *
heed_key_maker_new(const HeedKeySecret *secret)
{
    HeedKeyMaker *maker = g_new0(HeedKeyMaker, 1);

    maker->secret = *secret;
    if (secret->salted) {
        maker->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
        maker->context = EVP_MD_CTX_new();
        require(maker->algorithm != NULL && maker->context != NULL);
        require(EVP_DigestInit_ex2(maker->context, maker->algorithm, NULL));
    }
    return maker;
}

void
heed_key_maker_free(HeedKeyMaker *maker)
{
    if (maker == NULL)
        return;
    EVP_MD_CTX_free(maker->context);
    EVP_MD_free(maker->algorithm);
    g_free(maker);
}

static HeedAddressKey
salted_key(HeedKeyMaker *maker, const char *address, size_t length)
{
    uint8_t digest[SHA256_BYTES];
    HeedAddressKey key;

    require(EVP_DigestUpdate(maker->context, maker->secret.bytes, HEED_KEY_SALT_BYTES));
    require(EVP_DigestUpdate(maker->context, address, length));
    require(EVP_DigestFinal_ex(maker->context, digest, NULL));
    require(EVP_DigestInit_ex2(maker->context, NULL, NULL));
    memcpy(&key.place, digest, sizeof(key.place));
    memcpy(&key.tag, digest + sizeof(key.place), sizeof(key.tag));
    key.place = GUINT64_FROM_LE(key.place);
    key.tag = GUINT64_FROM_LE(key.tag);
    return key;
}

HeedAddressKey
heed_key_make(HeedKeyMaker *maker, const char *address, size_t length)
{
    HeedAddressKey key;

    if (maker->secret.salted) {
        key = salted_key(maker, address, length);
    } else {
        XXH128_hash_t hash = XXH3_128bits_withSecret(address, length, maker->secret.bytes,
                                                     sizeof(maker->secret.bytes));

        key = (HeedAddressKey){hash.low64, hash.high64};
    }
    key.tag = (key.tag | HEED_KEY_TAKEN) & ~HEED_KEY_FREE;
    return key;
}
