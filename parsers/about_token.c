/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/about_token.h"

#include "parsers/token_report.h"

void
heed_about_tokens(HeedReading *reading, const HeedAboutSenders *senders)
{
    for (size_t i = 0; i < senders->count; i++)
        if (senders->list[i].firm && heed_token_behind(senders->list[i].address) != NULL)
            heed_token_note(reading->report, senders->list[i].address);
    for (guint i = 0; i < reading->original->len; i++) {
        const HeedField *field = &g_array_index(reading->original, HeedField, i);

        if (!heed_field_is(field, HEED_TOKEN_HEADER))
            continue;
        heed_field_unfold(field->strict, reading->scratch);
        heed_token_note(reading->report, reading->scratch->str);
    }
}
