/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/fields.h"

#include <string.h>

/* Longer names are text that happens to have a colon. */
#define NAME_LIMIT 80U

const char *
heed_line_end(const char *at, const char *end)
{
    size_t step = 128;

    /* In steps, so that text with one kind of line end is not searched for the other to its end. */
    while (at < end) {
        size_t length = MIN(step, (size_t)(end - at));
        const char *lf = memchr(at, '\n', length);
        const char *cr = memchr(at, '\r', lf == NULL ? length : (size_t)(lf - at));

        if (cr != NULL)
            return cr;
        if (lf != NULL)
            return lf;
        at += length;
        step *= 2;
    }
    return end;
}

const char *
heed_line_next(const char *at, const char *end)
{
    if (at < end && *at == '\r')
        at++;
    else if (at < end)
        return at + 1;
    return at < end && *at == '\n' ? at + 1 : at;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool
is_blank_line(const char *at, const char *line_end)
{
    while (at < line_end && is_blank(*at))
        at++;
    return at == line_end;
}

/* The length of the field name that this line begins with; 0 when it is no field. */
static size_t
name_length(const char *at, const char *line_end, size_t *out_colon)
{
    size_t most = MIN((size_t)(line_end - at), NAME_LIMIT);
    size_t length = 0;
    size_t colon;

    while (length < most && at[length] > ' ' && at[length] != ':' && at[length] < 0x7f)
        length++;
    for (colon = length; colon < most && is_blank(at[colon]); colon++)
        continue;
    if (length == 0 || colon == most || at[colon] != ':')
        return 0;
    *out_colon = colon;
    return length;
}

void
heed_fields_begin(HeedFieldCursor *cursor, const char *text, size_t length, bool header)
{
    cursor->at = text;
    cursor->end = text + length;
    cursor->header = header;
    cursor->in_group = false;
}

/*
 * Whether the line at `at` continues the field before it. A line of blanks alone ends a group, as
 * servers use it, unless what follows is indented.
 */
static bool
continues(const char *at, const char *line_end, const char *end, bool *out_indented)
{
    const char *next;
    size_t colon;

    *out_indented = at < line_end && is_blank(*at);
    if (at == line_end)
        return false;
    if (!*out_indented)
        return name_length(at, line_end, &colon) == 0;
    if (!is_blank_line(at, line_end))
        return true;
    next = heed_line_next(line_end, end);
    return next < end && is_blank(*next) && !is_blank_line(next, heed_line_end(next, end));
}

/* Takes the lines that continue the field, which so far ends at line_end. */
static void
take_continuation(HeedFieldCursor *cursor, const char *line_end, HeedField *field)
{
    bool strict = true;

    field->strict.length = (size_t)(line_end - field->strict.at);
    for (;;) {
        const char *at = heed_line_next(line_end, cursor->end);
        const char *next_end;
        bool indented;

        cursor->at = at;
        if (at >= cursor->end)
            break;
        next_end = heed_line_end(at, cursor->end);
        if (!continues(at, next_end, cursor->end, &indented))
            break;
        strict = strict && indented;
        line_end = next_end;
        if (strict)
            field->strict.length = (size_t)(line_end - field->strict.at);
    }
    field->value.length = (size_t)(line_end - field->value.at);
}

bool
heed_fields_next(HeedFieldCursor *cursor, HeedField *out_field)
{
    while (cursor->at < cursor->end) {
        const char *at = cursor->at;
        const char *line_end = heed_line_end(at, cursor->end);
        size_t colon = 0;
        size_t length = name_length(at, line_end, &colon);

        if (length > 0) {
            out_field->name = (HeedSpan){at, length};
            out_field->value = (HeedSpan){at + colon + 1, 0};
            out_field->strict = out_field->value;
            out_field->starts_group = !cursor->in_group;
            cursor->in_group = true;
            take_continuation(cursor, line_end, out_field);
            return true;
        }
        cursor->at = heed_line_next(line_end, cursor->end);
        if (is_blank_line(at, line_end)) {
            cursor->in_group = false;
            if (cursor->header)
                cursor->end = cursor->at;
        }
    }
    return false;
}

bool
heed_span_is(HeedSpan span, const char *text)
{
    return strlen(text) == span.length && g_ascii_strncasecmp(span.at, text, span.length) == 0;
}

bool
heed_span_starts(HeedSpan span, const char *text)
{
    size_t length = strlen(text);

    return span.length >= length && g_ascii_strncasecmp(span.at, text, length) == 0;
}

bool
heed_field_is(const HeedField *field, const char *name)
{
    return heed_span_is(field->name, name);
}

HeedSpan
heed_span_trim(HeedSpan span)
{
    while (span.length > 0 && g_ascii_isspace(*span.at)) {
        span.at++;
        span.length--;
    }
    while (span.length > 0 && g_ascii_isspace(span.at[span.length - 1]))
        span.length--;
    return span;
}

void
heed_field_unfold(HeedSpan value, GString *out)
{
    const char *at;
    const char *end;

    value = heed_span_trim(value);
    at = value.at;
    end = at + value.length;
    g_string_truncate(out, 0);
    while (at < end) {
        const char *line_end = heed_line_end(at, end);

        g_string_append_len(out, at, line_end - at);
        if (line_end == end)
            break;
        while (out->len > 0 && is_blank(out->str[out->len - 1]))
            g_string_truncate(out, out->len - 1);
        g_string_append_c(out, ' ');
        for (at = line_end; at < end && g_ascii_isspace(*at); at++)
            continue;
    }
}

static void
trim(GString *text)
{
    HeedSpan span = heed_span_trim((HeedSpan){text->str, text->len});

    g_string_truncate(text, (gsize)(span.at - text->str) + span.length);
    g_string_erase(text, 0, (gssize)(text->len - span.length));
}

void
heed_field_strip_comments(HeedSpan value, GString *out)
{
    unsigned depth = 0;
    bool quoted = false;
    gsize kept = 0;

    heed_field_unfold(value, out);
    for (gsize i = 0; i < out->len; i++) {
        char c = out->str[i];

        if (c == '\\' && i + 1 < out->len && (quoted || depth > 0)) {
            if (depth == 0) {
                out->str[kept++] = c;
                out->str[kept++] = out->str[i + 1];
            }
            i++;
            continue;
        }
        if (c == '"' && depth == 0)
            quoted = !quoted;
        if (c == '(' && !quoted)
            depth++;
        else if (c == ')' && !quoted && depth > 0)
            depth--;
        else if (depth == 0)
            out->str[kept++] = c;
    }
    g_string_truncate(out, kept);
    trim(out);
}
