/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "suppress/csv.h"
#include "suppress/list.h"
#include "suppress/list_bytes.h"

#include <string.h>

/* Many records at a time; moving the last of them to the front is then a small part of the work. */
G_STATIC_ASSERT(HEED_LIST_BUFFER_BYTES >= 4 * HEED_LIMIT_LIST_LINE_BYTES);

struct HeedListReader {
    HeedListBytes *bytes; /* owned */
    char *buffer;         /* owned */
    size_t start;         /* of what has not been given out */
    size_t end;
    uint64_t line; /* of start, from 1 */
    char line_end; /* "\n"; or "\r", in a list whose beginning has no other */
    bool at_end;   /* of the file */
    bool skipping; /* the rest of a line that was too long */
};

HeedListReader *
heed_list_reader_new(FILE *file)
{
    HeedListReader *reader = g_new0(HeedListReader, 1);

    reader->bytes = heed_list_bytes_new(file);
    reader->buffer = g_malloc(HEED_LIST_BUFFER_BYTES);
    reader->line = 1;
    reader->line_end = '\n';
    return reader;
}

void
heed_list_reader_free(HeedListReader *reader)
{
    if (reader == NULL)
        return;
    heed_list_bytes_free(reader->bytes);
    g_free(reader->buffer);
    g_free(reader);
}

bool
heed_list_reader_has_more(const HeedListReader *reader)
{
    return !reader->skipping &&
           (reader->at_end || reader->end - reader->start > HEED_LIMIT_LIST_LINE_BYTES);
}

char *
heed_list_reader_exchange(HeedListReader *reader, char *buffer)
{
    char *old = reader->buffer;

    memcpy(buffer, old + reader->start, reader->end - reader->start);
    reader->buffer = buffer;
    reader->end -= reader->start;
    reader->start = 0;
    return old;
}

/* Has the longest record there may be in the buffer, or all that is left. */
static bool
fill(HeedListReader *reader, GError **error)
{
    size_t length;

    if (reader->at_end || reader->end - reader->start > HEED_LIMIT_LIST_LINE_BYTES)
        return true;
    memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    if (!heed_list_bytes_read(reader->bytes, reader->buffer + reader->end,
                              HEED_LIST_BUFFER_BYTES - reader->end, &length, error))
        return false;
    reader->end += length;
    reader->at_end = reader->end < HEED_LIST_BUFFER_BYTES;
    return true;
}

/* Old programs end lines with "\r" alone. Where there is a "\n", it is part of the end, or of a
 * line. */
static char
find_line_end(const char *bytes, size_t length)
{
    bool is_old = memchr(bytes, '\n', length) == NULL && memchr(bytes, '\r', length) != NULL;

    return is_old ? '\r' : '\n';
}

/* The name of an encoding that is not read, by its mark or, without one, by its first letters;
 * NULL: none of these. */
static const char *
foreign_encoding(const char *bytes, size_t length)
{
    if (length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
        return "UTF-16";
    if (length < 4)
        return NULL;
    if (bytes[0] != '\0' && bytes[1] == '\0' && bytes[2] != '\0' && bytes[3] == '\0')
        return "UTF-16LE";
    if (bytes[0] == '\0' && bytes[1] != '\0' && bytes[2] == '\0' && bytes[3] != '\0')
        return "UTF-16BE";
    return NULL;
}

bool
heed_list_reader_begin(HeedListReader *reader, bool *out_marked, GError **error)
{
    const char *encoding;
    const char *bytes;
    size_t length;

    if (!fill(reader, error))
        return false;
    bytes = reader->buffer + reader->start;
    length = reader->end - reader->start;
    encoding = foreign_encoding(bytes, length);
    if (encoding != NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "the list is UTF-16; convert it to UTF-8 first (iconv -f %s -t UTF-8)",
                    encoding);
        return false;
    }
    *out_marked = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0;
    if (*out_marked)
        reader->start += 3;
    reader->line_end = find_line_end(bytes, length);
    return true;
}

/* Leaves out what remains of a line that was too long. */
static bool
skip_rest_of_line(HeedListReader *reader, GError **error)
{
    while (reader->skipping) {
        char *line_end;

        if (!fill(reader, error))
            return false;
        line_end =
            memchr(reader->buffer + reader->start, reader->line_end, reader->end - reader->start);
        reader->skipping = line_end == NULL && !reader->at_end;
        reader->start = line_end == NULL ? reader->end : (size_t)(line_end + 1 - reader->buffer);
        reader->line += line_end != NULL;
    }
    return true;
}

static size_t
without_line_end(const char *bytes, size_t length)
{
    if (length > 0 && bytes[length - 1] == '\n')
        length--;
    if (length > 0 && bytes[length - 1] == '\r')
        length--;
    return length;
}

/* The record at the front of available bytes, of which there is at least one. */
static HeedListRecord
look(const char *bytes, size_t available, char delimiter, char ending)
{
    HeedListRecord record = {.bytes = bytes};
    const char *line_end = memchr(bytes, ending, available);

    record.length = line_end == NULL ? available : (size_t)(line_end + 1 - bytes);
    if (record.length > HEED_LIMIT_LIST_LINE_BYTES) {
        record.length = HEED_LIMIT_LIST_LINE_BYTES;
        record.content = record.length;
        record.trouble = HEED_LIST_TOO_LONG;
        return record;
    }
    if (delimiter != '\0' && memchr(bytes, '"', record.length) != NULL) {
        size_t length = heed_csv_record_length(bytes, MIN(available, HEED_LIMIT_LIST_LINE_BYTES),
                                               delimiter, ending);

        if (length > 0)
            record.length = length;
        else
            record.trouble = HEED_LIST_OPEN_QUOTE;
    }
    record.content = without_line_end(bytes, record.length);
    return record;
}

static bool
find_record(
    HeedListReader *reader, char delimiter, HeedListRecord *out, bool *out_end, GError **error)
{
    if (!skip_rest_of_line(reader, error) || !fill(reader, error))
        return false;
    *out_end = reader->start == reader->end;
    if (*out_end)
        return true;
    *out = look(reader->buffer + reader->start, reader->end - reader->start, delimiter,
                reader->line_end);
    out->line = reader->line;
    return true;
}

/* Counts the line ends of a record, most of which have one. */
static uint64_t
count_lines(const HeedListRecord *record, char line_end)
{
    uint64_t lines = 0;
    const char *position = record->bytes;
    const char *end = record->bytes + record->length;

    while (position < end &&
           (position = memchr(position, line_end, (size_t)(end - position))) != NULL) {
        lines++;
        position++;
    }
    return lines;
}

bool
heed_list_reader_next(
    HeedListReader *reader, char delimiter, HeedListRecord *out, bool *out_end, GError **error)
{
    if (!find_record(reader, delimiter, out, out_end, error))
        return false;
    if (*out_end)
        return true;
    reader->start += out->length;
    reader->skipping = out->trouble == HEED_LIST_TOO_LONG;
    reader->line += count_lines(out, reader->line_end);
    return true;
}

bool
heed_list_reader_peek(HeedListReader *reader, HeedListRecord *out, bool *out_end, GError **error)
{
    return find_record(reader, '\0', out, out_end, error);
}
