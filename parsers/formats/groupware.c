/* SPDX-License-Identifier: Apache-2.0 */
/* Groupware: Exchange, Domino, GroupWise and others. */
#include "parsers/formats/tables.h"

#define T HEED_TEMPLATES

static const HeedFormat formats[] = {
    {
        .name = "exchange5",
        .title = "Exchange 4.0 to 5.5 (Internet Mail Connector, Internet Mail Service)",
        .source = "notices in the wild, X-Mailer: Internet Mail Service",
        .opening = T("did not reach the following recipient(s):",
                     "The following recipient(s) could not be reached:"),
        .begin = T("did not reach the following recipient(s):",
                   "The following recipient(s) could not be reached:"),
        .lines = T("{address} on {*}", "{*}SMTP={address};{*}", "{n}:{n}:{n} {*}"),
        .replies = T("{reply} The MTS-ID of the original message is:{*}", "{reply} MSEXCH:{*}"),
        .extent = HEED_REPLY_INDENTED,
    },
    {
        .name = "exchange",
        .title = "Exchange 2007 to 2019 and Exchange Online, where the delivery status is lost",
        .source =
            "Microsoft's documentation of NDRs (learn.microsoft.com/exchange/mail-flow/non-delivery-reports)",
        .opening = T("Delivery has failed to these recipients or{*}",
                     "Il recapito non è riuscito per i seguenti destinatari{*}",
                     "Fehler bei der Nachrichtenzustellung an folgende Empfänger{*}",
                     "Det gick inte att leverera till följande mottagare{*}",
                     "Échec de la remise pour ces destinataires{*}",
                     "Error al entregar a estos destinatarios{*}"),
        .lines = T("^{address}",
                   "^{address}<mailto:{*}>",
                   "^{address} ({address})",
                   "Remote Server returned '{reply}'",
                   "Remote Server returned {reply}",
                   "^=#{code} {status} {*}",
                   "^=#{status} {*}",
                   "^=#< #{status} {*}",
                   "^={host} #{code} {*}",
                   "^={host} #< #{status} {*}",
                   "Reason: {reply}"),
        .original = T("Original message headers:{*}",
                      "Ursprüngliche Nachrichtenkopfzeilen:{*}",
                      "Ursprungliga meddelanderubriker:{*}",
                      "Intestazioni originali del messaggio:{*}"),
        .extent = HEED_REPLY_PARAGRAPH,
    },
    {
        .name = "domino",
        .title = "Domino, Lotus Notes",
        .source = "notices in the wild, Subject: DELIVERY FAILURE",
        .opening = T("was not delivered to:"),
        .begin = T("was not delivered to:"),
        .lines = T(" {address}"),
        .common = T("because:{reply}"),
        .extent = HEED_REPLY_REST,
    },
    {
        .name = "notes",
        .title = "Lotus SMTP MTA",
        .source = "notices of Lotus SMTP MTA 1.2 and 4.6 in the wild",
        .opening = T("------- Failure Reasons {*}"),
        .begin = T("------- Failure Reasons {*}"),
        .lines = T("{address}"),
        .common = T("^={*}"),
        .original = T("------- Returned Message {*}"),
        .extent = HEED_REPLY_PARAGRAPH,
    },
    {
        .name = "groupwise",
        .title = "GroupWise",
        .source = "notices in the wild, X-Mailer: Novell GroupWise Internet Agent",
        .opening = T("The message that you sent was undeliverable to the following:"),
        .begin = T("The message that you sent was undeliverable to the following:"),
        .lines =
            T(" {address} ({reply})", " {address} {reply}", " {address}", " {local} ({reply})"),
        .extent = HEED_REPLY_INDENTED,
    },
    {
        .name = "dovecot",
        .title = "Dovecot's LDA and Sieve's reject (RFC 5429), labelled as read receipts",
        .source = "Dovecot's source, mail-send.c",
        .opening = T("Your message to {address} was automatically rejected:{*}"),
        .lines = T("Your message to {address} was automatically rejected:{reply}"),
        .extent = HEED_REPLY_REST,
    },
};

const HeedFormatTable heed_formats_groupware = {"Groupware and mail stores", formats,
                                                G_N_ELEMENTS(formats)};
