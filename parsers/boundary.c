/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/boundary.h"

/* RFC 2046 5.1.1: a boundary has at most 70 characters. */
#define BOUNDARY_LIMIT 70U

/* How far into the body the first delimiter is looked for. */
#define SEARCH_LINES 500U

/* Whether the lines at `at` begin with a Content- field, as a part's header does. */
static bool
begins_part(const char *at, const char *end)
{
    HeedSpan rest = {at, (size_t)(end - at)};

    return heed_span_starts(rest, "content-");
}

static bool
is_boundary(HeedSpan text)
{
    if (text.length == 0 || text.length > BOUNDARY_LIMIT)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] < ' ' || text.at[i] > '~' || text.at[i] == '"' || text.at[i] == '\\')
            return false;
    return true;
}

/* Whether the line belongs to the header of a message that a notice returns: delimiters behind it
 * are that message's. */
static bool
is_of_returned_message(HeedSpan line)
{
    return heed_span_starts(line, "content-") || heed_span_starts(line, "mime-version:") ||
           heed_span_starts(line, "received:") || heed_span_starts(line, "return-path:");
}

static bool
find_boundary(HeedSpan body, bool is_multipart, HeedSpan *out_boundary)
{
    const char *at = body.at;
    const char *end = at + body.length;

    for (size_t line = 0; at < end && line < SEARCH_LINES; line++) {
        const char *line_end = heed_line_end(at, end);
        const char *next = heed_line_next(line_end, end);
        HeedSpan text = heed_span_trim((HeedSpan){at, (size_t)(line_end - at)});

        if (text.length > 2 && text.at == at && at[0] == '-' && at[1] == '-' &&
            begins_part(next, end)) {
            *out_boundary = (HeedSpan){text.at + 2, text.length - 2};
            return is_boundary(*out_boundary);
        }
        if (!is_multipart && is_of_returned_message(text))
            return false;
        at = next;
    }
    return false;
}

GString *
heed_boundary_guess(HeedSpan body, GMimeContentType *type)
{
    HeedSpan boundary;
    GString *message;
    const char *report_type;
    bool is_multipart = type != NULL && g_mime_content_type_is_type(type, "multipart", "*");

    if (!find_boundary(body, is_multipart, &boundary))
        return NULL;
    message = g_string_sized_new(body.length + 256);
    if (is_multipart) {
        report_type = g_mime_content_type_get_parameter(type, "report-type");
        g_string_append_printf(message, "Content-Type: multipart/%s; ",
                               g_mime_content_type_get_media_subtype(type));
        if (report_type != NULL && is_boundary((HeedSpan){report_type, strlen(report_type)}))
            g_string_append_printf(message, "report-type=\"%s\"; ", report_type);
    } else {
        g_string_append(message, "Content-Type: multipart/mixed; ");
    }
    g_string_append_printf(message, "boundary=\"%.*s\"\n\n", (int)boundary.length, boundary.at);
    g_string_append_len(message, body.at, (gssize)body.length);
    return message;
}
