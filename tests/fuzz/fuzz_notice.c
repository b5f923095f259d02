/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the text of a notice, read by the format that the first byte names, whatever it
 * looks like, and as the place where the original stands; then as the whole notice of a daemon.
 */
#include "parsers/notice.h"
#include "parsers/notice_scan.h"
#include "parsers/notice_text.h"
#include "parsers/original.h"

#include <gmime/gmime.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const HeedFormat *
pick(unsigned which)
{
    for (size_t i = 0; i < heed_format_table_count; i++) {
        if (which < heed_format_tables[i]->count)
            return &heed_format_tables[i]->formats[which];
        which -= (unsigned)heed_format_tables[i]->count;
    }
    return &heed_format_general;
}

static void
read_text(HeedReading *reading, const HeedFormat *format, HeedSpan text)
{
    g_auto(HeedNoticeScan) scan = {0};
    g_autoptr(GString) html = g_string_new(NULL);
    HeedSpan lines[HEED_NOTICE_OPENING_LINES];

    (void)heed_notice_opening(text, lines);
    heed_notice_scan(format, text, "example.org", 50, &scan);
    g_assert_cmpuint(scan.recipients->len, <=, 50);
    heed_notice_text_from_html(text, html);
    heed_original_read_text(reading, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const HeedField header[] = {
        {.name = {"From", 4}, .value = {"mailer-daemon", 13}, .strict = {"mailer-daemon", 13}},
    };
    static const HeedParserSettings settings = {.max_recipients = 50};
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GArray) original = g_array_new(FALSE, FALSE, sizeof(HeedField));
    g_autoptr(GString) scratch = g_string_new(NULL);
    const char *text = (const char *)bytes + (length > 0 ? 1 : 0);
    g_auto(HeedMessage) message = {
        .header = g_array_new(FALSE, FALSE, sizeof(HeedField)),
        .parts = g_array_new(FALSE, FALSE, sizeof(HeedPart)),
        .decoded = g_ptr_array_new_with_free_func(g_free),
        .body = {text, length - (length > 0 ? 1 : 0)},
    };
    HeedReading reading = {.report = report,
                           .settings = &settings,
                           .message = &message,
                           .original = original,
                           .scratch = scratch};

    g_mime_init();
    g_array_append_vals(message.header, header, G_N_ELEMENTS(header));
    read_text(&reading, pick(length > 0 ? bytes[0] : 0), message.body);
    (void)heed_notice_is_challenge(&reading);
    (void)heed_notice_read(&reading);
    heed_notice_complete(&reading);
    return 0;
}
