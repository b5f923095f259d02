/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of 1.1, as in address_key.c: a list of millions is hashed. */
#define OPENSSL_API_COMPAT 0x10100000L
#include "suppress/pseudonym.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#define INNER_PAD 0x36U
#define OUTER_PAD 0x5cU

struct HeedPseudonyms {
    uint8_t secret[HEED_PSEUDONYM_SECRET_BYTES];
    SHA256_CTX inner; /* having hashed the padded key, as has the next */
    SHA256_CTX outer;
};

static void
begin(SHA256_CTX *out, const uint8_t secret[HEED_PSEUDONYM_SECRET_BYTES], uint8_t pad)
{
    uint8_t block[SHA256_CBLOCK];

    memset(block, pad, sizeof(block));
    for (size_t i = 0; i < HEED_PSEUDONYM_SECRET_BYTES; i++)
        block[i] ^= secret[i];
    (void)SHA256_Init(out);
    (void)SHA256_Update(out, block, sizeof(block));
    OPENSSL_cleanse(block, sizeof(block));
}

HeedPseudonyms *
heed_pseudonyms_new(const uint8_t secret[HEED_PSEUDONYM_SECRET_BYTES])
{
    HeedPseudonyms *pseudonyms = g_new0(HeedPseudonyms, 1);

    memcpy(pseudonyms->secret, secret, HEED_PSEUDONYM_SECRET_BYTES);
    begin(&pseudonyms->inner, secret, INNER_PAD);
    begin(&pseudonyms->outer, secret, OUTER_PAD);
    return pseudonyms;
}

void
heed_pseudonyms_free(HeedPseudonyms *pseudonyms)
{
    if (pseudonyms == NULL)
        return;
    OPENSSL_cleanse(pseudonyms, sizeof(*pseudonyms));
    g_free(pseudonyms);
}

const uint8_t *
heed_pseudonyms_secret(const HeedPseudonyms *pseudonyms)
{
    return pseudonyms->secret;
}

void
heed_pseudonyms_make(const HeedPseudonyms *pseudonyms,
                     const char *address,
                     size_t length,
                     char out[HEED_PSEUDONYM_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    SHA256_CTX state = pseudonyms->inner;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char *position = out + sizeof(HEED_PSEUDONYM_PREFIX) - 1;

    (void)SHA256_Update(&state, address, length);
    (void)SHA256_Final(digest, &state);
    state = pseudonyms->outer;
    (void)SHA256_Update(&state, digest, sizeof(digest));
    (void)SHA256_Final(digest, &state);
    memcpy(out, HEED_PSEUDONYM_PREFIX, sizeof(HEED_PSEUDONYM_PREFIX) - 1);
    for (size_t i = 0; i < sizeof(digest); i++) {
        *position++ = digits[digest[i] >> 4];
        *position++ = digits[digest[i] & 0xf];
    }
}
