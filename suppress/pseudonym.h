/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_PSEUDONYM_H
#define HEED_SUPPRESS_PSEUDONYM_H

/*
 * What stands for an address that was forgotten (forget.h): HMAC-SHA-256 (RFC 2104) of its normal
 * form under the key of the installation, as heed_data.pseudonym() of the database says it.
 */

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#define HEED_PSEUDONYM_SECRET_BYTES 32U
#define HEED_PSEUDONYM_PREFIX       "hmac:"
#define HEED_PSEUDONYM_BYTES        (sizeof(HEED_PSEUDONYM_PREFIX) - 1 + 64)

typedef struct HeedPseudonyms HeedPseudonyms;

/* Copies the secret; free wipes it. */
HeedPseudonyms *heed_pseudonyms_new(const uint8_t secret[HEED_PSEUDONYM_SECRET_BYTES]);
void heed_pseudonyms_free(HeedPseudonyms *pseudonyms);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedPseudonyms, heed_pseudonyms_free)

/* Borrowed; HEED_PSEUDONYM_SECRET_BYTES. */
const uint8_t *heed_pseudonyms_secret(const HeedPseudonyms *pseudonyms);

/* "hmac:" and 64 hexadecimal digits; not ended by a 0 byte. By any number of threads at once. */
void heed_pseudonyms_make(const HeedPseudonyms *pseudonyms,
                          const char *address,
                          size_t length,
                          char out[HEED_PSEUDONYM_BYTES]);

#endif
