/* SPDX-License-Identifier: Apache-2.0 */
/* Challenge-response systems: replies, never bounces, whatever their labels say. */
#include "parsers/formats/tables.h"

#define T HEED_TEMPLATES

static const HeedFormat formats[] = {
    {
        .name = "boxbe",
        .title = "Boxbe",
        .source = "challenges in the wild, as multipart/report with a delivery status",
        .from = T("{*}@boxbe.com{*}"),
        .kind = HEED_KIND_AUTO_REPLY,
    },
    {
        .name = "bluebottle",
        .title = "Bluebottle",
        .source = "challenges in the wild",
        .header = T("x-bluebottle-request: {*}"),
        .kind = HEED_KIND_AUTO_REPLY,
    },
    {
        .name = "tmda",
        .title = "TMDA",
        .source = "TMDA's documentation: it names itself as the delivery agent of what it sends",
        .header = T("x-delivery-agent: TMDA{*}"),
        .subject = T("{*}confirm{*}"),
        .kind = HEED_KIND_AUTO_REPLY,
    },
};

const HeedFormatTable heed_formats_challenges = {"Challenge-response systems", formats,
                                                 G_N_ELEMENTS(formats)};
