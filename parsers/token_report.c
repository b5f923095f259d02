/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/token_report.h"

#include "parsers/address.h"

#include <string.h>

void
heed_token_note(HeedReport *report, const char *text)
{
    const char *kept;

    if (strlen(text) > HEED_TOKEN_BYTES)
        return;
    if (report->tokens == NULL)
        report->tokens = g_ptr_array_new();
    for (guint i = 0; i < report->tokens->len; i++)
        if (strcmp(report->tokens->pdata[i], text) == 0)
            return;
    kept = report->tokens->len < HEED_TOKENS_MOST ? heed_report_text(report, text, -1) : NULL;
    if (kept != NULL)
        g_ptr_array_add(report->tokens, (gpointer)(uintptr_t)kept);
}

/* Whom the valid ones name; NULL when there are none, or they differ. */
static char *
find_signed(HeedReport *report, const HeedTokenKeys *keys, int64_t now)
{
    g_autofree char *found = NULL;
    bool differ = false;

    for (guint i = 0; i < report->tokens->len && i < HEED_TOKENS_MOST; i++) {
        g_auto(HeedToken) token = {0};
        HeedTokenVerdict verdict = heed_token_verify(keys, report->tokens->pdata[i], now, &token);

        if (verdict != HEED_TOKEN_VALID) {
            heed_report_warn(report, "a token in it %s and is not believed",
                             heed_token_verdict_text(verdict));
            continue;
        }
        differ = differ || (found != NULL && strcmp(found, token.address) != 0);
        g_free(found);
        found = g_steal_pointer(&token.address);
    }
    if (!differ)
        return g_steal_pointer(&found);
    heed_report_warn(report, "its tokens name different recipients and are not believed");
    return NULL;
}

void
heed_token_believe(HeedReport *report,
                   const HeedTokenKeys *keys,
                   const char *const *own_domains,
                   int64_t now)
{
    g_autofree char *address = NULL;
    HeedRecipient *recipient;

    if (report->tokens == NULL || report->recipients->len != 1)
        return;
    address = find_signed(report, keys, now);
    if (address == NULL)
        return;
    if (report->feedback != NULL &&
        (heed_address_is_role(address) ||
         heed_domain_is_among(heed_address_domain(address), own_domains)))
        return;
    recipient = &g_array_index(report->recipients, HeedRecipient, 0);
    recipient->address = heed_report_text(report, address, -1);
    recipient->address_source = HEED_ADDRESS_SOURCE_TOKEN;
    report->trust = HEED_TRUST_SIGNED;
}
