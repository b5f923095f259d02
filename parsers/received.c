/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/received.h"

#include "parsers/date.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

typedef struct Span {
    const char *at;
    size_t length;
} Span;

/* The parts of one field; comments are those of the part before the last "by". */
typedef struct Parts {
    Span first; /* the word behind "from" */
    Span by;
    Span with;
    Span client; /* the comment that holds the client's address */
    char address[HEED_ADDRESS_TEXT_BYTES];
    bool from;
    bool ambiguous; /* comments with different addresses */
    bool helo;      /* a comment says what the client called itself */
    bool postfix;
    bool sendmail;
    bool exim;
} Parts;

bool
heed_address_text(const char *text, size_t length, char out[HEED_ADDRESS_TEXT_BYTES])
{
    char copy[64];
    struct in6_addr six;
    struct in_addr four;
    const char *zone;

    if (length > 1 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length > 5 && g_ascii_strncasecmp(text, "IPv6:", 5) == 0) {
        text += 5;
        length -= 5;
    }
    zone = memchr(text, '%', length);
    if (zone != NULL)
        length = (size_t)(zone - text);
    if (length == 0 || length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (inet_pton(AF_INET, copy, &four) == 1)
        return inet_ntop(AF_INET, &four, out, HEED_ADDRESS_TEXT_BYTES) != NULL;
    if (inet_pton(AF_INET6, copy, &six) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&six))
        return inet_ntop(AF_INET, six.s6_addr + 12, out, HEED_ADDRESS_TEXT_BYTES) != NULL;
    return inet_ntop(AF_INET6, &six, out, HEED_ADDRESS_TEXT_BYTES) != NULL;
}

static bool
span_is(Span span, const char *word)
{
    return span.length == strlen(word) && g_ascii_strncasecmp(span.at, word, span.length) == 0;
}

static bool
span_has(Span span, const char *text)
{
    return g_strstr_len(span.at, (gssize)span.length, text) != NULL;
}

/* The comment that begins at the parenthesis; an unclosed one goes to the end. */
static Span
comment_at(const char *at, const char *end)
{
    const char *c = at;
    size_t depth = 0;

    for (; c < end; c++) {
        if (*c == '\\' && c + 1 < end)
            c++;
        else if (*c == '(')
            depth++;
        else if (*c == ')' && --depth == 0)
            return (Span){at + 1, (size_t)(c - at) - 1};
    }
    return (Span){at + 1, (size_t)(end - at) - 1};
}

static Span
word_at(const char *at, const char *end)
{
    const char *c = at;
    bool quoted = false;

    for (; c < end; c++) {
        if (*c == '"')
            quoted = !quoted;
        else if (!quoted && (g_ascii_isspace(*c) || *c == '('))
            break;
    }
    return (Span){at, (size_t)(c - at)};
}

/* What the writer itself says in a comment: without the client's own words behind "helo=" (Exim)
 * and "HELO " (qmail), where it can put an address, too. */
static Span
without_helo(Span comment)
{
    const char *helo = g_strstr_len(comment.at, (gssize)comment.length, "helo=");

    if (comment.length >= 5 && g_ascii_strncasecmp(comment.at + 1, "ELO ", 4) == 0)
        return (Span){comment.at, 0};
    return helo == NULL ? comment : (Span){comment.at, (size_t)(helo - comment.at)};
}

/* The address of "name [192.0.2.1]", "[192.0.2.1]:25", "192.0.2.1", "ident@192.0.2.1". */
static bool
comment_address(Span comment, char out[HEED_ADDRESS_TEXT_BYTES])
{
    const char *end = comment.at + comment.length;
    const char *open = memchr(comment.at, '[', comment.length);
    const char *close = open == NULL ? NULL : memchr(open, ']', (size_t)(end - open));
    const char *at = memchr(comment.at, '@', comment.length);

    if (close != NULL)
        return heed_address_text(open, (size_t)(close - open) + 1, out);
    if (at != NULL)
        comment = (Span){at + 1, (size_t)(end - at) - 1};
    while (comment.length > 0 && g_ascii_isspace(comment.at[comment.length - 1]))
        comment.length--;
    return heed_address_text(comment.at, comment.length, out);
}

static bool
has_two_brackets(Span comment)
{
    const char *open = memchr(comment.at, '[', comment.length);
    const char *end = comment.at + comment.length;

    return open != NULL && memchr(open + 1, '[', (size_t)(end - open) - 1) != NULL;
}

/* A comment between "from" and "by". */
static void
take_client(Parts *parts, Span comment)
{
    char address[HEED_ADDRESS_TEXT_BYTES];
    Span own = without_helo(comment);

    parts->helo |= own.length < comment.length;
    parts->ambiguous |= has_two_brackets(own);
    if (!comment_address(own, address))
        return;
    parts->ambiguous |= parts->address[0] != '\0' && strcmp(parts->address, address) != 0;
    memcpy(parts->address, address, sizeof(address));
    parts->client = own;
}

/* A comment behind "by": the name and version of the software. */
static void
take_software(Parts *parts, Span comment)
{
    parts->postfix |= comment.length >= 7 && strncmp(comment.at, "Postfix", 7) == 0;
    parts->exim |= comment.length >= 4 && strncmp(comment.at, "Exim", 4) == 0;
    parts->sendmail |= comment.length >= 2 && strncmp(comment.at, "8.", 2) == 0;
}

/* The word "by", wherever it stands. NULL when there are several: the writer's own is always there,
 * so another one is the client's, who wants to be taken for the writer. */
static const char *
find_by(const char *at, const char *end)
{
    const char *by = NULL;

    for (const char *c = at; c + 2 < end; c++) {
        if (g_ascii_strncasecmp(c, "by", 2) != 0 || !g_ascii_isspace(c[2]) ||
            (c > at && !g_ascii_isspace(c[-1]) && c[-1] != '(' && c[-1] != ')'))
            continue;
        if (by != NULL)
            return NULL;
        by = c;
    }
    return by;
}

/* A word outside of comments; what it is depends on the one before it. */
static void
take_word(Parts *parts, Span before, Span word, const char *by)
{
    /* A quote could hide the writer's words behind it. */
    parts->ambiguous |= (by == NULL || word.at < by) && memchr(word.at, '"', word.length) != NULL;
    if (before.length == 0 && span_is(word, "from"))
        parts->from = true;
    else if (parts->from && parts->first.at == NULL)
        parts->first = word;
    else if (by != NULL && before.at == by)
        parts->by = word;
    else if (by != NULL && word.at > by && span_is(before, "with"))
        parts->with = word;
}

static void
split(const char *at, const char *end, Parts *parts)
{
    const char *by = find_by(at, end);
    Span before = {at, 0};

    while (at < end) {
        Span span = *at == '(' ? comment_at(at, end) : word_at(at, end);

        if (*at == '(') {
            if (by == NULL || at < by)
                take_client(parts, span);
            else
                take_software(parts, span);
            at = span.at + span.length + 1;
            continue;
        }
        at += MAX(span.length, 1);
        if (span.length > 0) {
            take_word(parts, before, span, by);
            before = span;
        }
    }
}

static void
copy_name(Span span, char out[HEED_HOST_BYTES])
{
    g_autofree char *text = g_strndup(span.at, span.length);

    if (!heed_host_read(text, out) || strcmp(out, "unknown") == 0 || strchr(out, '.') == NULL)
        out[0] = '\0';
}

/* Postfix and Sendmail write "HELO (verified [address])", Sendmail "(may be forged)" where it is
 * not; Exim writes the verified name first, or else the address in brackets. */
static void
copy_client_name(const Parts *parts, char out[HEED_HOST_BYTES])
{
    const char *open =
        parts->client.at == NULL ? NULL : memchr(parts->client.at, '[', parts->client.length);
    Span name = {parts->client.at, open == NULL ? 0 : (size_t)(open - parts->client.at)};
    const char *at = name.length == 0 ? NULL : memchr(name.at, '@', name.length);

    if (parts->exim && parts->first.length > 0 && parts->first.at[0] != '[')
        copy_name(parts->first, out);
    else if ((parts->postfix || parts->sendmail) && !span_has(parts->client, "may be forged") &&
             name.length > 0 && at == NULL)
        copy_name(name, out);
}

/* Exim without a name for the client: "from [192.0.2.1] (helo=x)". */
static void
take_exim_address(Parts *parts)
{
    if (parts->exim && parts->helo && parts->client.at == NULL && parts->first.length > 0 &&
        parts->first.at[0] == '[')
        (void)heed_address_text(parts->first.at, parts->first.length, parts->address);
}

void
heed_received_read(const char *value, HeedReceived *out_received)
{
    const char *semicolon = strrchr(value, ';');
    const char *end = semicolon == NULL ? value + strlen(value) : semicolon;
    Parts parts = {0};

    memset(out_received, 0, sizeof(*out_received));
    out_received->date =
        semicolon == NULL ? INT64_MIN : heed_date_parse_mail(semicolon + 1, strlen(semicolon + 1));
    while (value < end && g_ascii_isspace(*value))
        value++;
    split(value, end, &parts);
    if (parts.by.at != NULL) {
        g_autofree char *by = g_strndup(parts.by.at, parts.by.length);

        (void)heed_host_read(by, out_received->by);
    }
    take_exim_address(&parts);
    out_received->from = parts.from;
    out_received->lmtp =
        parts.with.length >= 4 && g_ascii_strncasecmp(parts.with.at, "LMTP", 4) == 0;
    if (!parts.ambiguous && parts.address[0] != '\0') {
        memcpy(out_received->address, parts.address, sizeof(parts.address));
        copy_client_name(&parts, out_received->name);
    }
    /* Nobody outside can be without an address: "from user by host with local" is Exim's own, "from
     * localhost (localhost)" Sendmail's. */
    out_received->local =
        !parts.from || (parts.address[0] == '\0' && !parts.ambiguous &&
                        (span_is(parts.with, "local") || span_is(parts.first, "localhost")));
}
