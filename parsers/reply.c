/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/reply.h"

#include <glib.h>
#include <string.h>

/* How plainly a number stands as a reply code; the last of the plainest decides. */
typedef enum Strength {
    STRENGTH_NONE,
    STRENGTH_WORD,  /* behind "error", "returned" …, or where a sentence begins */
    STRENGTH_MARK,  /* behind a bracket or a quote, or where a line begins */
    STRENGTH_PLAIN, /* first of all, behind a colon or an arrow, or before an enhanced code */
} Strength;

typedef struct Text {
    const char *bytes;
    size_t length;
} Text;

/* What has been found so far. */
typedef struct Finding {
    Strength code_strength;
    size_t words_at; /* behind the first code with the deciding value, and its status */
    char code[4];
    char status[HEED_STATUS_BYTES]; /* that stands with the deciding code */
    Strength loose_strength;
    size_t loose_end;
    char loose_status[HEED_STATUS_BYTES]; /* that stands by itself */
} Finding;

static const char *const types[] = {"smtp",   "esmtp", "lmtp", "local",  "unix",
                                    "system", "x400",  "dns",  "rfc822", "unknown"};

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_type(const char *text, size_t length)
{
    if (length > 2 && g_ascii_strncasecmp(text, "x-", 2) == 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (strlen(types[i]) == length && g_ascii_strncasecmp(text, types[i], length) == 0)
            return true;
    return false;
}

size_t
heed_reply_type_length(const char *text, size_t length)
{
    size_t begin = 0;
    size_t name;
    size_t end;

    while (begin < length && is_space(text[begin]))
        begin++;
    end = begin;
    while (end < length && (g_ascii_isalnum(text[end]) || text[end] == '-'))
        end++;
    name = end;
    while (end < length && is_space(text[end]))
        end++;
    /* The cheap question first: most replies have no type. */
    if (end == length || text[end] != ';' || !is_type(text + begin, name - begin))
        return 0;
    while (end < length && (text[end] == ';' || is_space(text[end])))
        end++;
    return end;
}

/* "0", or one to three digits that do not begin with 0; the number of digits, or 0. */
static size_t
component_length(const char *text, size_t length)
{
    size_t digits = 0;

    while (digits < length && g_ascii_isdigit(text[digits]))
        digits++;
    return digits > 3 || (digits > 1 && text[0] == '0') ? 0 : digits;
}

/* The length of the enhanced status code that begins here, or 0. What follows must not make it the
 * beginning of an address, a version or a longer number. */
static size_t
status_length(const char *text, size_t length)
{
    size_t subject;
    size_t detail;
    size_t end;

    if (length < 5 || strchr("245", text[0]) == NULL || text[0] == '\0' || text[1] != '.')
        return 0;
    subject = component_length(text + 2, length - 2);
    end = 2 + subject;
    if (subject == 0 || end >= length || text[end] != '.')
        return 0;
    detail = component_length(text + end + 1, length - end - 1);
    end += 1 + detail;
    if (detail == 0)
        return 0;
    if (end < length && (g_ascii_isalnum(text[end]) || text[end] == '@'))
        return 0;
    if (end + 1 < length && text[end] == '.' && g_ascii_isalnum(text[end + 1]))
        return 0;
    return end;
}

bool
heed_status_read(const char *text, size_t length, char out[HEED_STATUS_BYTES])
{
    size_t skip = 0;
    size_t status;

    while (skip < length && (is_space(text[skip]) || strchr("#([<", text[skip]) != NULL) &&
           text[skip] != '\0')
        skip++;
    status = status_length(text + skip, length - skip);
    if (status == 0)
        return false;
    memcpy(out, text + skip, status);
    out[status] = '\0';
    return true;
}

/* Whether the word that ends before "end" announces a reply. */
static bool
announces(const Text *text, size_t end)
{
    static const char *const words[] = {"said",     "says",     "error",     "code",   "reply",
                                        "replied",  "response", "responded", "status", "returned",
                                        "returns",  "got",      "smtp",      "esmtp",  "answer",
                                        "answered", "received", "issued",    "rcpt",   "closing"};
    size_t begin = end;

    while (begin > 0 && end - begin < 12 && g_ascii_isalpha(text->bytes[begin - 1]))
        begin--;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strlen(words[i]) == end - begin &&
            g_ascii_strncasecmp(text->bytes + begin, words[i], end - begin) == 0)
            return true;
    return false;
}

/* How plainly a number at "at" stands, with no space before it. */
static Strength
strength_beside(const Text *text, size_t at)
{
    char before = text->bytes[at - 1];

    if (before == ':') /* "said:550", never the port of "host:550" or "[192.0.2.1]:550" */
        return announces(text, at - 1) ? STRENGTH_PLAIN : STRENGTH_NONE;
    return before != '\0' && strchr("<([{\"'`=;>|#", before) != NULL ? STRENGTH_MARK
                                                                     : STRENGTH_NONE;
}

/* How plainly a number at "at" stands, by what is before it. qmail writes "_" for a space. */
static Strength
strength_before(const Text *text, size_t at)
{
    size_t end = at;
    bool line = false;
    char before;

    while (end > 0 && (is_space(text->bytes[end - 1]) || text->bytes[end - 1] == '_')) {
        end--;
        line |= text->bytes[end] == '\n' || text->bytes[end] == '\r';
    }
    if (end == 0)
        return STRENGTH_PLAIN;
    if (end == at)
        return strength_beside(text, at);
    before = text->bytes[end - 1];
    if (before == ':' || before == ';' || before == '>')
        return STRENGTH_PLAIN;
    if (line || at - end > 1 || (before != '\0' && strchr("-|=\"'", before) != NULL))
        return STRENGTH_MARK;
    if (announces(text, end) || (before != '\0' && strchr(".!)]", before) != NULL))
        return STRENGTH_WORD;
    return STRENGTH_NONE;
}

/* Whether a reply code stands at "at": three digits, 200 to 599 without 3xx, and an end of word. */
static bool
is_code(const Text *text, size_t at)
{
    const char *c = text->bytes + at;
    size_t left = text->length - at;

    if (left < 3 || !g_ascii_isdigit(c[1]) || !g_ascii_isdigit(c[2]))
        return false;
    if (left == 3 || is_space(c[3]))
        return true;
    if (c[3] == '.')
        return left == 4 || !g_ascii_isalnum(c[4]);
    return c[3] != '\0' && strchr("-_:;,)]>\"'#!/=<([", c[3]) != NULL;
}

/* Where an enhanced code stands with the reply code that ends at "at": behind one space, hyphen or
 * mark or two. 0 when none does. */
static size_t
status_behind(const Text *text, size_t at)
{
    size_t end = MIN(text->length, at + 4);

    for (; at < end; at++) {
        if (status_length(text->bytes + at, text->length - at) > 0)
            return at;
        if (!is_space(text->bytes[at]) &&
            (text->bytes[at] == '\0' || strchr("-_#([<:/='", text->bytes[at]) == NULL))
            return 0;
    }
    return at < text->length && status_length(text->bytes + at, text->length - at) > 0 ? at : 0;
}

/* Weighs the reply code at "at" against the best so far; returns where to go on. */
static size_t
take_code(const Text *text, size_t at, Finding *finding)
{
    size_t status_at = status_behind(text, at + 3);
    Strength strength = strength_before(text, at);
    const char *code = text->bytes + at;
    size_t status = 0;
    size_t end = at + 3;

    /* AsyncOS quotes what the server said: "5.1.0 - Unknown address error 550-'5.1.1 …'". */
    if (strength == STRENGTH_NONE && text->length - at > 4 && code[3] == '-' && code[4] == '\'')
        strength = STRENGTH_WORD;
    if (status_at > 0) {
        status = status_length(text->bytes + status_at, text->length - status_at);
        end = status_at + status;
        if (strength > STRENGTH_NONE || code[0] == text->bytes[status_at])
            strength = STRENGTH_PLAIN;
    }
    /* Positive replies are of use only where a report says nothing else. */
    if (code[0] == '2' && (finding->code_strength > STRENGTH_NONE || strength < STRENGTH_PLAIN))
        return end;
    if (strength == STRENGTH_NONE || strength < finding->code_strength)
        return at + 3;
    if (finding->code_strength == STRENGTH_NONE || memcmp(finding->code, code, 3) != 0)
        finding->words_at = end;
    finding->code_strength = strength;
    memcpy(finding->code, code, 3);
    /* Of a multi-line reply some lines may lack the enhanced code; those of one value are one. */
    if (status > 0) {
        memcpy(finding->status, text->bytes + status_at, status);
        finding->status[status] = '\0';
    } else if (finding->words_at == end) {
        finding->status[0] = '\0';
    }
    return end;
}

/* Weighs an enhanced code that stands without a reply code; returns where to go on. */
static size_t
take_status(const Text *text, size_t at, size_t length, Finding *finding)
{
    const char *status = text->bytes + at;
    Strength strength = strength_before(text, at);
    char before = at > 0 ? text->bytes[at - 1] : (char)' ';

    /* Within a sentence, numbers of software versions look the same: only known subjects. */
    if (strength == STRENGTH_NONE && (is_space(before) || before == '_' || before == ',') &&
        status[0] != '2' && status[3] == '.' && status[2] < '8')
        strength = STRENGTH_WORD;
    if (before == ':' && strength == STRENGTH_NONE)
        strength = STRENGTH_WORD;
    if (strength != STRENGTH_NONE && strength >= finding->loose_strength) {
        finding->loose_strength = strength;
        finding->loose_end = at + length;
        memcpy(finding->loose_status, status, length);
        finding->loose_status[length] = '\0';
    }
    return at + length;
}

static bool
begins_number(const Text *text, size_t at)
{
    char before = at == 0 ? (char)' ' : text->bytes[at - 1];

    return !g_ascii_isalnum(before) && before != '.' && before != '@' && before != '/' &&
           before != '+';
}

static void
scan(const Text *text, Finding *finding)
{
    size_t at = 0;

    while (at < text->length) {
        char c = text->bytes[at];
        size_t status;

        /* The most frequent question of all. */
        if ((unsigned char)(c - '2') > 3 || c == '3' || !begins_number(text, at)) {
            at++;
            continue;
        }
        status = status_length(text->bytes + at, text->length - at);
        if (status > 0)
            at = take_status(text, at, status, finding);
        else if (is_code(text, at))
            at = take_code(text, at, finding);
        else
            at++;
    }
}

bool
heed_reply_read(const char *text, size_t length, HeedReply *out_reply)
{
    size_t type = heed_reply_type_length(text, length);
    const Text body = {text + type, length - type};
    Finding finding = {0};
    size_t words = 0;

    scan(&body, &finding);
    memset(out_reply, 0, sizeof(*out_reply));
    if (finding.code_strength > STRENGTH_NONE) {
        memcpy(out_reply->code, finding.code, sizeof(finding.code));
        words = finding.words_at;
    }
    if (finding.status[0] != '\0')
        memcpy(out_reply->status, finding.status, sizeof(finding.status));
    /* One that stands elsewhere belongs to the deciding code only if it is of its kind. */
    else if (finding.loose_strength > STRENGTH_NONE &&
             (finding.code[0] == '\0' || finding.code[0] == finding.loose_status[0]))
        memcpy(out_reply->status, finding.loose_status, sizeof(finding.loose_status));
    if (finding.code[0] == '\0' && finding.loose_strength > STRENGTH_NONE)
        words = finding.loose_end;
    while (words < body.length && body.bytes[words] != '\0' &&
           (is_space(body.bytes[words]) || strchr("-_:;,)]>", body.bytes[words]) != NULL))
        words++;
    out_reply->text = body.bytes + words;
    out_reply->length = body.length - words;
    return out_reply->code[0] != '\0' || out_reply->status[0] != '\0';
}
