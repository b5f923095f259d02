/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_ADDRESS_H
#define HEED_PARSERS_ADDRESS_H

/*
 * Mail addresses (RFC 5321 4.1.2, RFC 6531): reading them out of sloppy text, and the one normal
 * form in which Heed compares and stores them. Normal form: the domain in lower case as A-labels
 * (IDNA 2008 through libidn2), without a trailing dot; the local part in lower case ASCII (no
 * provider of note distinguishes case), unquoted where quoting was not needed; UTF-8 local parts in
 * NFC; no comments, no source route.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The normal form of one address ("User@Example.COM", "<user@example.com>", "\"a b\"@example.com",
 * "Name <user@example.com> (comment)"). NULL when it is not one: no "@", a part empty, a local part
 * over 255 or a domain over 253 octets, control characters, text that is not UTF-8, a domain that
 * is no host name or that no IDNA rule allows. Longer local parts than the 64 octets of RFC 5321
 * 4.5.3.1.1 and misplaced dots ("a..b@") are accepted, since real mailboxes have them. Bare
 * "postmaster" has no domain and is NULL. Caller frees. Length -1: NUL-terminated.
 */
char *heed_address_normalise(const char *text, gssize length);

/*
 * The same into the caller's buffer and without allocation, for pure-ASCII addresses without quotes
 * (nearly all): returns the length, or 0 when this shortcut does not apply and
 * heed_address_normalise() must be asked.
 */
size_t heed_address_normalise_ascii(const char *text, size_t length, char *out, size_t size);

/* The part behind the last "@" of a normalised address, "" without one; borrowed from it. */
const char *heed_address_domain(const char *address);

/*
 * Whether a normalised address is nobody's own mailbox: the network and mail roles of RFC 2142
 * (abuse, postmaster, hostmaster …), list helpers (-request, -owner) and the senders that are
 * programs (mailer-daemon, noreply). Its business roles (info, sales, support, marketing) are not
 * among them: people read and subscribe those.
 */
bool heed_address_is_role(const char *address);

/* Whether the domain is one of the list (NULL-terminated; NULL is empty) or below one of it; letter
 * case does not matter. */
bool heed_domain_is_among(const char *domain, const char *const *domains);

#endif
