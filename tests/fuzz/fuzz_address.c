/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/address.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A normal form is the normal form of itself, and the fast path agrees with the slow one. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autofree char *address = heed_address_normalise(text, (gssize)size);
    char fast[512];

    if (heed_address_normalise_ascii(text, size, fast, sizeof(fast)) > 0)
        g_assert_cmpstr(address, ==, fast);
    if (address != NULL) {
        g_autofree char *again = heed_address_normalise(address, -1);

        g_assert_cmpstr(again, ==, address);
        g_assert_cmpuint(strlen(heed_address_domain(address)), >, 0);
        (void)heed_address_is_role(address);
    }
    return 0;
}
