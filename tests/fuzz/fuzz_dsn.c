/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the content of a message/delivery-status part, without GMime in between. */
#include "parsers/dsn.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const HeedParserSettings settings = {.max_recipients = 50};
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GArray) original = g_array_new(FALSE, FALSE, sizeof(HeedField));
    g_autoptr(GString) scratch = g_string_new(NULL);
    g_auto(HeedMessage) message = {
        .header = g_array_new(FALSE, FALSE, sizeof(HeedField)),
        .parts = g_array_new(FALSE, FALSE, sizeof(HeedPart)),
        .decoded = g_ptr_array_new_with_free_func(g_free),
        .body = {(const char *)bytes, length}, /* the words, to complete the recipients from */
    };
    HeedReading reading = {.report = report,
                           .settings = &settings,
                           .message = &message,
                           .original = original,
                           .scratch = scratch};

    g_mime_init(); /* its table of character sets */
    heed_dsn_read(&reading, (HeedSpan){(const char *)bytes, length});
    heed_dsn_finish(&reading);
    return 0;
}
