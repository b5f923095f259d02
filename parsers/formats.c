/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/formats.h"

#include "parsers/formats/tables.h"

#define T HEED_TEMPLATES

/* The order in which they are tried: those with the plainest marks first. */
const HeedFormatTable *const heed_format_tables[] = {
    &heed_formats_gateways,  &heed_formats_providers,  &heed_formats_groupware,
    &heed_formats_transport, &heed_formats_challenges,
};
const size_t heed_format_table_count = G_N_ELEMENTS(heed_format_tables);

/*
 * What most notices have in common, whoever wrote them: an address on a line of its own, or in
 * front of what was said of it, or in a sentence that says that delivery failed.
 */
const HeedFormat heed_format_general = {
    .name = "notice",
    .title = "What fits none of these",
    .source = "only in what a program sent about mail that failed",
    .lines = T("^{address}:{reply}",
               " {address}: {reply}",
               "Recipient: [SMTP:{address}]",
               "Recipient: {address}",
               "Recipient address: {address}",
               "Undeliverable address: {address}",
               "Intended recipient: {address}",
               "Failed recipient: {address}",
               "Delivery failed: {address}",
               "Delivery to {address} failed{*}",
               ">>> RCPT TO:{address}{*}",
               "RCPT TO:{address}{*}",
               "<<< {reply}",
               "Reason: {reply}",
               "=You sent mail to {address}. {*}",
               "=Your message to {address} {*}",
               "={*}rejected recipient {address} {*}",
               "(Originally addressed to {address})",
               "={*}could not be delivered to {address}{*}",
               "* {address}",
               "-- {address}",
               "---- {address}",
               "{address}"),
    .original = T("{*}original message follows{*}",
                  "{*}original message as received{*}",
                  "-----Original Message-----",
                  "----- Original message -----",
                  "{*}Returned mail{*}---{*}",
                  "{*}RETURNED MAIL FOLLOWS{*}",
                  "{*}Unsent Message below{*}",
                  "{*}of your original message follow:{*}",
                  "{*}undelivered message you sent follows:{*}",
                  "--- Below this line is {*}",
                  "Original Message:",
                  "{*}Header of the source mail attached{*}",
                  "Your message reads (in part):{*}",
                  "Message headers follow:{*}",
                  "Old message:"),
    .delayed = T("{*}has been postponed{*}",
                 "{*}has been delayed{*}",
                 "{*}THIS IS A WARNING{*}",
                 "{*}has not yet been delivered{*}",
                 "{*}advisory-only{*}",
                 "{*}Mail Delivery Warning{*}",
                 "{*}delivery status notification (delay{*}"),
    .extent = HEED_REPLY_NEXT,
};
