/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses with an address in them. The input's first line is an envelope sender, the second one a
 * recipient, the rest a returned message's header: undone, decoded by patterns and common schemes,
 * and weighed as a delivery report and as a complaint.
 */
#include "parsers/about.h"
#include "parsers/address.h"
#include "parsers/verp.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const char *const domains[] = {"example.com", NULL};
static const char *const patterns[] = {"b-{any}-{local}={domain}@example.com",
                                       "{any}a{any}a{local}-{domain}@example.net", NULL};
static const char *const headers[] = {"x-recipient", NULL};

/* Whatever comes out is normalised, or nothing. */
static void
expect_normal(const char *address)
{
    g_autofree char *normal = address == NULL ? NULL : heed_address_normalise(address, -1);

    g_assert_cmpstr(normal, ==, address);
}

static void
decode(const char *sender, const char *recipient)
{
    g_autofree char *address = heed_address_normalise(sender, -1);
    g_autofree char *other = heed_address_normalise(recipient, -1);
    g_autofree char *undone = NULL;
    g_autofree char *untagged = NULL;
    g_autofree char *named = NULL;
    const char *why;

    (void)heed_verp_pattern_check(sender, &why);
    if (address == NULL)
        return;
    undone = heed_verp_undo(address);
    untagged = heed_verp_untag(address);
    expect_normal(undone);
    expect_normal(untagged);
    (void)heed_verp_decode(undone, patterns, &named);
    expect_normal(named);
    if (other != NULL)
        (void)heed_verp_agrees(undone, other);
}

static void
weigh(char *const *lines, bool is_complaint, bool is_configured)
{
    HeedParserSettings settings = {.domains = is_configured ? domains : NULL,
                                   .verp = is_configured ? patterns : NULL,
                                   .recipient_headers = is_configured ? headers : NULL};
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GArray) original = g_array_new(FALSE, FALSE, sizeof(HeedField));
    g_autoptr(GString) scratch = g_string_new(NULL);
    HeedReading reading = {report, &settings, NULL, original, scratch, NULL};
    const char *header = lines[1] == NULL || lines[2] == NULL ? "" : lines[2];
    HeedRecipient *recipient = heed_report_add_recipient(report);
    HeedFieldCursor cursor;
    HeedField field;

    heed_fields_begin(&cursor, header, strlen(header), true);
    while (heed_fields_next(&cursor, &field))
        g_array_append_val(original, field);
    report->original.return_path = heed_report_text(report, lines[0], -1);
    recipient->original_recipient =
        lines[1] == NULL ? NULL : heed_report_text(report, lines[1], -1);
    recipient->final_recipient = recipient->original_recipient;
    if (is_complaint)
        g_ptr_array_add(heed_report_feedback(report)->original_rcpt_to,
                        (gpointer)(uintptr_t)recipient->original_recipient);
    report->kind = is_complaint ? HEED_KIND_COMPLAINT : HEED_KIND_BOUNCE;
    heed_about_resolve(&reading);
    expect_normal(recipient->address);
    g_assert_true((recipient->address == NULL) ==
                  (recipient->address_source == HEED_ADDRESS_SOURCE_NONE));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    g_autofree char *text = g_strndup((const char *)bytes, length);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 3);

    if (lines[0] == NULL)
        return 0;
    decode(lines[0], lines[1] == NULL ? "" : lines[1]);
    for (int i = 0; i < 4; i++)
        weigh(lines, (i & 1) != 0, (i & 2) != 0);
    return 0;
}
