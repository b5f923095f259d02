/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_VERP_H
#define HEED_PARSERS_VERP_H

/*
 * Addresses with an address in them.
 *
 * VERP, variable envelope return paths: the sender of each copy names its recipient, so that
 * whatever comes back says whom the copy was for: "bounces+user=example.org@example.com". What is
 * recognised without configuration is only what its maker documents and what can be read in one
 * way alone:
 *
 *   LIST-bounces+USER=DOMAIN@…   Mailman; also -owner, -errors, -return, and these words alone
 *   owner-LIST+USER=DOMAIN@…     Postfix (VERP_README), Majordomo
 *   LIST-return-N-USER=DOMAIN@…  ezmlm, N a number
 *   LIST-unsubscribe-USER=DOMAIN@… ezmlm's List-Unsubscribe; unsubscribe+, unsub+, leave+, optout+
 *                                as Mailman's above
 *   bounces+N-HEX-USER=DOMAIN@…  SendGrid
 *   bounce+HEX.HEX-USER=DOMAIN@… Mailgun
 *   bounces-USER=DOMAIN@…        where USER has no "-"
 *   …+TOKEN-USER=DOMAIN@…        a signed return path (parsers/token.h), not verified here
 *
 * Everything else that ends in "USER=DOMAIN" behind a "+" or "-" is loose: "bounce-12-34-ann-lee="
 * may have meant "lee" or "ann-lee", so it can only agree with an address that is known otherwise.
 * Opaque ones (SES, hashes, record numbers) name nobody. A USER with "=" in it is never read: such
 * addresses are of other schemes (Google's "+caf_=", SRS, BATV).
 *
 * BATV (draft-levine-smtp-batv, and Barracuda's and Momentum's forms of it) puts a tag in front of
 * the local part: "prvs=TAG=user@", "btv1==TAG==user@", "msprvs1=TAG=user@". SRS is what a
 * forwarder makes of the envelope's sender: "SRS0=HASH=TT=example.com=user@forwarder", and "SRS1=…"
 * of that. Both are the sender's matter: undone, they give the envelope's sender as it first was.
 *
 * All addresses here are normalised (parsers/address.h), in and out.
 */

#include <glib.h>
#include <stdbool.h>

typedef enum HeedVerp {
    HEED_VERP_NONE,
    HEED_VERP_COMMON,    /* a scheme of the list above */
    HEED_VERP_CONFIGURED /* one of own.verp */
} HeedVerp;

/* The address without its BATV tag, or NULL where it has none. The caller frees it. */
char *heed_verp_untag(const char *address);

/* The sender's address as it first was, SRS and BATV undone as often as they were done; a copy of
 * the address where neither was. The caller frees it. */
char *heed_verp_undo(const char *address);

/*
 * Whether a pattern of own.verp is one: an address with {local} and {domain} in its local part, in
 * this order, each once, something between them and something in front, and any number of {any},
 * which stands for letters, digits, "." and "_". As "bounces+{local}={domain}@example.com" or
 * "b-{any}-{local}={domain}@bounce.example.com". On false, *out_why says what is amiss; static.
 */
bool heed_verp_pattern_check(const char *pattern, const char **out_why);

/*
 * The recipient that an envelope sender (SRS and BATV undone) names, into *out_recipient, which is
 * the caller's; NULL for NONE. Patterns: those of own.verp, NULL-terminated, or NULL; they go
 * first. Where a pattern could be read in several ways, {any} is as short and {local} as long as
 * possible.
 */
HeedVerp heed_verp_decode(const char *address, const char *const *patterns, char **out_recipient);

/* Whether the envelope sender ends in this recipient, in any scheme: "…+user=example.org@" or
 * "…-user=example.org@". */
bool heed_verp_agrees(const char *address, const char *recipient);

#endif
