/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_ABOUT_COMPLAINT_H
#define HEED_PARSERS_ABOUT_COMPLAINT_H

/*
 * Who complained: part of parsers/about.h, private to the room. Providers hide it more and more,
 * and a wrong guess silences somebody who said nothing, so only what names one person counts:
 *
 *   1. own.verp in the envelope's sender (as it stands in the copy that comes back: Return-Path,
 *      Original-Mail-From), then own.recipient-headers in the copy;
 *   2. an address that the provider states and the envelope's sender ends in, be it one of several;
 *   3. a common scheme of VERP, where the sender's domain is one of own.domains;
 *   4. the only address that the provider states;
 *   5. a common scheme of an unknown domain, where no configuration says which are ours.
 *
 * Stated are Original-Rcpt-To (RFC 5965 3.2; RFC 6591), Removal-Recipient (Comcast, Cox), and
 * X-HmXmrOriginalRecipient, which Microsoft's JMRP put into the header of the copy until June 2026.
 * To: and Cc: of the copy never are: lists and forwards have them, too.
 *
 * Nobody: a redacted address that shows it (RFC 6590 leaves it how), a role (abuse@), an address of
 * our own domains or the mailing's own From:. Then address stays NULL and the complaint is
 * unmatched; its identifiers (Message-ID, Feedback-ID, List-Id, the fields) are in the report for
 * whoever knows what they meant.
 */

#include "parsers/about_sender.h"

void heed_about_complaint(HeedReading *reading,
                          HeedRecipient *recipient,
                          const HeedAboutSenders *senders);

#endif
