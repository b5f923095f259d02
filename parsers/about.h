/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_ABOUT_H
#define HEED_PARSERS_ABOUT_H

/*
 * Whom a report was really about: the address that the sender had mailed, which need not be the one
 * that failed in the end (forwards, aliases), nor one that the report spells out (redaction).
 * Readers leave what they found in original_recipient, final_recipient and, where a notice's words
 * name somebody, in address; this sets address and address_source, and nothing else does.
 *
 * Evidence, beside those three:
 *   the sender   envelope senders of the original: the report's own recipient (To:, since a report
 *                goes to the envelope's sender: RFC 3464 2, RFC 5321 4.5.5) and the original's
 *                Return-Path, a complaint's Original-Mail-From; each with SRS and BATV undone. A
 *                VERP (parsers/verp.h) in it names the recipient. Delivered-To and its kin say the
 *                same but are written at delivery and left out of the report's digest: they only
 *                agree, or speak where nothing else does.
 *   own fields   own.recipient-headers: fields of the returned original in which we name its
 *                recipient ourselves; two that differ name nobody.
 *   the message  the returned original's header: To: with one address, proved by a Received field
 *                "for" the same, or unproved.
 *
 * Signed tokens (parsers/token.h) go before all of it, but the keys are not here: what may be one
 * is only gathered, for heed_token_believe(). Until then a signed return path is the VERP that it
 * also is.
 *
 * A wrong address is the worst error, since it silences somebody who did nothing. So:
 *
 *   1. own.verp, then own.recipient-headers: we wrote it that way ourselves. Verp, and
 *      original-message.
 *   2. What one of the others says and the envelope's sender ends in ("…-user=example.org@"), in
 *      whatever scheme: two that agree. The source of that other; verp for an unproved To:.
 *   3. A common scheme, when the envelope sender's domain is one of own.domains. Verp.
 *   4. Original-Recipient, the proved message, Final-Recipient, the notice: in this order. The
 *      message counts as final-recipient where both are the same.
 *   5. Where nothing else names anybody: a common scheme of an unknown domain, if no configuration
 *      says which are ours, then the unproved To:.
 *
 * Two senders whose VERP name different people name nobody. A report about several recipients is
 * one of an alias or a list that ours had led to: the sender's VERP is not evidence for any single
 * one of them, nor is the message's To:.
 *
 * Xtext (RFC 3461 4) must be decoded before it is written into a report (6.3 there), and some
 * senders do not encode at all: "user+3D7@" is a real address, and "=" after a decoding nobody
 * asked for. An address is decoded only when all of it is xtext, what comes out is an address, and
 * other evidence has exactly that address. An address without "@" but with "+40" is no address
 * otherwise and is decoded in parsers/typed.h.
 *
 * BATV on a recipient is undone (the tag is not part of the mailbox); SRS on a recipient is not,
 * for the mailbox is then the forwarder's, and what befell it says nothing of the person in it.
 */

#include "parsers/reading.h"

/* Once all readers are done, and before classes, verdicts and trust. */
void heed_about_resolve(HeedReading *reading);

#endif
