/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/mailbox.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A url that is read is written so that reading it again gives the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    g_autofree char *url = g_strndup((const char *)bytes, length);
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("fuzz");
    g_autoptr(HeedMailbox) again = heed_mailbox_new("fuzz");
    g_autofree char *normal = NULL;
    g_autofree char *second = NULL;

    if (!heed_mailbox_set_url(mailbox, url, NULL))
        return 0;
    normal = heed_mailbox_url(mailbox);
    g_assert_true(heed_mailbox_set_url(again, normal, NULL));
    second = heed_mailbox_url(again);
    g_assert_cmpstr(normal, ==, second);
    return 0;
}
