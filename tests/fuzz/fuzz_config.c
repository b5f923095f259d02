/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(HeedConfig) config = heed_config_parse(text, "fuzz.conf", NULL);

    return 0;
}
