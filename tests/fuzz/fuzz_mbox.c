/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "ingest/mbox_reader.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Positions only grow, and the last is the end. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    g_autoptr(HeedFile) file = tmpfile();
    g_autoptr(HeedMboxReader) reader = NULL;
    int64_t position = 0;

    g_assert_nonnull(file);
    g_assert_cmpuint(fwrite(bytes, 1, length, file), ==, length);
    rewind(file);
    reader = heed_mbox_reader_new(dup(fileno(file)), 0, INT64_MAX);
    for (;;) {
        g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};

        if (heed_mbox_reader_next(reader, &item, NULL) != HEED_NEXT_ITEM)
            break;
        g_assert_cmpint(item.position, >, position);
        position = item.position;
    }
    g_assert_cmpint(position, ==, (int64_t)length);
    return 0;
}
