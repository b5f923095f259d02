/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/mend.h"

#include "base/limits.h"
#include "parsers/fields.h"

#include <string.h>

/* How much is looked at to see how a message ends its lines. */
#define LINE_END_SAMPLE 4096U

void
heed_mended_clear(HeedMended *mended)
{
    if (mended->owned != NULL)
        g_string_free(mended->owned, TRUE);
    mended->owned = NULL;
}

static bool
is_mbox_line(HeedSpan line)
{
    return (line.length > 5 && memcmp(line.at, "From ", 5) == 0) ||
           (line.length > 6 && memcmp(line.at, ">From ", 6) == 0);
}

/* Skips what may stand in front of a message: a byte order mark, blank lines, "From " lines. */
static void
skip_front(HeedMended *mended)
{
    const char *at = mended->bytes;
    const char *end = at + mended->length;

    if (end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    for (;;) {
        const char *line_end = heed_line_end(at, end);
        HeedSpan line = {at, (size_t)(line_end - at)};

        if (line_end == end)
            break;
        if (heed_span_trim(line).length > 0 && !is_mbox_line(line))
            break;
        at = heed_line_next(line_end, end);
    }
    mended->length = (size_t)(end - at);
    mended->bytes = at;
}

/* Whether lines end with CR, or with several before the LF, rather than with LF or CRLF. */
static bool
has_bare_cr_lines(const HeedMended *mended)
{
    size_t sample = MIN(mended->length, LINE_END_SAMPLE);
    size_t bare = 0;
    size_t proper = 0;

    if (memchr(mended->bytes, '\r', sample) == NULL)
        return false;
    for (size_t i = 0; i < sample; i++) {
        if (mended->bytes[i] == '\n')
            proper++;
        else if (mended->bytes[i] == '\r' && i + 1 < sample && mended->bytes[i + 1] != '\n')
            bare++;
    }
    return bare > 0 && bare >= proper;
}

/* CR, CRLF and CRCRLF become LF. */
static void
mend_line_ends(HeedMended *mended)
{
    GString *out = g_string_sized_new(mended->length);

    for (size_t i = 0; i < mended->length; i++) {
        char c = mended->bytes[i];

        if (c == '\r') {
            while (i + 2 < mended->length && mended->bytes[i + 1] == '\r' &&
                   mended->bytes[i + 2] == '\n')
                i++;
            if (i + 1 < mended->length && mended->bytes[i + 1] == '\n')
                i++;
            c = '\n';
        }
        g_string_append_c(out, c);
    }
    heed_mended_clear(mended);
    mended->owned = out;
    mended->bytes = out->str;
    mended->length = out->len;
}

/* The walk over the lines of a large message that cuts what is too long. */
typedef struct Cutter {
    const HeedMended *source;
    GString *out;       /* NULL until something is cut */
    const char *copied; /* everything before this is in out, or cut */
    size_t field;       /* bytes of the field that the line belongs to */
    size_t block;       /* bytes of the run of fields that the line belongs to */
    size_t fields;      /* so far */
} Cutter;

static void
cut(Cutter *cutter, const char *from, const char *to)
{
    if (cutter->out == NULL)
        cutter->out = g_string_sized_new(cutter->source->length);
    if (from > cutter->copied)
        g_string_append_len(cutter->out, cutter->copied, from - cutter->copied);
    cutter->copied = to;
}

/* Whether GMime may take the line for a field: more lenient than our own reader, which knows a
 * limit to a name and what is in front of its colon. */
static bool
is_field_line(const char *at, const char *line_end)
{
    const char *c = at;

    while (c < line_end && (guchar)*c > ' ' && *c != ':')
        c++;
    if (c == at)
        return false;
    while (c < line_end && (*c == ' ' || *c == '\t'))
        c++;
    return c < line_end && *c == ':';
}

/* One line; `next` is behind its line end. */
static void
limit_line(Cutter *cutter, const char *at, const char *line_end, const char *next)
{
    size_t length = (size_t)(next - at);
    size_t before = cutter->field;

    if (line_end > at && (*at == ' ' || *at == '\t') && cutter->field > 0) {
        cutter->field += length;
    } else if (is_field_line(at, line_end)) {
        cutter->field = length;
        cutter->fields++;
        before = 0;
    } else {
        cutter->field = 0;
        cutter->block = 0;
        return;
    }
    cutter->block += length;
    if (cutter->fields > HEED_LIMIT_HEADER_FIELDS || cutter->block > HEED_LIMIT_HEADER_BYTES ||
        before > HEED_LIMIT_HEADER_FIELD_BYTES)
        cut(cutter, at, next);
    else if (cutter->field > HEED_LIMIT_HEADER_FIELD_BYTES)
        cut(cutter, MIN(at + (HEED_LIMIT_HEADER_FIELD_BYTES - before), line_end), line_end);
}

/*
 * A field or a run of fields is cut wherever in the message it stands: whether lines are a header
 * is known only to the one who parses them, and what is cut of a body this way is of no use to us.
 * Lines end here with LF, as they do for GMime, whom this protects.
 */
static void
limit_fields(HeedMended *mended, HeedReport *report)
{
    Cutter cutter = {.source = mended, .copied = mended->bytes};
    const char *end = mended->bytes + mended->length;
    const char *at = mended->bytes;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline == NULL ? end : newline;
        const char *next = newline == NULL ? end : newline + 1;

        limit_line(&cutter, at, line_end, next);
        at = next;
    }
    if (cutter.out == NULL)
        return;
    cut(&cutter, end, end);
    heed_mended_clear(mended);
    mended->owned = cutter.out;
    mended->bytes = cutter.out->str;
    mended->length = cutter.out->len;
    heed_report_warn(report, "header fields were too long or too many and have been cut");
}

/* Cuts the message where it has more parts than it is worth to take apart. */
static void
limit_delimiters(HeedMended *mended, HeedReport *report)
{
    const char *end = mended->bytes + mended->length;
    const char *at = mended->bytes;
    unsigned count = 0;

    while (end - at > 2) {
        const char *newline;

        if (at[0] == '-' && at[1] == '-' && ++count > HEED_LIMIT_MIME_DELIMITERS) {
            mended->length = (size_t)(at - mended->bytes);
            heed_report_warn(report, "it has too many parts, its end is not read");
            return;
        }
        newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL)
            return;
        at = newline + 1;
    }
}

void
heed_mend(const char *bytes, size_t length, HeedReport *report, HeedMended *out)
{
    *out = (HeedMended){.bytes = length == 0 ? "" : bytes, .length = length};
    if (length > HEED_LIMIT_MESSAGE_BYTES) {
        out->length = HEED_LIMIT_MESSAGE_BYTES;
        heed_report_warn(report, "the message was longer than is read, its end is missing");
    }
    skip_front(out);
    if (has_bare_cr_lines(out)) {
        mend_line_ends(out);
        heed_report_warn(report, "lines end with CR alone");
    }
    /* Nothing in a smaller message can be too long or too much. */
    if (out->length <= HEED_LIMIT_HEADER_FIELD_BYTES)
        return;
    limit_fields(out, report);
    limit_delimiters(out, report);
}
