/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_TOKEN_H
#define HEED_PARSERS_TOKEN_H

/*
 * Signed tokens in our own mail: what comes back with one proves that the report is about mail that
 * we sent to that recipient (docs/trust.md). Pure: keys and clock are given.
 *
 * A token is 21 characters and the recipient's address, in normal form (parsers/address.h):
 *
 *   core         "h" ID DAY MAC
 *   ID           one letter or digit: which key
 *   DAY          3 characters: the last day (UTC) on which it is believed, as days since 2020-01-01
 *   MAC          16 characters: the first 80 bits of HMAC-SHA-256 (RFC 2104) with the key over
 *                "heed:" ID DAY ":" ADDRESS
 *   return path  LOCAL "+" core "-" USER "=" DOMAIN "@" OUR-DOMAIN; also with "-" for the "+". It
 *                is a VERP, too (parsers/verp.h), for whoever has no key
 *   header       "Heed-Token: " core "." ADDRESS in base32
 *
 * DAY, MAC and base32 have the letters of RFC 4648 6, in lower case and without "=", DAY with the
 * highest bits first: nothing that a server on the way may lower-case, decode or rewrite.
 *
 * 80 bits suffice, since nothing tells a forger that he has guessed right but our believing his
 * mail.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define HEED_TOKEN_HEADER "Heed-Token"

/* Days that a token is believed where nothing else is asked for. Bounces take up to a week,
 * complaints as long as a person lets mail lie. */
#define HEED_TOKEN_DAYS      90
#define HEED_TOKEN_DAYS_MOST 3650

/* The longest that is looked at: a header token of the longest address. */
#define HEED_TOKEN_BYTES 1024U

/* The secret keys; the first one makes tokens, all of them verify. */
typedef struct HeedTokenKeys HeedTokenKeys;

/*
 * Reads own.token-key-file: a key a line, "ID:BASE64" of 16 to 64 bytes, the newest first; empty
 * lines and those that begin with "#" are left out. HEED_ERROR_CONFIG, with the name (of the file)
 * and the line, never its content.
 */
HeedTokenKeys *heed_token_keys_parse(const char *text, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Accepts NULL. */
void heed_token_keys_free(HeedTokenKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedTokenKeys, heed_token_keys_free)

/* An id that none of the keys has, the one after the newest if it is free; '\0' when all are taken.
 * Keys NULL: none. */
char heed_token_keys_next_id(const HeedTokenKeys *keys);

/* The last day on which a token made now for so many days is believed: days since 1970. -1 when no
 * token can say it. */
int64_t heed_token_last_day(int64_t now, int days);

/* Appends the header token (its value only) of an address in normal form. */
void heed_token_make_header(const HeedTokenKeys *keys,
                            const char *address,
                            int64_t last_day,
                            GString *out);

/*
 * Appends the signed return path. From is an address of ours in normal form; "+" is put behind its
 * local part unless that ends in "+" or "-". HEED_ERROR_LIMIT: the local part would exceed 64
 * octets (RFC 5321 4.5.3.1.1). HEED_ERROR_DATA: the recipient, or from, needs quotes, is not ASCII,
 * has a literal for its domain, or "%" or "!", which servers take for routes. Out is left alone
 * then.
 */
bool heed_token_make_return_path(const HeedTokenKeys *keys,
                                 const char *address,
                                 const char *from,
                                 int64_t last_day,
                                 GString *out,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum HeedTokenVerdict {
    HEED_TOKEN_NONE, /* there is no token in it */
    HEED_TOKEN_VALID,
    HEED_TOKEN_EXPIRED, /* it was valid once */
    HEED_TOKEN_UNKNOWN_KEY,
    HEED_TOKEN_ALTERED /* not made with this key for this address and day */
} HeedTokenVerdict;

/* "was altered", …: for people, behind "the token "; static. */
const char *heed_token_verdict_text(HeedTokenVerdict verdict);

typedef struct HeedToken {
    char *address;    /* owned; whom it names; NULL for HEED_TOKEN_NONE */
    char key;         /* the id of its key */
    int64_t last_day; /* days since 1970 */
} HeedToken;

void heed_token_clear(HeedToken *token);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedToken, heed_token_clear)

/*
 * Verifies a signed return path, or a header token with or without the field's name and with
 * whatever white space folding has put in. Now: seconds since 1970. What the token says is told
 * with any verdict but NONE, and is true with VALID and EXPIRED only.
 */
HeedTokenVerdict
heed_token_verify(const HeedTokenKeys *keys, const char *text, int64_t now, HeedToken *out);

/* Where the recipient's USER begins in a signed return path in normal form; NULL when it is none.
 * Not verified. */
const char *heed_token_behind(const char *address);

#endif
