/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/address.h"

#include "base/limits.h"

#include <idn2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN_BYTES 253U /* RFC 1035 2.3.4, without the root's dot */
#define LABEL_BYTES  63U
#define LOCAL_BYTES  255U

/* RFC 5322 3.2.3 atext and the dot, as two words of bits: bytes 32 to 63 and 64 to 127. */
#define ATEXT_LOW  UINT64_C(0xA3FFECFA00000000)
#define ATEXT_HIGH UINT64_C(0x7FFFFFFFC7FFFFFE)

/* Letters, digits, hyphen, and the underscore that some mail domains have. */
#define LDH_LOW  UINT64_C(0x03FF200000000000)
#define LDH_HIGH UINT64_C(0x07FFFFFE87FFFFFE)

static inline bool
in_set(unsigned char byte, uint64_t low, uint64_t high)
{
    return byte < 128 && (((byte < 64 ? low : high) >> (byte & 63U)) & 1U) != 0;
}

static inline bool
is_plain(unsigned char byte)
{
    return in_set(byte, ATEXT_LOW, ATEXT_HIGH);
}

static inline char
lower(unsigned char byte)
{
    return (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
}

/* Copies an all-ASCII host name in lower case; returns its length without a trailing dot, or 0. The
 * room for it is the caller's to have. */
static size_t
copy_host(const char *text, size_t length, char *out)
{
    size_t label = 0;

    if (length > 1 && text[length - 1] == '.')
        length--;
    if (length > DOMAIN_BYTES)
        return 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte == '.') {
            if (label == 0 || text[i - 1] == '-')
                return 0;
            label = 0;
        } else if (!in_set(byte, LDH_LOW, LDH_HIGH) || (byte == '-' && label == 0) ||
                   ++label > LABEL_BYTES) {
            return 0;
        }
        out[i] = lower(byte);
    }
    return label == 0 || text[length - 1] == '-' ? 0 : length;
}

size_t
heed_address_normalise_ascii(const char *text, size_t length, char *out, size_t size)
{
    size_t local = 0;
    size_t domain;

    if (length >= size)
        return 0;
    while (local < length && is_plain((unsigned char)text[local])) {
        out[local] = lower((unsigned char)text[local]);
        local++;
    }
    if (local == 0 || local > LOCAL_BYTES || local == length || text[local] != '@')
        return 0;
    out[local] = '@';
    domain = copy_host(text + local + 1, length - local - 1, out + local + 1);
    if (domain == 0)
        return 0;
    out[local + 1 + domain] = '\0';
    return local + 1 + domain;
}

/* A bare address under reading: what is left of the text. */
typedef struct Reader {
    const char *at;
    const char *end;
} Reader;

/* Whitespace and comments, which nest (RFC 5322 3.2.2); an unclosed one goes to the end. */
static void
skip_comments(Reader *reader)
{
    size_t depth = 0;

    for (; reader->at < reader->end; reader->at++) {
        char c = *reader->at;

        if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        else if (c == '\\' && depth > 0 && reader->at + 1 < reader->end)
            reader->at++;
        else if (depth == 0 && !g_ascii_isspace(c))
            return;
    }
}

/* The unquoted content of the quoted string that begins here (RFC 5322 3.2.4). */
static bool
read_quoted(Reader *reader, GString *out)
{
    for (reader->at++; reader->at < reader->end; reader->at++) {
        char c = *reader->at;

        if (c == '"') {
            reader->at++;
            return true;
        }
        if (c == '\\' && reader->at + 1 < reader->end)
            c = *++reader->at;
        if ((unsigned char)c < ' ' || c == 127)
            return false;
        g_string_append_c(out, c);
    }
    return false;
}

/* Whether the words on both sides of what skip_comments() passed over may be joined: only around a
 * dot (RFC 5322 4.4, obs-local-part), so that "us er@" does not become another's address. */
static bool
may_join(const Reader *reader, const GString *out)
{
    return out->len == 0 || out->str[out->len - 1] == '.' || strchr(".@", *reader->at) != NULL;
}

/* Local part into out, unquoted. Words and quoted strings may alternate. */
static bool
read_local(Reader *reader, GString *out)
{
    for (;;) {
        const char *before = reader->at;

        skip_comments(reader);
        if (reader->at == reader->end || (reader->at > before && !may_join(reader, out)))
            return false;
        if (*reader->at == '@')
            break;
        if (*reader->at == '"') {
            if (!read_quoted(reader, out))
                return false;
            continue;
        }
        if (!is_plain((unsigned char)*reader->at) && (unsigned char)*reader->at < 128)
            return false;
        g_string_append_c(out, *reader->at++);
    }
    reader->at++;
    return out->len > 0 && out->len <= LOCAL_BYTES;
}

/* Appends the local part in its normal form. */
static bool
append_local(GString *out, const GString *local)
{
    g_autofree char *composed = g_utf8_normalize(local->str, (gssize)local->len, G_NORMALIZE_NFC);
    bool quote = false;

    if (composed == NULL || strlen(composed) > LOCAL_BYTES)
        return false;
    for (const char *c = composed; *c != '\0'; c++)
        quote |= !is_plain((unsigned char)*c) && (unsigned char)*c < 128;
    if (quote)
        g_string_append_c(out, '"');
    for (const char *c = composed; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, lower((unsigned char)*c));
    }
    if (quote)
        g_string_append_c(out, '"');
    return true;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 4.1.3); only its characters are checked. */
static bool
append_literal(GString *out, const char *text, size_t length)
{
    if (length < 3 || length > DOMAIN_BYTES || text[length - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < length; i++)
        if (!g_ascii_isalnum(text[i]) && strchr(".:-", text[i]) == NULL)
            return false;
    for (size_t i = 0; i < length; i++)
        g_string_append_c(out, lower((unsigned char)text[i]));
    return true;
}

/* Appends the domain as A-labels. What IDNA makes of it is checked again, since its mappings can
 * bring in characters that no host name has. */
static bool
append_domain(GString *out, const char *text, size_t length)
{
    char host[DOMAIN_BYTES + 2];
    g_autofree char *unicode = NULL;
    uint8_t *ascii = NULL;
    size_t done = 0;
    bool is_ascii = true;

    if (length > HEED_LIMIT_ADDRESS_BYTES)
        return false;
    if (length > 0 && text[0] == '[')
        return append_literal(out, text, length);
    for (size_t i = 0; i < length; i++)
        is_ascii &= (unsigned char)text[i] < 128;
    if (is_ascii) {
        done = copy_host(text, length, host);
    } else {
        unicode = g_strndup(text, length);
        if (idn2_lookup_u8((const uint8_t *)unicode, &ascii,
                           IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
            done = copy_host((const char *)ascii, strlen((const char *)ascii), host);
        idn2_free(ascii);
    }
    g_string_append_len(out, host, (gssize)done);
    return done > 0;
}

/* Narrows to what stands in the last angle brackets, where there are any outside of quotes: "<a@b>"
 * and "Name <a@b>". */
static void
enter_brackets(Reader *reader)
{
    const char *open = NULL;
    bool quoted = false;

    for (const char *c = reader->at; c < reader->end; c++) {
        if (*c == '\\' && quoted && c + 1 < reader->end)
            c++;
        else if (*c == '"')
            quoted = !quoted;
        else if (*c == '<' && !quoted)
            open = c;
        else if (*c == '>' && !quoted && open != NULL) {
            Reader behind = {c + 1, reader->end};

            skip_comments(&behind);
            if (behind.at == behind.end)
                *reader = (Reader){open + 1, c};
            return;
        }
    }
}

/* "@a.example,@b.example:" before the address proper (RFC 5321 4.1.2: must be ignored). */
static void
skip_source_route(Reader *reader)
{
    const char *colon;

    skip_comments(reader);
    if (reader->at == reader->end || *reader->at != '@')
        return;
    colon = memchr(reader->at, ':', (size_t)(reader->end - reader->at));
    if (colon != NULL)
        reader->at = colon + 1;
}

char *
heed_address_normalise(const char *text, gssize length)
{
    size_t bytes = length < 0 ? strlen(text) : (size_t)length;
    Reader reader = {text, text + bytes};
    const char *domain;
    char ascii[HEED_LIMIT_ADDRESS_BYTES];
    size_t done = heed_address_normalise_ascii(text, bytes, ascii, sizeof(ascii));

    if (done > 0)
        return g_strndup(ascii, done);
    if (bytes > (size_t)2 * HEED_LIMIT_ADDRESS_BYTES || !g_utf8_validate_len(text, bytes, NULL))
        return NULL;

    g_autoptr(GString) local = g_string_new(NULL);
    g_autoptr(GString) out = g_string_new(NULL);

    enter_brackets(&reader);
    skip_source_route(&reader);
    if (!read_local(&reader, local) || !append_local(out, local))
        return NULL;
    g_string_append_c(out, '@');
    skip_comments(&reader);
    domain = reader.at;
    while (reader.at < reader.end && *reader.at != '(' && !g_ascii_isspace(*reader.at))
        reader.at++;
    if (!append_domain(out, domain, (size_t)(reader.at - domain)))
        return NULL;
    skip_comments(&reader);
    return reader.at == reader.end ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

const char *
heed_address_domain(const char *address)
{
    const char *at = strrchr(address, '@');

    return at == NULL ? address + strlen(address) : at + 1;
}

static int
compare_names(const void *key, const void *row)
{
    return strcmp(key, *(const char *const *)row);
}

bool
heed_address_is_role(const char *address)
{
    /* Sorted. RFC 2142 4, 5 and 7, and the senders that are programs. */
    static const char *const roles[] = {
        "abuse",         "bounce",    "bounces",    "do-not-reply", "donotreply", "fbl",
        "feedback-loop", "ftp",       "hostmaster", "listmaster",   "listserv",   "mailer-daemon",
        "mailerdaemon",  "majordomo", "news",       "no-reply",     "no_reply",   "nobody",
        "noc",           "noreply",   "postmaster", "root",         "security",   "spam",
        "usenet",        "uucp",      "webmaster",  "www"};
    static const char *const endings[] = {"-bounces", "-owner", "-request"};
    const char *at = strrchr(address, '@');
    g_autofree char *local = NULL;

    if (at == NULL || at - address > 64)
        return false;
    local = g_strndup(address, (size_t)(at - address));
    if (bsearch(local, roles, G_N_ELEMENTS(roles), sizeof(roles[0]), compare_names) != NULL)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(local, endings[i]))
            return true;
    return g_str_has_prefix(local, "owner-");
}

bool
heed_domain_is_among(const char *domain, const char *const *domains)
{
    size_t length = strlen(domain);

    for (; domains != NULL && *domains != NULL; domains++) {
        size_t wanted = strlen(*domains);

        if (wanted == 0 || wanted > length ||
            g_ascii_strcasecmp(domain + length - wanted, *domains) != 0)
            continue;
        if (wanted == length || domain[length - wanted - 1] == '.')
            return true;
    }
    return false;
}
