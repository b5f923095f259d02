/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/imap_guard.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* However the octets are cut, the judgement is the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    HeedImapGuard whole;
    HeedImapGuard pieces;
    bool good = true;

    heed_imap_guard_init(&whole);
    heed_imap_guard_init(&pieces);
    for (size_t i = 0; i < length && good; i++)
        good = heed_imap_guard_inspect(&pieces, (const char *)bytes + i, 1, NULL);
    g_assert_true(heed_imap_guard_inspect(&whole, (const char *)bytes, length, NULL) == good);
    return 0;
}
