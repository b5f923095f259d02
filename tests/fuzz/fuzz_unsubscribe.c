/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a mail that may ask to be unsubscribed, and as the command in it. */
#include "parsers/parser.h"
#include "parsers/unsubscribe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const HeedParserSettings settings = {
        .max_recipients = 50, .max_parts = 50, .max_depth = 10};
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GArray) original = g_array_new(FALSE, FALSE, sizeof(HeedField));
    g_autoptr(GString) scratch = g_string_new(NULL);
    g_auto(HeedMessage) message = {0};
    HeedReading reading = {report, &settings, &message, original, scratch, NULL};
    HeedSpan argument;
    bool strong;

    g_mime_init();
    if (heed_unsubscribe_command((HeedSpan){(const char *)bytes, length}, &strong, &argument))
        g_assert_true(argument.at >= (const char *)bytes &&
                      argument.at + argument.length <= (const char *)bytes + length);
    heed_message_read((const char *)bytes, length, &settings, report, &message);
    if (heed_unsubscribe_read(&reading))
        g_assert_cmpuint(report->recipients->len, ==, 1);
    else
        g_assert_cmpint(report->kind, ==, HEED_KIND_OTHER);
    return 0;
}
