/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_reader.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks at every byte of an event, and at what JSON makes of it. */
static void
take(const HeedLogEvent *event, void *data)
{
    g_autofree HeedLogEvent *copy = heed_log_event_copy(event);
    json_t *one = heed_log_event_json(event);
    json_t *other = heed_log_event_json(copy);
    uint64_t *events = data;

    (*events)++;
    g_assert_true(json_equal(one, other));
    g_assert_nonnull(event->recipient.at);
    g_assert_cmpuint(event->recipient.length, >, 0);
    g_assert_true(event->time != HEED_DATE_UNKNOWN);
    json_decref(one);
    json_decref(other);
}

/* The whole input as a log of each format, with a table so small that messages make room. */
static void
read_all(HeedLogFormat format, const char *text, size_t size)
{
    const HeedLogSettings settings = {
        .format = format, .reference = 1767323045, .most_messages = 4, .most_message_bytes = 4096};
    g_autoptr(HeedLogReader) reader = heed_log_reader_new(&settings);
    const HeedLogCounts *counts;
    uint64_t events = 0;
    uint64_t lines = 0;

    heed_log_reader_to(reader, take, &events);
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end == NULL ? size : (size_t)(end - text);
        g_autofree char *line = g_memdup2(text, length);

        (void)heed_log_reader_line(reader, line, length);
        lines++;
        text += end == NULL ? length : length + 1;
        size -= end == NULL ? length : length + 1;
    }
    counts = heed_log_reader_counts(reader);
    g_assert_cmpuint(counts->events, ==, events);
    g_assert_cmpuint(counts->lines, ==, lines);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int format = 0; heed_log_format_name((HeedLogFormat)format) != NULL; format++)
        read_all((HeedLogFormat)format, (const char *)data, size);
    return 0;
}
