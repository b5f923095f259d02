/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/authres.h"
#include "parsers/received.h"
#include "parsers/trust.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One value as each kind of field. What our receiver wrote on top stays on top whatever is below,
 * so nothing that a message brings makes a stranger authentic. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const list[] = {"example.com", "192.0.2.1", NULL};
    const HeedParserSettings settings = {.domains = list, .relays = list, .receivers = list};
    g_autofree char *value = g_strndup((const char *)data, size);
    g_autofree char *helo = g_strconcat(
        "from ", value, " (x.example.org [203.0.113.9]) by mx.example.com (Postfix); x", NULL);
    g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(HeedReport) report = heed_report_new();
    const char *const names[] = {"Received", "Authentication-Results", "Received"};
    const char *values[] = {"from x (x.example.org [203.0.113.9]) by mx.example.com (Postfix); x",
                            value, value};
    const HeedTrustInput input = {names, values, 3, report, &settings, false};
    HeedReceived hop;
    unsigned methods = 0;
    char id[HEED_HOST_BYTES];
    int64_t date;

    heed_received_read(value, &hop);
    (void)heed_authres_read(value, id, &methods, domains);
    g_assert_cmpuint(domains->len, <=, HEED_AUTHRES_MAX);
    report->kind = HEED_KIND_BOUNCE;
    heed_report_add_recipient(report)->address = "u@example.org";
    g_assert_cmpint((int)heed_trust_assess(&input, &date), ==, HEED_TRUST_UNPROVEN);
    values[0] = helo;
    g_assert_cmpint((int)heed_trust_assess(&input, &date), ==, HEED_TRUST_UNPROVEN);
    return 0;
}
