/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a log's messages, and what a reader of a log that was taken over can send: any
 * bytes. */
#include <glib.h>
#include <string.h>

#include "ingest/log_frames.h"
#include "parsers/log_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void
read_state(const uint8_t *bytes, size_t length)
{
    const HeedLogSettings settings = {.format = HEED_LOG_POSTFIX, .reference = 1800000000};
    g_autoptr(HeedLogReader) reader = heed_log_reader_new(&settings);
    g_autoptr(HeedLogReader) second = heed_log_reader_new(&settings);
    g_autoptr(GByteArray) once = g_byte_array_new();
    g_autoptr(GByteArray) twice = g_byte_array_new();

    heed_log_state_load(reader, bytes, length);
    heed_log_state_save(reader, 1 << 20, once);
    heed_log_state_load(second, once->data, once->len);
    heed_log_state_save(second, 1 << 20, twice);
    g_assert_cmpuint(once->len, ==, twice->len);
    g_assert_cmpint(memcmp(once->data, twice->data, once->len), ==, 0);
}

static void
read_frames(const uint8_t *bytes, size_t length)
{
    const HeedFrame frame = {.payload = bytes, .length = length};
    g_autoptr(HeedArrival) arrival = heed_log_failure_read(&frame, NULL);
    g_auto(HeedLogBatch) batch = {0};
    g_auto(HeedLogEnd) end = {0};
    HeedLogStart start;

    if (heed_log_batch_read(&frame, &batch, NULL))
        g_assert_nonnull(batch.sums);
    if (heed_log_end_read(&frame, &end, NULL) && end.trouble != NULL)
        g_assert_true(g_utf8_validate(end.trouble, -1, NULL));
    if (heed_log_start_read(&frame, &start, NULL)) {
        if (start.state != NULL)
            g_bytes_unref(start.state);
        g_array_unref((GArray *)(uintptr_t)start.deadly);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    read_state(bytes, length);
    read_frames(bytes, length);
    return 0;
}
