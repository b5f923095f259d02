/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_lines.h"

#include <string.h>

#include "base/limits.h"

/* The longest line, its end, and room to read in larger pieces than lines are. */
#define BUFFER_BYTES (HEED_LIMIT_LOG_LINE_BYTES + 256U * 1024)

struct HeedLogLines {
    HeedLogBytes *bytes;
    uint64_t position; /* of what is at `at` */
    size_t at;
    size_t filled;
    bool at_end;
    char *buffer;
};

HeedLogLines *
heed_log_lines_new(HeedLogBytes *bytes)
{
    HeedLogLines *lines = g_new0(HeedLogLines, 1);

    lines->bytes = bytes;
    lines->buffer = g_malloc(BUFFER_BYTES);
    return lines;
}

void
heed_log_lines_free(HeedLogLines *lines)
{
    if (lines == NULL)
        return;
    g_free(lines->buffer);
    g_free(lines);
}

/* More bytes behind those that are there; none: the end. */
static bool
fill(HeedLogLines *lines, GError **error)
{
    size_t got;

    if (lines->at > 0) {
        lines->filled -= lines->at;
        memmove(lines->buffer, lines->buffer + lines->at, lines->filled);
        lines->at = 0;
    }
    if (!heed_log_bytes_read(lines->bytes, lines->buffer + lines->filled,
                             BUFFER_BYTES - lines->filled, &got, error))
        return false;
    lines->filled += got;
    lines->at_end = got == 0;
    return true;
}

bool
heed_log_lines_peek(HeedLogLines *lines, void *out, size_t size, size_t *out_length, GError **error)
{
    while (!lines->at_end && lines->filled < size)
        if (!fill(lines, error))
            return false;
    *out_length = MIN(lines->filled, size);
    memcpy(out, lines->buffer, *out_length);
    /* A file that is being written has more the next time. */
    lines->at_end = false;
    return true;
}

static void
take(HeedLogLines *lines, size_t count)
{
    lines->at += count;
    lines->position += count;
}

bool
heed_log_lines_skip_to(HeedLogLines *lines, uint64_t position, uint64_t *out_end, GError **error)
{
    uint64_t reached = position;

    if (position > lines->position + (lines->filled - lines->at) &&
        heed_log_bytes_skip_to(lines->bytes, &reached)) {
        lines->at = lines->filled = 0;
        lines->position = reached;
    }
    while (lines->position < position) {
        if (lines->at == lines->filled && !fill(lines, error))
            return false;
        if (lines->at == lines->filled)
            break;
        take(lines, (size_t)MIN(position - lines->position, lines->filled - lines->at));
    }
    *out_end = lines->position;
    return lines->position == position;
}

/* Passes over a line that does not fit, as far as there is one. */
static HeedLogLineKind
skip_line(HeedLogLines *lines, HeedLogLineRead *out, GError **error)
{
    const char *end = NULL;

    while (end == NULL) {
        end = memchr(lines->buffer + lines->at, '\n', lines->filled - lines->at);
        take(lines, end != NULL ? (size_t)(end + 1 - (lines->buffer + lines->at))
                                : lines->filled - lines->at);
        if (end == NULL && !fill(lines, error))
            return HEED_LOG_LINE_ERROR;
        if (end == NULL && lines->at_end)
            break;
    }
    out->end = lines->position;
    return HEED_LOG_LINE_LONG;
}

HeedLogLineKind
heed_log_lines_next(HeedLogLines *lines, HeedLogLineRead *out, GError **error)
{
    size_t searched = 0;

    out->begin = lines->position;
    for (;;) {
        const char *at = lines->buffer + lines->at;
        size_t there = lines->filled - lines->at;
        const char *end = there > searched ? memchr(at + searched, '\n', there - searched) : NULL;

        if (end != NULL && (size_t)(end - at) <= HEED_LIMIT_LOG_LINE_BYTES) {
            out->at = at;
            out->length = (size_t)(end - at);
            take(lines, out->length + 1);
            out->end = lines->position;
            return HEED_LOG_LINE_WHOLE;
        }
        if (end != NULL || there > HEED_LIMIT_LOG_LINE_BYTES)
            return skip_line(lines, out, error);
        searched = there;
        if (!fill(lines, error))
            return HEED_LOG_LINE_ERROR;
        if (lines->at_end)
            break;
    }
    out->at = lines->buffer + lines->at;
    out->length = lines->filled - lines->at;
    out->end = lines->position + out->length;
    return out->length > 0 ? HEED_LOG_LINE_OPEN : HEED_LOG_LINE_NONE;
}
