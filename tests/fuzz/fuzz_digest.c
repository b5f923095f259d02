/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes have a digest, and delivery (a Received field, CRLF, an mbox) does not change it. */
#include <glib.h>
#include <string.h>

#include "ingest/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char delivery[] = "From a Mon Jan  1 00:00:00 2026\nReceived: x\n\ty\n";
    static HeedDigester *digester;
    g_autoptr(GByteArray) copy = g_byte_array_new();
    uint8_t one[HEED_DIGEST_BYTES];
    uint8_t two[HEED_DIGEST_BYTES];

    if (digester == NULL)
        digester = heed_digester_new(NULL);
    heed_digester_digest(digester, bytes, length, one);
    /* What begins like a continuation or a blank line would belong to the field before it, or end
     * the header. */
    if (length == 0 || strchr(" \t\r\n", bytes[0]) != NULL || bytes[0] == 'F' || bytes[0] == '>')
        return 0;
    g_byte_array_append(copy, (const uint8_t *)delivery, sizeof(delivery) - 1);
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\r')
            return 0;
        if (bytes[i] == '\n')
            g_byte_array_append(copy, (const uint8_t *)"\r", 1);
        g_byte_array_append(copy, bytes + i, 1);
    }
    heed_digester_digest(digester, copy->data, copy->len, two);
    if (memcmp(one, two, sizeof(one)) != 0)
        g_error("a delivered copy has another digest");
    return 0;
}
