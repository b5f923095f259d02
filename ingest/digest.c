/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

/*
 * The canonical message, fixed for ever (tests/unit/test_digest.c holds vectors):
 *
 *  - CRLF, lone CR and LF each end a line; each line is written with LF.
 *  - Blank lines and mbox "From " lines (">From " too) before the header are left out.
 *  - A header field is written as name in lower case, ':', value; folding and runs of blanks are
 *    one space, blanks at both ends are dropped (as DKIM's relaxed form, RFC 6376 3.4.2): servers
 *    that store mail in parts fold anew.
 *  - The fields below are left out with their continuation lines.
 *  - A body line of '>'s and "From " is written without the '>'s: mbox writers quote it, and some
 *    readers do not undo it.
 *  - Blank lines at the very end are left out; an empty body has no separator.
 *  - Of this, the first HEED_LIMIT_DIGEST_BYTES.
 *
 * A field may be left out only when delivery, not the reporter, writes it, and no parser reads what
 * happened from it: otherwise a forged copy sent ahead could displace the true report. That is why
 * DKIM-Signature, X-Failed-Recipients, X-Loop, Auto-Submitted and all Resent- fields stay in.
 */

/* Lower case; a '*' at the end stands for any rest. */
static const char *const left_out[] = {
    /* trace and envelope, written at each hop or at final delivery (RFC 5321 4.4) */
    "received",
    "x-received",
    "return-path",
    "delivered-to",
    "x-delivered-to",
    "envelope-to",
    "x-envelope-to",
    "x-envelope-from",
    "delivery-date",
    "x-original-to",
    "x-resolved-to",
    "x-rcpt-to",
    "x-apparently-to",
    "x-forwarded-to",
    "x-forwarded-for",
    "x-forwarded-encrypted",
    "x-sieve",
    "x-getmail-*",
    /* what a receiver found out about the sender (RFC 8601, RFC 7208, RFC 8617) */
    "authentication-results",
    "authentication-results-original",
    "x-authentication-results",
    "received-spf",
    "arc-*",
    /* what filters on the way thought of it */
    "x-spam*",
    "x-rspamd-*",
    "x-dspam-*",
    "x-bogosity",
    "x-virus-*",
    "x-amavis-*",
    "x-barracuda-*",
    "x-ironport-*",
    "x-proofpoint-*",
    "x-mimecast-*",
    "x-cmae-*",
    "x-microsoft-antispam*",
    "x-forefront-antispam-*",
    "x-exchange-antispam-*",
    "x-eopattributedmessage",
    "x-eoptenantattributedmessage",
    "x-ms-exchange-*",
    "x-gmx-*",
    "x-ui-filterresults",
    "x-ymail*",
    /* what mail stores and readers note in the copy they keep */
    "status",
    "x-status",
    "x-uid",
    "x-uidl",
    "x-imap",
    "x-imapbase",
    "x-keywords",
    "x-mozilla-*",
    "x-account-key",
    "x-evolution*",
    "x-gm-*",
    "x-gmail-*",
    "x-tuid",
    "content-length",
    "lines",
};

/* The longest name above is shorter. */
#define LONGEST_NAME 64U

struct HeedDigester {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
    size_t room; /* canonical bytes still to be covered */
    size_t used; /* of buffer */
    uint8_t buffer[16 * 1024];
};

/* Walks over lines whatever ends them. */
typedef struct Lines {
    const uint8_t *bytes;
    size_t length;
    size_t at;
    size_t feed; /* the next LF at or behind `at`, or length: each byte is searched once */
} Lines;

static size_t
find_byte(const Lines *lines, size_t from, size_t to, int byte)
{
    const uint8_t *found =
        from < to ? (const uint8_t *)memchr(lines->bytes + from, byte, to - from) : NULL;

    return found != NULL ? (size_t)(found - lines->bytes) : to;
}

static bool
lines_next(Lines *lines, const uint8_t **out_line, size_t *out_length)
{
    size_t stop;

    if (lines->at >= lines->length)
        return false;
    if (lines->feed < lines->at || lines->at == 0)
        lines->feed = find_byte(lines, lines->at, lines->length, '\n');
    stop = find_byte(lines, lines->at, lines->feed, '\r');
    *out_line = lines->bytes + lines->at;
    *out_length = stop - lines->at;
    if (stop < lines->feed && stop + 1 == lines->feed && lines->feed < lines->length)
        stop++; /* CRLF */
    lines->at = MIN(stop + 1, lines->length);
    return true;
}

/* Hashing memory fails only for a bug. */
static void
require(int done)
{
    if (done != 1)
        g_assert_not_reached();
}

static void
flush(HeedDigester *digester)
{
    require(EVP_DigestUpdate(digester->context, digester->buffer, digester->used));
    digester->used = 0;
}

static void
put(HeedDigester *digester, const void *bytes, size_t length)
{
    const uint8_t *from = (const uint8_t *)bytes;

    length = MIN(length, digester->room);
    digester->room -= length;
    while (length > 0) {
        size_t part = MIN(length, sizeof(digester->buffer) - digester->used);

        memcpy(digester->buffer + digester->used, from, part);
        digester->used += part;
        from += part;
        length -= part;
        if (digester->used == sizeof(digester->buffer))
            flush(digester);
    }
}

static bool
is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static bool
begins_with(const uint8_t *line, size_t length, const char *prefix)
{
    size_t wanted = strlen(prefix);

    return length >= wanted && memcmp(line, prefix, wanted) == 0;
}

/* The length of a field's name, or 0 when the line begins none. */
static size_t
name_length(const uint8_t *line, size_t length)
{
    size_t end = 0;
    size_t colon;

    while (end < length && line[end] > ' ' && line[end] < 127 && line[end] != ':')
        end++;
    colon = end;
    while (colon < length && is_blank(line[colon])) /* obsolete syntax, RFC 5322 4.5 */
        colon++;
    return colon < length && line[colon] == ':' ? end : 0;
}

static bool
is_left_out(const char *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(left_out); i++) {
        const char *pattern = left_out[i];
        size_t wanted = strlen(pattern);
        bool open = pattern[wanted - 1] == '*';

        if (open)
            wanted--;
        if ((open ? length >= wanted : length == wanted) && memcmp(name, pattern, wanted) == 0)
            return true;
    }
    return false;
}

/* Words with one space between; *spaced: whether the next word needs one before it. */
static void
put_words(HeedDigester *digester, const uint8_t *text, size_t length, bool *spaced)
{
    size_t at = 0;

    while (at < length) {
        size_t begin;

        while (at < length && is_blank(text[at]))
            at++;
        begin = at;
        while (at < length && !is_blank(text[at]))
            at++;
        if (at > begin) {
            if (*spaced)
                put(digester, " ", 1);
            put(digester, text + begin, at - begin);
            *spaced = true;
        }
    }
}

/* Begins a field; false when it is one of those left out. */
static bool
put_field(HeedDigester *digester, const uint8_t *line, size_t length, bool *spaced)
{
    size_t name = name_length(line, length);
    size_t value = 0;

    *spaced = false;
    if (name > 0) {
        char lower[LONGEST_NAME];
        size_t kept = MIN(name, sizeof(lower));

        for (size_t i = 0; i < kept; i++)
            lower[i] = g_ascii_tolower((char)line[i]);
        if (is_left_out(lower, kept))
            return false;
        put(digester, lower, kept);
        put(digester, line + kept, name - kept);
        put(digester, ":", 1);
        value = name;
        while (line[value] != ':')
            value++;
        value++;
    }
    put_words(digester, line + value, length - value, spaced);
    return true;
}

static void
put_header(HeedDigester *digester, Lines *lines)
{
    const uint8_t *line;
    size_t length;
    bool begun = false; /* nothing before the first field can be its continuation */
    bool kept = false;
    bool spaced = false;

    while (digester->room > 0 && lines_next(lines, &line, &length) && length > 0) {
        if (begun && is_blank(line[0])) {
            if (kept)
                put_words(digester, line, length, &spaced);
            continue;
        }
        if (kept)
            put(digester, "\n", 1);
        kept = put_field(digester, line, length, &spaced);
        begun = true;
    }
    if (kept)
        put(digester, "\n", 1);
}

static void
put_body(HeedDigester *digester, Lines *lines)
{
    const uint8_t *line;
    size_t length;
    size_t blank = 1; /* the separator, written only when something follows */

    while (digester->room > 0 && lines_next(lines, &line, &length)) {
        size_t quotes = 0;

        if (length == 0) {
            blank++;
            continue;
        }
        for (; blank > 0 && digester->room > 0; blank--)
            put(digester, "\n", 1);
        while (quotes < length && line[quotes] == '>')
            quotes++;
        if (!begins_with(line + quotes, length - quotes, "From "))
            quotes = 0;
        put(digester, line + quotes, length - quotes);
        put(digester, "\n", 1);
    }
}

static void
skip_preamble(Lines *lines)
{
    Lines ahead = *lines;
    const uint8_t *line;
    size_t length;

    while (
        lines_next(&ahead, &line, &length) &&
        (length == 0 || begins_with(line, length, "From ") || begins_with(line, length, ">From ")))
        *lines = ahead;
}

HeedDigester *
heed_digester_new(GError **error)
{
    g_autoptr(HeedDigester) digester = g_new0(HeedDigester, 1);

    digester->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    digester->context = EVP_MD_CTX_new();
    if (digester->algorithm == NULL || digester->context == NULL) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_INTERNAL, "OpenSSL offers no SHA-256");
        return NULL;
    }
    return g_steal_pointer(&digester);
}

void
heed_digester_free(HeedDigester *digester)
{
    if (digester == NULL)
        return;
    EVP_MD_CTX_free(digester->context);
    EVP_MD_free(digester->algorithm);
    g_free(digester);
}

void
heed_digester_digest(HeedDigester *digester,
                     const void *bytes,
                     size_t length,
                     uint8_t out[HEED_DIGEST_BYTES])
{
    Lines lines = {.bytes = (const uint8_t *)bytes, .length = length};

    require(EVP_DigestInit_ex2(digester->context, digester->algorithm, NULL));
    digester->room = HEED_LIMIT_DIGEST_BYTES;
    digester->used = 0;
    skip_preamble(&lines);
    put_header(digester, &lines);
    put_body(digester, &lines);
    flush(digester);
    require(EVP_DigestFinal_ex(digester->context, out, NULL));
}
