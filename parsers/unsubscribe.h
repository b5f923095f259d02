/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_UNSUBSCRIBE_H
#define HEED_PARSERS_UNSUBSCRIBE_H

/*
 * Requests to be unsubscribed, as mail programs send them to the mailto: address of a newsletter's
 * List-Unsubscribe (RFC 2369 3.2, RFC 8058): short, made by a program or by one click, the command
 * in the subject or in the first line.
 *
 * Recognised is
 *   - a command ("unsubscribe", "opt-out", "leave", …, alone or with one word behind it: a list, a
 *     token, an address) as the subject, or as the whole text without a subject, to an address that
 *     is made for it: "unsubscribe+…@", "list-leave@", or one of own.verp or of a common scheme
 *     (parsers/verp.h) that names a recipient;
 *   - nothing, neither subject nor text, to an address whose words say it ("unsubscribe", "leave");
 *   - the subject "unsubscribe" (or "unsubscribe" with one word) to any address, with an empty
 *     text, a text that is the command again, or what Apple Mail, Gmail and others put there by
 *     themselves.
 *
 * Never: an answer (Re:, AW:, In-Reply-To:, References:), whatever a person wrote in it or quoted;
 * mail from a mail system, a report, a mail with an enclosed message. People who write that they
 * want to be off the list are for people to read.
 *
 * Whom it is about: the recipient that the address names (it was made for the copy that he got,
 * which may have been forwarded), then an address in the command (but for one of own.domains or a
 * UUID, which are the sender's tokens), then From:. The last two are
 * "notice" as address_source. Forging From: is as easy as in any mail, so the usual trust rules
 * decide what follows (parsers/trust.h): at once when our receiver saw the sender's own domain sign
 * it (DKIM, SPF) and From: is the address itself; from a closed mailbox, or else, it waits for a
 * second sign or for a person. A request to an address that names somebody proves no more: whoever
 * got the newsletter forwarded can read it.
 */

#include "parsers/reading.h"

/* Recognises and reads one: kind, class, verdict and one recipient. False: it is none, and nothing
 * was changed. */
bool heed_unsubscribe_read(HeedReading *reading);

/* Whether this is a command, and what stands behind it: *out_argument is a span of the text or
 * empty. Strong: of the words that cannot mean anything else. For tests. */
bool heed_unsubscribe_command(HeedSpan text, bool *out_strong, HeedSpan *out_argument);

#endif
