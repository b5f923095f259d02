/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* explicit_bzero */
#include "parsers/token.h"

#include "base/error.h"
#include "parsers/address.h"

#include <string.h>

#define DAY_AT      2U
#define DAY_LETTERS 3U
#define MAC_AT      (DAY_AT + DAY_LETTERS)
#define MAC_LETTERS 16U
#define MAC_BYTES   10U /* 80 bits, five a letter */
#define CORE_LENGTH (MAC_AT + MAC_LETTERS)

#define EPOCH_DAY       18262 /* 2020-01-01 in days since 1970 */
#define DAYS            (1 << (5 * DAY_LETTERS))
#define SECONDS_PER_DAY 86400

#define KEY_BYTES_LEAST  16U
#define KEY_BYTES_MOST   64U
#define SHA256_BYTES     32U
#define LOCAL_PART_BYTES 64U

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char ids[] = "abcdefghijklmnopqrstuvwxyz0123456789";

typedef struct Key {
    char id;
    GHmac *keyed; /* owned; copied for each token */
} Key;

struct HeedTokenKeys {
    Key keys[sizeof(ids) - 1];
    size_t count;
};

void
heed_token_keys_free(HeedTokenKeys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count; i++)
        g_hmac_unref(keys->keys[i].keyed);
    g_free(keys);
}

static const Key *
find_key(const HeedTokenKeys *keys, char id)
{
    for (size_t i = 0; keys != NULL && i < keys->count; i++)
        if (keys->keys[i].id == id)
            return &keys->keys[i];
    return NULL;
}

/* --- the file of keys --- */

/* g_base64_decode() skips what is not base64. */
static bool
is_base64(const char *text)
{
    size_t length = strlen(text);
    size_t letters =
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    return length % 4 == 0 && length - letters <= 2 &&
           letters + strspn(text + letters, "=") == length;
}

/* What is wrong with the line, or NULL. */
static const char *
read_key(HeedTokenKeys *keys, const char *line)
{
    guchar *bytes;
    gsize length = 0;
    bool fits;

    if (strchr(ids, line[0]) == NULL || line[1] != ':')
        return "expected ID:BASE64, where ID is one of a-z and 0-9";
    if (find_key(keys, line[0]) != NULL)
        return "another key has this id";
    if (!is_base64(line + 2))
        return "what follows the id is not base64";
    bytes = g_base64_decode(line + 2, &length);
    fits = length >= KEY_BYTES_LEAST && length <= KEY_BYTES_MOST;
    if (fits)
        keys->keys[keys->count++] =
            (Key){.id = line[0], .keyed = g_hmac_new(G_CHECKSUM_SHA256, bytes, length)};
    explicit_bzero(bytes, length);
    g_free(bytes);
    return fits ? NULL : "a key has 16 to 64 bytes";
}

HeedTokenKeys *
heed_token_keys_parse(const char *text, const char *name, GError **error)
{
    g_autoptr(HeedTokenKeys) keys = g_new0(HeedTokenKeys, 1);
    g_autofree char *copy = g_strdup(text);
    size_t length = strlen(copy);
    const char *wrong = NULL;
    char *line = copy;

    for (unsigned number = 1; line != NULL && wrong == NULL; number++) {
        char *next = strchr(line, '\n');

        if (next != NULL)
            *next++ = '\0';
        g_strstrip(line);
        if (*line != '\0' && *line != '#')
            wrong = read_key(keys, line);
        if (wrong != NULL)
            g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "%s:%u: %s", name, number, wrong);
        line = next;
    }
    explicit_bzero(copy, length);
    if (wrong == NULL && keys->count > 0)
        return g_steal_pointer(&keys);
    if (wrong == NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "%s: there is no key in it", name);
    return NULL;
}

char
heed_token_keys_next_id(const HeedTokenKeys *keys)
{
    size_t count = sizeof(ids) - 1;
    size_t first =
        keys == NULL || keys->count == 0 ? 0 : (size_t)(strchr(ids, keys->keys[0].id) - ids) + 1;

    for (size_t i = 0; i < count; i++)
        if (find_key(keys, ids[(first + i) % count]) == NULL)
            return ids[(first + i) % count];
    return '\0';
}

/* --- base32, RFC 4648 6 --- */

static void
append_base32(GString *out, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    uint32_t held = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < length; i++) {
        held = (held << 8U) | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5)
            g_string_append_c(out, alphabet[(held >> (bits - 5)) & 31U]);
    }
    if (bits > 0)
        g_string_append_c(out, alphabet[(held << (5 - bits)) & 31U]);
}

static int
letter_value(char letter)
{
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a';
    return letter >= '2' && letter <= '7' ? letter - '2' + 26 : -1;
}

/* NULL for what is not base32, or would be written otherwise. */
static GString *
decode_base32(const char *text)
{
    g_autoptr(GString) bytes = g_string_sized_new(strlen(text));
    g_autoptr(GString) again = g_string_sized_new(strlen(text));
    uint32_t held = 0;
    unsigned bits = 0;

    for (const char *c = text; *c != '\0'; c++) {
        if (letter_value(*c) < 0)
            return NULL;
        held = (held << 5U) | (uint32_t)letter_value(*c);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            g_string_append_c(bytes, (char)((held >> bits) & 255U));
        }
    }
    append_base32(again, bytes->str, bytes->len);
    return strcmp(again->str, text) == 0 ? g_steal_pointer(&bytes) : NULL;
}

/* --- making --- */

int64_t
heed_token_last_day(int64_t now, int days)
{
    int64_t day = now / SECONDS_PER_DAY + days;

    return day >= EPOCH_DAY && day < EPOCH_DAY + DAYS ? day : -1;
}

static void
append_mac(const Key *key, const char *day, const char *address, GString *out)
{
    GHmac *hmac = g_hmac_copy(key->keyed);
    const char id = key->id;
    guint8 digest[SHA256_BYTES];
    gsize length = sizeof(digest);

    g_hmac_update(hmac, (const guchar *)"heed:", 5);
    g_hmac_update(hmac, (const guchar *)&id, 1);
    g_hmac_update(hmac, (const guchar *)day, DAY_LETTERS);
    g_hmac_update(hmac, (const guchar *)":", 1);
    g_hmac_update(hmac, (const guchar *)address, (gssize)strlen(address));
    g_hmac_get_digest(hmac, digest, &length);
    g_hmac_unref(hmac);
    append_base32(out, digest, MAC_BYTES);
}

static void
append_core(const HeedTokenKeys *keys, const char *address, int64_t last_day, GString *out)
{
    unsigned day = (unsigned)(last_day - EPOCH_DAY);
    char letters[DAY_LETTERS];

    for (size_t i = 0; i < DAY_LETTERS; i++)
        letters[i] = alphabet[(day >> (5U * (DAY_LETTERS - 1 - i))) & 31U];
    g_string_append_c(out, 'h');
    g_string_append_c(out, keys->keys[0].id);
    g_string_append_len(out, letters, DAY_LETTERS);
    append_mac(&keys->keys[0], letters, address, out);
}

void
heed_token_make_header(const HeedTokenKeys *keys,
                       const char *address,
                       int64_t last_day,
                       GString *out)
{
    append_core(keys, address, last_day, out);
    g_string_append_c(out, '.');
    append_base32(out, address, strlen(address));
}

/* Whether the part of an address can stand within a local part as it is (RFC 5322 3.2.3, less "%"
 * and "!"). */
static bool
is_atoms(const char *part, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isalnum(part[i]) && strchr("#$&'*+-/=?^_`{|}~.", part[i]) == NULL)
            return false;
    return g_strstr_len(part, (gssize)length, "..") == NULL;
}

bool
heed_token_make_return_path(const HeedTokenKeys *keys,
                            const char *address,
                            const char *from,
                            int64_t last_day,
                            GString *out,
                            GError **error)
{
    const char *domain = heed_address_domain(address);
    const char *from_domain = heed_address_domain(from);
    size_t user = (size_t)(domain - address - 1);
    size_t from_local = (size_t)(from_domain - from - 1);
    bool separated = from_local > 0 && strchr("+-", from[from_local - 1]) != NULL;
    size_t local = from_local + (separated ? 0 : 1) + CORE_LENGTH + 2 + user + strlen(domain);

    if (!is_atoms(address, user) || !is_atoms(domain, strlen(domain))) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "cannot stand in a return path: it has characters that do not pass through "
                    "every server; use --format header");
        return false;
    }
    if (!is_atoms(from, from_local)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "cannot stand in a return path of %s, which has characters that do not pass "
                    "through every server; use another --from, or --format header",
                    from);
        return false;
    }
    if (local > LOCAL_PART_BYTES) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_LIMIT,
                    "is too long for a return path: its local part would have %zu octets, allowed "
                    "are %u; use a shorter --from, or --format header",
                    local, LOCAL_PART_BYTES);
        return false;
    }
    g_string_append_len(out, from, (gssize)from_local);
    if (!separated)
        g_string_append_c(out, '+');
    append_core(keys, address, last_day, out);
    g_string_append_printf(out, "-%.*s=%s@%s", (int)user, address, domain, from_domain);
    return true;
}

/* --- verifying --- */

static bool
is_core(const char *text)
{
    if (text[0] != 'h' || text[1] == '\0' || strchr(ids, text[1]) == NULL)
        return false;
    for (size_t i = DAY_AT; i < CORE_LENGTH; i++)
        if (letter_value(text[i]) < 0)
            return false;
    return true;
}

const char *
heed_token_behind(const char *address)
{
    const char *at = strrchr(address, '@');

    for (const char *c = address; at != NULL && c < at; c++) {
        const char *user = c + 1 + CORE_LENGTH + 1;

        if ((*c == '+' || *c == '-') && is_core(c + 1) && user[-1] == '-' &&
            memchr(user, '=', (size_t)(at - user)) != NULL)
            return user;
    }
    return NULL;
}

/* The recipient whom a signed return path names. */
static char *
named_by_path(const char *user)
{
    const char *at = strrchr(user, '@');
    const char *equals = g_strrstr_len(user, at - user, "=");
    g_autofree char *text = g_strdup_printf("%.*s@%.*s", (int)(equals - user), user,
                                            (int)(at - equals - 1), equals + 1);

    return heed_address_normalise(text, -1);
}

static char *
named_by_header(const char *text)
{
    g_autoptr(GString) bytes = decode_base32(text);
    g_autofree char *address =
        bytes == NULL ? NULL : heed_address_normalise(bytes->str, (gssize)bytes->len);

    return address != NULL && strcmp(address, bytes->str) == 0 ? g_steal_pointer(&address) : NULL;
}

/* In time that does not depend on where they differ. */
static bool
is_same_mac(const char *one, const char *other)
{
    volatile unsigned char difference = 0;

    for (size_t i = 0; i < MAC_LETTERS; i++)
        difference |= (unsigned char)(one[i] ^ other[i]);
    return difference == 0;
}

static HeedTokenVerdict
judge(const HeedTokenKeys *keys, const char *core, int64_t now, const HeedToken *token)
{
    const Key *key = find_key(keys, core[1]);
    g_autoptr(GString) mac = g_string_sized_new(MAC_LETTERS + 1);

    if (key == NULL)
        return HEED_TOKEN_UNKNOWN_KEY;
    append_mac(key, core + DAY_AT, token->address, mac);
    if (!is_same_mac(mac->str, core + MAC_AT))
        return HEED_TOKEN_ALTERED;
    return now / SECONDS_PER_DAY <= token->last_day ? HEED_TOKEN_VALID : HEED_TOKEN_EXPIRED;
}

/* The value of a header field in lower case, without its name and without white space. */
static char *
squeeze(const char *text)
{
    size_t length = strlen(HEED_TOKEN_HEADER ":");
    GString *clean = g_string_sized_new(strlen(text));

    if (g_ascii_strncasecmp(text, HEED_TOKEN_HEADER ":", length) == 0)
        text += length;
    for (; *text != '\0'; text++)
        if (!g_ascii_isspace(*text))
            g_string_append_c(clean, g_ascii_tolower(*text));
    return g_string_free(clean, FALSE);
}

HeedTokenVerdict
heed_token_verify(const HeedTokenKeys *keys, const char *text, int64_t now, HeedToken *out)
{
    bool is_path = strchr(text, '@') != NULL;
    g_autofree char *clean = NULL;
    const char *core;

    *out = (HeedToken){0};
    if (strlen(text) > HEED_TOKEN_BYTES)
        return HEED_TOKEN_NONE;
    clean = is_path ? heed_address_normalise(text, -1) : squeeze(text);
    if (clean == NULL)
        return HEED_TOKEN_NONE;
    if (is_path) {
        const char *user = heed_token_behind(clean);

        if (user == NULL)
            return HEED_TOKEN_NONE;
        core = user - 1 - CORE_LENGTH;
        out->address = named_by_path(user);
    } else {
        core = clean;
        if (!is_core(core) || core[CORE_LENGTH] != '.')
            return HEED_TOKEN_NONE;
        out->address = named_by_header(core + CORE_LENGTH + 1);
    }
    out->key = core[1];
    for (size_t i = 0; i < DAY_LETTERS; i++)
        out->last_day = out->last_day * 32 + letter_value(core[DAY_AT + i]);
    out->last_day += EPOCH_DAY;
    return out->address == NULL ? HEED_TOKEN_ALTERED : judge(keys, core, now, out);
}

void
heed_token_clear(HeedToken *token)
{
    g_clear_pointer(&token->address, g_free);
}

const char *
heed_token_verdict_text(HeedTokenVerdict verdict)
{
    static const char *const texts[] = {
        [HEED_TOKEN_NONE] = "is none",
        [HEED_TOKEN_VALID] = "is valid",
        [HEED_TOKEN_EXPIRED] = "has expired",
        [HEED_TOKEN_UNKNOWN_KEY] = "was made with a key that is not in own.token-key-file",
        [HEED_TOKEN_ALTERED] = "was altered or forged",
    };

    return texts[verdict];
}
