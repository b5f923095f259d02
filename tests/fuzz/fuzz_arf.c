/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the content of a message/feedback-report part, without GMime in between. */
#include "parsers/arf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const HeedParserSettings settings = {.max_recipients = 50};
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GArray) original = g_array_new(FALSE, FALSE, sizeof(HeedField));
    g_autoptr(GString) scratch = g_string_new(NULL);
    HeedReading reading = {
        .report = report, .settings = &settings, .original = original, .scratch = scratch};

    g_mime_init();
    heed_arf_read(&reading, (HeedSpan){(const char *)bytes, length});
    heed_arf_finish(&reading);
    return 0;
}
