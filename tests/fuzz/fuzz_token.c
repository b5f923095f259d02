/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a token, as a file of keys, as an address that a token is made for, and noted in a
 * report. A token that was not made here is never valid; one that was made is.
 */
#include "parsers/address.h"
#include "parsers/token_report.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define NOW      INT64_C(1768478400) /* 2026-01-15 */
#define LAST_DAY INT64_C(20558)

static HeedTokenKeys *
own_keys(void)
{
    HeedTokenKeys *keys = heed_token_keys_parse("a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB", "own", NULL);

    g_assert_nonnull(keys);
    return keys;
}

static void
expect_valid(const HeedTokenKeys *keys, const char *text, const char *address)
{
    g_auto(HeedToken) token = {0};

    g_assert_cmpint(heed_token_verify(keys, text, NOW, &token), ==, HEED_TOKEN_VALID);
    g_assert_cmpstr(token.address, ==, address);
}

/* Both forms of an address bring it back. */
static void
make(const HeedTokenKeys *keys, const char *text)
{
    g_autofree char *address = heed_address_normalise(text, -1);
    g_autoptr(GString) out = g_string_new(NULL);

    if (address == NULL)
        return;
    heed_token_make_header(keys, address, LAST_DAY, out);
    if (out->len <= HEED_TOKEN_BYTES)
        expect_valid(keys, out->str, address);
    g_string_truncate(out, 0);
    if (heed_token_make_return_path(keys, address, "b@example.com", LAST_DAY, out, NULL))
        expect_valid(keys, out->str, address);
}

static void
verify(const HeedTokenKeys *keys, const char *text)
{
    g_autoptr(HeedReport) report = heed_report_new();
    g_auto(HeedToken) token = {0};
    HeedTokenVerdict verdict = heed_token_verify(keys, text, NOW, &token);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    g_assert_cmpint(verdict, !=, HEED_TOKEN_VALID);
    g_assert_true(token.address != NULL || verdict == HEED_TOKEN_NONE ||
                  verdict == HEED_TOKEN_ALTERED);
    (void)heed_report_add_recipient(report);
    for (size_t i = 0; lines[i] != NULL; i++)
        heed_token_note(report, lines[i]);
    heed_token_believe(report, keys, NULL, NOW);
    g_assert_cmpint(report->trust, ==, HEED_TRUST_UNKNOWN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    g_autofree char *text = g_strndup((const char *)bytes, length);
    g_autoptr(HeedTokenKeys) keys = own_keys();
    g_autoptr(HeedTokenKeys) read = heed_token_keys_parse(text, "fuzz", NULL);

    verify(keys, text);
    make(keys, text);
    if (read != NULL)
        (void)heed_token_keys_next_id(read);
    return 0;
}
