/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/reply.h"

#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    char status[HEED_STATUS_BYTES];
    HeedReply reply;

    (void)heed_reply_read(text, size, &reply);
    g_assert_true(reply.text >= text && reply.text + reply.length == text + size);
    g_assert_cmpuint(heed_reply_type_length(text, size), <=, size);
    if (heed_status_read(text, size, status))
        g_assert_true(status[1] == '.');
    return 0;
}
