/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/csv.h"

#include <string.h>

/* The place behind the quoted part whose opening quote stands before position; length when it never
 * ends. The part, its doubled quotes made one, is appended to out unless that is NULL. */
static size_t
skip_quoted(const char *bytes, size_t length, size_t position, GString *out, bool *out_closed)
{
    *out_closed = false;
    while (position < length) {
        const char *quote = memchr(bytes + position, '"', length - position);
        size_t end = quote == NULL ? length : (size_t)(quote - bytes);
        bool doubled = end + 1 < length && bytes[end + 1] == '"';

        if (out != NULL)
            g_string_append_len(out, bytes + position, (gssize)(end - position));
        if (quote == NULL)
            return length;
        if (!doubled) {
            *out_closed = true;
            return end + 1;
        }
        if (out != NULL)
            g_string_append_c(out, '"');
        position = end + 2;
    }
    return length;
}

static size_t
skip_spaces(const char *bytes, size_t length, size_t position)
{
    while (position < length && bytes[position] == ' ')
        position++;
    return position;
}

/* Where what stands before either of the characters ends. */
static size_t
skip_until(const char *bytes, size_t length, const char characters[2], size_t position)
{
    while (position < length && bytes[position] != characters[0] &&
           bytes[position] != characters[1])
        position++;
    return position;
}

size_t
heed_csv_record_length(const char *bytes, size_t length, char delimiter, char line_end)
{
    const char ends[] = {delimiter, line_end};
    size_t position = 0;

    while (position < length) {
        size_t start = skip_spaces(bytes, length, position);

        if (start < length && bytes[start] == '"') {
            bool closed;

            start = skip_quoted(bytes, length, start + 1, NULL, &closed);
            if (!closed)
                return 0;
        }
        position = skip_until(bytes, length, ends, start);
        if (position < length && bytes[position++] == line_end)
            break;
    }
    return position;
}

/* The end of the field at position of a record that has no line end but within quotes. */
static size_t
read_field(const char *record, size_t length, char delimiter, size_t position, GString *out)
{
    size_t start = skip_spaces(record, length, position);
    const char *end;
    size_t rest;

    if (start < length && record[start] == '"') {
        bool closed;

        position = skip_quoted(record, length, start + 1, out, &closed);
    }
    end = position < length ? memchr(record + position, delimiter, length - position) : NULL;
    rest = end == NULL ? length : (size_t)(end - record);
    if (out != NULL)
        g_string_append_len(out, record + position, (gssize)(rest - position));
    return rest;
}

bool
heed_csv_next_field(
    const char *record, size_t length, char delimiter, size_t *position, GString *out)
{
    /* One past the end means that the last field has been read: an empty record has one field. */
    if (*position > length)
        return false;
    if (out != NULL)
        g_string_truncate(out, 0);
    *position = read_field(record, length, delimiter, *position, out) + 1;
    return true;
}

static bool
needs_quotes(const char *value, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr(",\"\r\n", value[i]) != NULL)
            return true; /* a NUL too: strchr() finds the string's end */
    }
    return length > 0 && (value[0] == ' ' || value[length - 1] == ' ');
}

void
heed_csv_append(GString *out, const char *value, size_t length)
{
    if (!needs_quotes(value, length)) {
        g_string_append_len(out, value, (gssize)length);
        return;
    }
    g_string_append_c(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (value[i] == '"')
            g_string_append_c(out, '"');
        g_string_append_c(out, value[i]);
    }
    g_string_append_c(out, '"');
}
