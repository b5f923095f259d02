/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_json.h"

#include "parsers/log_reading.h"

static void
skip_blanks(HeedSpan *rest)
{
    while (rest->length > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        *rest = heed_log_after(*rest, 1);
}

bool
heed_log_json_open(HeedSpan text, HeedLogJsonWalk *out_walk)
{
    skip_blanks(&text);
    if (!heed_log_starts(text, "{") && !heed_log_starts(text, "["))
        return false;
    *out_walk =
        (HeedLogJsonWalk){.rest = heed_log_after(text, 1), .close = text.at[0] == '{' ? '}' : ']'};
    return true;
}

/* The string at the quote, without its quotes; false where it does not end. */
static bool
take_string(HeedSpan *rest, HeedSpan *out)
{
    const char *end = rest->at + rest->length;
    const char *at = rest->at + 1;

    for (; at < end && *at != '"'; at++) {
        if ((unsigned char)*at < ' ')
            return false;
        if (*at == '\\')
            at++;
    }
    if (at >= end)
        return false;
    *out = heed_log_span(rest->at + 1, at);
    *rest = heed_log_span(at + 1, end);
    return true;
}

/* The object or array at the bracket. Its brackets are counted, not matched by kind. */
static bool
take_nested(HeedSpan *rest, HeedSpan *out)
{
    HeedSpan text = *rest;
    size_t depth = 0;

    while (rest->length > 0) {
        char c = rest->at[0];
        HeedSpan string;

        if (c == '"') {
            if (!take_string(rest, &string))
                return false;
            continue;
        }
        *rest = heed_log_after(*rest, 1);
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            break;
    }
    *out = heed_log_span(text.at, rest->at);
    return depth == 0;
}

/* A number, or a word: whatever has only bytes that these have. */
static bool
take_bare(HeedSpan *rest, HeedLogJsonMember *member)
{
    size_t length = 0;

    while (length < rest->length && (g_ascii_isalnum(rest->at[length]) || rest->at[length] == '-' ||
                                     rest->at[length] == '+' || rest->at[length] == '.'))
        length++;
    member->text = heed_log_span(rest->at, rest->at + length);
    member->kind =
        length > 0 && g_ascii_isalpha(rest->at[0]) ? HEED_LOG_JSON_WORD : HEED_LOG_JSON_NUMBER;
    *rest = heed_log_after(*rest, length);
    return length > 0;
}

static bool
take_value(HeedSpan *rest, HeedLogJsonMember *member)
{
    skip_blanks(rest);
    if (rest->length == 0)
        return false;
    switch (rest->at[0]) {
    case '"':
        member->kind = HEED_LOG_JSON_STRING;
        return take_string(rest, &member->text);
    case '{':
        member->kind = HEED_LOG_JSON_OBJECT;
        return take_nested(rest, &member->text);
    case '[':
        member->kind = HEED_LOG_JSON_ARRAY;
        return take_nested(rest, &member->text);
    default:
        return take_bare(rest, member);
    }
}

static bool
take_name(HeedSpan *rest, HeedSpan *out)
{
    if (!heed_log_starts(*rest, "\"") || !take_string(rest, out))
        return false;
    skip_blanks(rest);
    if (!heed_log_starts(*rest, ":"))
        return false;
    *rest = heed_log_after(*rest, 1);
    return true;
}

/* Nothing but blanks is left: the same for a walk over a whole line and over one of its values. */
static bool
at_end(HeedLogJsonWalk *walk)
{
    walk->rest = heed_log_after(walk->rest, 1);
    walk->close = '\0';
    skip_blanks(&walk->rest);
    walk->bad = walk->rest.length > 0;
    return false;
}

bool
heed_log_json_next(HeedLogJsonWalk *walk, HeedLogJsonMember *out_member)
{
    HeedLogJsonMember member = {0};

    if (walk->close == '\0' || walk->bad)
        return false;
    skip_blanks(&walk->rest);
    if (walk->rest.length > 0 && walk->rest.at[0] == walk->close)
        return at_end(walk);
    walk->bad = (walk->close == '}' && !take_name(&walk->rest, &member.name)) ||
                !take_value(&walk->rest, &member);
    if (walk->bad)
        return false;
    skip_blanks(&walk->rest);
    if (heed_log_starts(walk->rest, ","))
        walk->rest = heed_log_after(walk->rest, 1);
    else if (walk->rest.length == 0 || walk->rest.at[0] != walk->close)
        walk->bad = true;
    *out_member = member;
    return true;
}

/* Four hexadecimal digits; -1 for none. */
static int
hexadecimal(HeedSpan text)
{
    int value = 0;

    if (text.length < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        if (!g_ascii_isxdigit(text.at[i]))
            return -1;
        value = value * 16 + g_ascii_xdigit_value(text.at[i]);
    }
    return value;
}

/* "uXXXX", or two of them for what is beyond the basic plane; returns how many bytes they take. */
static size_t
append_unicode(GString *scratch, HeedSpan text)
{
    int unit = hexadecimal(heed_log_after(text, 1));
    gunichar character = unit < 0 ? ' ' : (gunichar)unit;
    size_t used = unit < 0 ? 1 : 5;

    if (unit >= 0xD800 && unit <= 0xDBFF && text.length >= 11 && text.at[5] == '\\' &&
        text.at[6] == 'u') {
        int low = hexadecimal(heed_log_after(text, 7));

        if (low >= 0xDC00 && low <= 0xDFFF) {
            character = 0x10000 + (((gunichar)unit - 0xD800) << 10) + ((gunichar)low - 0xDC00);
            used = 11;
        }
    }
    if (character == 0 || character == '\n' || character == '\r' ||
        (character >= 0xD800 && character <= 0xDFFF))
        character = ' ';
    g_string_append_unichar(scratch, character);
    return used;
}

HeedSpan
heed_log_json_text(const HeedLogJsonMember *member, GString *scratch)
{
    HeedSpan rest = member->text;
    size_t begin = scratch->len;

    if (rest.length == 0 || memchr(rest.at, '\\', rest.length) == NULL)
        return rest;
    while (rest.length > 0) {
        size_t used = 1;

        if (rest.at[0] != '\\' || rest.length == 1) {
            g_string_append_c(scratch, rest.at[0]);
        } else if (rest.at[1] == 'u') {
            used += append_unicode(scratch, heed_log_after(rest, 1));
        } else {
            g_string_append_c(scratch, strchr("nrbft", rest.at[1]) != NULL ? ' ' : rest.at[1]);
            used = 2;
        }
        rest = heed_log_after(rest, used);
    }
    return (HeedSpan){scratch->str + begin, scratch->len - begin};
}
