/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_PROVIDER_H
#define HEED_PARSERS_PROVIDER_H

/*
 * Who runs a mailbox: the table rules/providers.def of mailbox providers, their address domains,
 * mail hosts, and the domains that sign their reports. Names of providers are static and short
 * ("gmail"), compare them with strcmp or by pointer from the same call.
 */

#include <stdbool.h>
#include <stddef.h>

/* The provider of addresses in this domain; NULL when the table has none. Letter case matters: give
 * it normalised. */
const char *heed_provider_of_domain(const char *domain);

/* The provider whose mail host this is ("mx1.mail.icloud.com", "dns; mx.example.net"), or NULL. Any
 * letter case, a trailing dot and an address type before it are allowed. */
const char *heed_provider_of_host(const char *host);

/*
 * The domains that people have addresses in, and those that the names of its mail servers are in or
 * below, one after the other: *at is 0 at first; NULL behind the last. Static.
 */
const char *heed_provider_next_domain(const char *provider, size_t *at);
const char *heed_provider_next_host(const char *provider, size_t *at);

/* Whether the table has this provider. */
bool heed_provider_exists(const char *provider);

/* Whether this domain signs the bounces of that provider (flag SIGNS; exactly the domain or below).
 */
bool heed_provider_signs(const char *provider, const char *domain);

/*
 * Whether a complaint whose From is this address, and which was authenticated for this domain,
 * comes from a feedback loop: the domain is one of those only for that purpose (flag FEEDBACK), or
 * one that users have too but the From is the loop's own address.
 */
bool heed_provider_is_feedback(const char *domain, const char *from);

#endif
