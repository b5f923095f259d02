/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/template.h"

#include <string.h>

/* Longer lines are no lines that a mail system wrote; what is behind is not matched. */
#define LINE_LIMIT 4096U

/* As much of a line as can be one address, and so much again in brackets. */
#define TOKEN_LIMIT 330U

typedef size_t (*Take)(HeedSpan text, HeedSpan *out_token);

/* g_ascii_tolower() is a call into another library, for each byte of each line of each template. */
static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* How many bytes at the beginning are among these, or are not. */
static size_t
span_of(HeedSpan text, const char *set, bool among)
{
    size_t most = MIN(text.length, TOKEN_LIMIT);
    size_t length = 0;

    while (length < most &&
           (text.at[length] != '\0' && strchr(set, text.at[length]) != NULL) == among)
        length++;
    return length;
}

static bool
is_address(HeedSpan token)
{
    const char *at = memchr(token.at, '@', token.length);

    return at != NULL && at > token.at && at < token.at + token.length - 1;
}

/* Within <> or "": all up to the closing one. */
static size_t
take_enclosed_address(HeedSpan text, HeedSpan *out_token)
{
    const char close[2] = {text.at[0] == '<' ? '>' : '"', '\0'};
    HeedSpan rest = {text.at + 1, text.length - 1};
    size_t length = span_of(rest, close, false);

    if (length == rest.length || rest.at[length] != close[0])
        return 0;
    *out_token = heed_span_trim((HeedSpan){rest.at, length});
    return is_address(*out_token) ? length + 2 : 0;
}

static size_t
take_address(HeedSpan text, HeedSpan *out_token)
{
    size_t length;

    if (text.length == 0)
        return 0;
    if (text.at[0] == '<' || text.at[0] == '"')
        return take_enclosed_address(text, out_token);
    length = span_of(text, " \t<>\"(),;:[]|", false);
    while (length > 0 && strchr(".'!?*", text.at[length - 1]) != NULL)
        length--;
    *out_token = (HeedSpan){text.at, length};
    return is_address(*out_token) ? length : 0;
}

static size_t
take_local(HeedSpan text, HeedSpan *out_token)
{
    size_t length = span_of(text, " \t<>\"(),;:[]|@", false);

    if (length == 0 || (length < text.length && text.at[length] == '@'))
        return 0;
    *out_token = (HeedSpan){text.at, length};
    return length;
}

#define HOST_BYTES \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:" /* ":" of IPv6 */

static size_t
take_host(HeedSpan text, HeedSpan *out_token)
{
    bool enclosed = text.length > 0 && text.at[0] == '[';
    HeedSpan rest = {text.at + (enclosed ? 1 : 0), text.length - (enclosed ? 1 : 0)};
    size_t length = span_of(rest, HOST_BYTES, true);
    size_t taken = length;

    if (enclosed && (length == rest.length || rest.at[length] != ']'))
        return 0;
    while (length > 0 && strchr(".:", rest.at[length - 1]) != NULL)
        length--;
    if (length == 0)
        return 0;
    *out_token = (HeedSpan){rest.at, length};
    if (enclosed)
        return taken + 2;
    /* The dot of a complete name is part of it, a colon behind is not. */
    return length < taken && rest.at[length] == '.' ? length + 1 : length;
}

static size_t
take_digits(HeedSpan text, HeedSpan *out_token)
{
    *out_token = (HeedSpan){text.at, span_of(text, "0123456789", true)};
    return out_token->length;
}

static size_t
take_code(HeedSpan text, HeedSpan *out_token)
{
    size_t length = take_digits(text, out_token);

    return length == 3 && strchr("245", text.at[0]) != NULL ? length : 0;
}

static size_t
take_status(HeedSpan text, HeedSpan *out_token)
{
    size_t length = span_of(text, "0123456789.", true);
    unsigned dots = 0;

    while (length > 0 && text.at[length - 1] == '.')
        length--;
    for (size_t i = 0; i < length; i++)
        dots += text.at[i] == '.' ? 1 : 0;
    *out_token = (HeedSpan){text.at, length};
    return dots == 2 && strchr("245", text.at[0]) != NULL && text.at[1] == '.' ? length : 0;
}

/* Sorted by what is most used. Any text has no function; {*} and {n} are not kept. */
static const struct Placeholder {
    const char *name;
    Take take;
    size_t offset;
    bool kept;
} placeholders[] = {
    {"{*}", NULL, 0, false},
    {"{address}", take_address, offsetof(HeedTemplateMatch, address), true},
    {"{reply}", NULL, offsetof(HeedTemplateMatch, reply), true},
    {"{host}", take_host, offsetof(HeedTemplateMatch, host), true},
    {"{status}", take_status, offsetof(HeedTemplateMatch, status), true},
    {"{code}", take_code, offsetof(HeedTemplateMatch, code), true},
    {"{n}", take_digits, 0, false},
    {"{original}", take_address, offsetof(HeedTemplateMatch, original), true},
    {"{local}", take_local, offsetof(HeedTemplateMatch, local), true},
    {"{subject}", NULL, offsetof(HeedTemplateMatch, subject), true},
};

static const struct Placeholder *
find_placeholder(const char *at)
{
    for (size_t i = 0; i < G_N_ELEMENTS(placeholders); i++)
        if (strncmp(at, placeholders[i].name, strlen(placeholders[i].name)) == 0)
            return &placeholders[i];
    return NULL;
}

bool
heed_template_is_valid(const char *pattern)
{
    for (const char *c = pattern; *c != '\0'; c++) {
        if (*c == '}')
            return false;
        if (*c == '{') {
            const struct Placeholder *placeholder = find_placeholder(c);

            if (placeholder == NULL)
                return false;
            c += strlen(placeholder->name) - 1;
        }
    }
    return pattern[0] != '\0';
}

/* Where in the template and in the line matching stands, and the text of any length that may still
 * grow. */
typedef struct Position {
    const char *pattern;
    const char *at;
    const char *end;
    const char *wild_pattern; /* behind the placeholder; NULL: there was none yet */
    const char *wild_begin;
    const char *wild_end;
    const struct Placeholder *wild;
    HeedTemplateMatch match;
} Position;

static void
keep(Position *position, const struct Placeholder *placeholder, HeedSpan token)
{
    if (placeholder->kept)
        *(HeedSpan *)((char *)&position->match + placeholder->offset) = token;
}

/* Takes the placeholder that stands next in the template; false when the line does not have it. */
static bool
step_placeholder(Position *position)
{
    const struct Placeholder *placeholder = find_placeholder(position->pattern);
    HeedSpan token = {position->at, 0};
    size_t length;

    if (placeholder == NULL)
        return false;
    if (placeholder->take == NULL) {
        position->pattern += strlen(placeholder->name);
        position->wild_pattern = position->pattern;
        position->wild_begin = position->wild_end = position->at;
        position->wild = placeholder;
        if (*position->pattern == '\0')
            position->wild_end = position->at = position->end;
        keep(position, placeholder,
             (HeedSpan){position->wild_begin, (size_t)(position->wild_end - position->wild_begin)});
        return true;
    }
    length =
        placeholder->take((HeedSpan){position->at, (size_t)(position->end - position->at)}, &token);
    if (length == 0)
        return false;
    keep(position, placeholder, token);
    position->at += length;
    position->pattern += strlen(placeholder->name);
    return true;
}

static bool
step(Position *position)
{
    char wanted = *position->pattern;

    if (wanted == '{')
        return step_placeholder(position);
    if (position->at == position->end)
        return false;
    if (wanted == ' ') {
        if (!is_blank(*position->at))
            return false;
        while (position->at < position->end && is_blank(*position->at))
            position->at++;
        position->pattern++;
        return true;
    }
    if (lower(*position->at) != lower(wanted))
        return false;
    position->at++;
    position->pattern++;
    return true;
}

/* Lets the last text of any length grow by one byte, or as far as the byte that must follow. */
static bool
grow(Position *position)
{
    char wanted;

    if (position->wild_pattern == NULL || position->wild_end >= position->end)
        return false;
    position->wild_end++;
    wanted = lower(*position->wild_pattern);
    while (wanted != '{' && wanted != ' ' && position->wild_end < position->end &&
           lower(*position->wild_end) != wanted)
        position->wild_end++;
    keep(position, position->wild,
         (HeedSpan){position->wild_begin, (size_t)(position->wild_end - position->wild_begin)});
    position->at = position->wild_end;
    position->pattern = position->wild_pattern;
    return true;
}

/* Whether the line can match at all: what the template asks of its beginning. Takes the marks off
 * the template and the blanks off the line. */
static bool
may_match(const char **pattern, HeedSpan *line, bool *out_whole)
{
    const char *t = *pattern;
    bool indented = line->length > 0 && is_blank(line->at[0]);

    if ((*t == ' ' && !indented) || (*t == '^' && indented))
        return false;
    t += *t == ' ' || *t == '^' ? 1 : 0;
    *out_whole = *t == '=';
    t += *out_whole ? 1 : 0;
    while (line->length > 0 && is_blank(line->at[0])) {
        line->at++;
        line->length--;
    }
    *pattern = t;
    return *t == '{' || *t == ' ' || (line->length > 0 && lower(line->at[0]) == lower(*t));
}

bool
heed_template_match(const char *pattern, HeedSpan line, HeedTemplateMatch *out)
{
    Position position;
    bool whole;

    line.length = MIN(line.length, LINE_LIMIT);
    if (!may_match(&pattern, &line, &whole))
        return false;
    while (line.length > 0 && g_ascii_isspace(line.at[line.length - 1]))
        line.length--;
    position = (Position){.pattern = pattern, .at = line.at, .end = line.at + line.length};
    for (;;) {
        if (*position.pattern == '\0' && position.at == position.end)
            break;
        if ((*position.pattern == '\0' || !step(&position)) && !grow(&position))
            return false;
    }
    if (whole)
        position.match.reply = line;
    if (out != NULL)
        *out = position.match;
    return true;
}

const char *
heed_template_match_any(const char *const *templates, HeedSpan line, HeedTemplateMatch *out)
{
    for (size_t i = 0; templates != NULL && templates[i] != NULL; i++)
        if (heed_template_match(templates[i], line, out))
            return templates[i];
    return NULL;
}
