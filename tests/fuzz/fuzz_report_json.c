/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker that has been taken over may send to the store. */
#include "parsers/report_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedReport) report = heed_report_from_json((const char *)bytes, length, &error);
    g_autoptr(GString) json = NULL;

    g_assert_true((report == NULL) == (error != NULL));
    if (report != NULL) {
        json = g_string_new(NULL);
        heed_report_to_json(report, NULL, json);
    }
    return 0;
}
