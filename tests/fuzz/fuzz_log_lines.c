/* SPDX-License-Identifier: Apache-2.0 */
/* A file of any bytes, compressed or not: its lines are in order and without a gap. */
#define _GNU_SOURCE /* memfd_create(2) */
#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "ingest/log_lines.h"

/* Zeroes pack well: as much as is unpacked of one input. */
#define MOST_BYTES (16U * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    g_auto(HeedFd) fd = memfd_create("log", 0);
    g_autoptr(HeedLogBytes) file = NULL;
    g_autoptr(HeedLogLines) lines = NULL;
    HeedLogLineRead line = {0};
    uint64_t place = 0;

    if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
        return 0;
    file = heed_log_bytes_new(fd, NULL);
    if (file == NULL)
        return 0;
    lines = heed_log_lines_new(file);
    while (place < MOST_BYTES && heed_log_lines_next(lines, &line, NULL) <= HEED_LOG_LINE_LONG) {
        g_assert_cmpuint(line.begin, ==, place);
        g_assert_cmpuint(line.end, >, line.begin);
        place = line.end;
    }
    (void)heed_log_bytes_is_cut(file);
    return 0;
}
