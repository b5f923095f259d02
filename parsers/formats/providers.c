/* SPDX-License-Identifier: Apache-2.0 */
/* Mailbox providers, carriers and senders on behalf of others. */
#include "parsers/formats/tables.h"

#define T HEED_TEMPLATES

#define GOOGLE_ORIGINAL                                                     \
    T("----- Original message -----", "----- Message header follows -----", \
      "----- Original message -----")

static const HeedFormat formats[] = {
    {
        .name = "googlegroups",
        .title = "Google Groups, in any language",
        .source = "notices in the wild in 14 languages; the group is in X-Failed-Recipients alone",
        .from = T("{*}mailer-daemon@{*}"),
        .header = T("x-failed-recipients: {*}"),
        .opening = T("Google Groups", "Google Groups."),
        .common = T("={*}({local}){*}", "={*}（{*}）{*}"),
        .stop = T("Google Groups{*}"),
        .original = GOOGLE_ORIGINAL,
        .extent = HEED_REPLY_INDENTED,
    },
    {
        .name = "gmail",
        .title = "Gmail and Google Workspace before their delivery status notifications (2017)",
        .source = "notices in the wild, 2007 to 2017",
        .opening = T("Delivery to the following recipient failed permanently:",
                     "Delivery to the following recipients failed permanently:",
                     "Delivery to the following recipient has been delayed:",
                     "Delivery to the following recipients has been delayed:"),
        .begin = T("Delivery to the following recipient{*}"),
        .lines = T(" {address}"),
        .common = T("Technical details of {*} failure:{reply}"),
        .original = GOOGLE_ORIGINAL,
        .delayed = T("Delivery to the following recipient{*} has been delayed:",
                     "THIS IS A WARNING MESSAGE ONLY."),
        .replies = T("{*} by {host} [{*}]. The error that the other server returned was: {reply}",
                     "{*}The error that the other server returned was: {n} {reply} (state {n}).{*}",
                     "{*}The error that the other server returned was: {reply}"),
        .extent = HEED_REPLY_REST,
    },
    {
        .name = "aol",
        .title = "AOL, before its delivery status notifications",
        .source = "notices in the wild",
        .from = T("{*}mailer-daemon@{*}"),
        .opening = T("Sorry {*}. Your mail to the following recipients could not be delivered {*}"),
        .lines = T(" {address}", " {local}"),
        .common = T(
            "Sorry {*}. Your mail to the following recipients could not be delivered because {reply}:"),
        .extent = HEED_REPLY_PARAGRAPH,
    },
    {
        .name = "zoho",
        .title = "Zoho Mail",
        .source = "notices in the wild, X-Mailer: Zoho Mail",
        .header = T("x-mailer: Zoho Mail{*}"),
        .opening = T("This message was created automatically by mail delivery software{*}"),
        .lines = T("{address} {*}ERROR_CODE :{code}, ERROR_CODE :{status} {reply}",
                   "{address} {*}ERROR_CODE :{code}, ERROR_CODE :, {reply}",
                   "{address} {*}ERROR_CODE :{code}, ERROR_CODE :{reply}",
                   "[Status: {*}, Address: {address}, ResponseCode {code}, {reply}"),
        .original = T("Received:from mail.zoho.com{*}"),
        .extent = HEED_REPLY_PARAGRAPH,
    },
    {
        .name = "ezweb",
        .title = "au (KDDI): ezweb.ne.jp",
        .source = "notices in the wild, Subject: Mail System Error - Returned Mail",
        .subject = T("Mail System Error - Returned Mail{*}"),
        .lines = T("Recipient: {address}", "<<< {reply}", "<{address}>", "^{address}"),
        .common = T("={*}account is disabled.",
                    "=Your message was not delivered within {*}",
                    "={*}user{*}account{*}",
                    "={*}mailbox{*}full{*}"),
        .extent = HEED_REPLY_PARAGRAPH,
    },
    {
        .name = "kddi",
        .title = "au one net (KDDI): dion.ne.jp",
        .source = "notices in the wild",
        .from = T("{*}dion.ne.jp{*}"),
        .opening = T("Your mail sent on: {*}"),
        .lines =
            T("Could not be delivered to: {address}", "=As their mailbox is full.", "=Because {*}"),
        .extent = HEED_REPLY_PARAGRAPH,
    },
    {
        .name = "biglobe",
        .title = "BIGLOBE",
        .source = "notices in the wild",
        .from = T("{*}@biglobe.ne.jp{*}", "{*}@{*}.biglobe.ne.jp{*}"),
        .opening = T("----- The following addresses had delivery problems -----"),
        .lines = T("^{address}"),
        .common = T("----- Non-delivered information -----{reply}"),
        .extent = HEED_REPLY_REST,
    },
    {
        .name = "vzwpix",
        .title = "Verizon Wireless, multimedia messages",
        .source = "notices in the wild",
        .opening = T("Message could not be delivered to mobile.",
                     "Error: No valid recipients for this MM"),
        .lines = T("To: {address}", "Subject: {subject}"),
        .common = T("Error: {reply}"),
        .extent = HEED_REPLY_INDENTED,
    },
    {
        .name = "sina",
        .title = "Sina",
        .source = "notices in the wild, X-Mailer: SinaMail",
        .header = T("x-mailer: SinaMail{*}"),
        .lines = T("^{address}:{reply}"),
        .original = T("--- {*}"),
        .extent = HEED_REPLY_PARAGRAPH,
    },
};

const HeedFormatTable heed_formats_providers = {"Mailbox providers, carriers and sending services",
                                                formats, G_N_ELEMENTS(formats)};
