/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_columns.h"

#include "parsers/log_member.h"

/* The value at the quote, to the quote behind which a comma or the line's end stands; doubled
 * quotes are one. Cuts it off the rest. */
static bool
take_quoted(HeedSpan *rest, GString *scratch, HeedSpan *out)
{
    size_t begin = scratch->len;
    HeedSpan text = heed_log_after(*rest, 1);
    bool copied = false;

    *out = text;
    for (;;) {
        const char *quote = text.length == 0 ? NULL : memchr(text.at, '"', text.length);
        size_t before;

        if (quote == NULL)
            return false;
        before = (size_t)(quote - text.at);
        *rest = heed_log_after(text, before + 1);
        if (!heed_log_starts(*rest, "\"")) {
            if (copied)
                g_string_append_len(scratch, text.at, (gssize)before);
            break;
        }
        g_string_append_len(scratch, text.at, (gssize)before + 1);
        copied = true;
        text = heed_log_after(*rest, 1);
    }
    *out = copied ? (HeedSpan){scratch->str + begin, scratch->len - begin}
                  : heed_log_span(out->at, rest->at - 1);
    return true;
}

bool
heed_log_row_read(HeedSpan line, GString *scratch, HeedLogRow *out)
{
    HeedSpan rest = line;

    for (out->count = 0; out->count < HEED_LIMIT_LOG_COLUMNS;) {
        HeedSpan value = {0};
        const char *comma;

        if (heed_log_starts(rest, "\"") && !take_quoted(&rest, scratch, &value))
            return false;
        comma = rest.length == 0 ? NULL : memchr(rest.at, ',', rest.length);
        if (value.at == NULL)
            value = heed_log_span(rest.at, comma == NULL ? rest.at + rest.length : comma);
        out->values[out->count++] = value;
        if (comma == NULL)
            break;
        rest = heed_log_span(comma + 1, rest.at + rest.length);
    }
    return true;
}

static HeedSpan
without_blanks(HeedSpan text)
{
    if (heed_log_starts(text, "\xEF\xBB\xBF"))
        text = heed_log_after(text, 3);
    while (text.length > 0 && text.at[0] == ' ')
        text = heed_log_after(text, 1);
    while (text.length > 0 && text.at[text.length - 1] == ' ')
        text.length--;
    return text;
}

void
heed_log_columns_set(HeedLogColumns *columns,
                     const HeedLogRow *header,
                     const char *const *names,
                     size_t count)
{
    columns->count = header->count;
    for (size_t i = 0; i < header->count; i++) {
        columns->names[i] = heed_log_name_index(without_blanks(header->values[i]), names, count);
        for (size_t before = 0; before < i; before++)
            if (columns->names[before] == columns->names[i])
                columns->names[i] = count;
    }
}

void
heed_log_columns_pick(const HeedLogColumns *columns,
                      const HeedLogRow *row,
                      HeedSpan *out_values,
                      size_t count)
{
    memset(out_values, 0, count * sizeof(*out_values));
    for (size_t i = 0; i < row->count && i < columns->count; i++)
        if (columns->names[i] < count)
            out_values[columns->names[i]] = row->values[i];
}
