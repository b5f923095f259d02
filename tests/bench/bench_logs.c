/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a mail server's log from standard input with the reader of a format, and counts what comes
 * out: what reading alone takes, without a database. Prints lines, events and lines in trouble.
 */

#include "base/limits.h"
#include "parsers/log_reader.h"

#include <stdio.h>
#include <string.h>

/* Looks at what every user of an event would look at. */
static void
take(const HeedLogEvent *event, void *data)
{
    size_t *bytes = data;

    *bytes += event->recipient.length + event->sender.length + event->reply.length;
}

static void
read_all(HeedLogReader *reader)
{
    g_autoptr(GByteArray) rest = g_byte_array_new();
    g_autofree guint8 *block = g_malloc(1U << 20);
    size_t got;

    while ((got = fread(block, 1, 1U << 20, stdin)) > 0) {
        const char *at;
        const char *end;
        const char *line_end;

        g_byte_array_append(rest, block, (guint)got);
        at = (const char *)rest->data;
        end = at + rest->len;
        while ((line_end = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            (void)heed_log_reader_line(reader, at, (size_t)(line_end - at));
            at = line_end + 1;
        }
        g_byte_array_remove_range(rest, 0, (guint)(at - (const char *)rest->data));
    }
}

int
main(int argc, char **argv)
{
    HeedLogSettings settings = {.reference = 1768003200};
    g_autoptr(HeedLogReader) reader = NULL;
    const HeedLogCounts *counts;
    size_t bytes = 0;

    if (argc != 2 || !heed_log_format_from_name(argv[1], &settings.format))
        return 64;
    reader = heed_log_reader_new(&settings);
    heed_log_reader_to(reader, take, &bytes);
    heed_log_reader_begin(reader);
    read_all(reader);
    counts = heed_log_reader_counts(reader);
    printf("%" G_GUINT64_FORMAT " lines, %" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT
           " in trouble, %zu bytes\n",
           counts->lines, counts->events, counts->lines - counts->troubles[HEED_LOG_FINE], bytes);
    return 0;
}
