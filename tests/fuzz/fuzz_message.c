/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a whole message, and what comes of it through JSON and back. */
#include "parsers/report_json.h"
#include "tests/support/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char *const domains[] = {"example.com", NULL};
    static const HeedParserSettings settings = {
        .domains = domains, .receivers = domains, .max_recipients = 50, .max_parts = 50};
    static HeedParser *parser = NULL;
    g_autoptr(HeedReport) report = NULL;
    g_autoptr(HeedReport) back = NULL;
    g_autoptr(GString) json = g_string_new(NULL);

    if (parser == NULL)
        parser = heed_test_parser_new(&settings);
    report = heed_parser_read(parser, bytes, length, NULL);
    heed_report_to_json(report, "fuzz", json);
    back = heed_report_from_json(json->str, json->len, NULL);
    g_assert_nonnull(back);
    return 0;
}
