/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_HOST_H
#define HEED_PARSERS_HOST_H

/* Host names as reports and Received fields write them. */

#include <stdbool.h>
#include <stddef.h>

#define HEED_HOST_BYTES 256U /* RFC 1035 2.3.4, and the NUL */

/*
 * The name alone, in lower case, without a trailing dot: of "dns; MX.Example.net (192.0.2.1)",
 * "mx.example.net.", "mx.example.net[192.0.2.1]:25". NULL text and text without a name give false,
 * and leave out alone.
 */
bool heed_host_read(const char *text, char out[HEED_HOST_BYTES]);

/* Whether two names in lower case have the same registrable domain by the public suffix list
 * ("mx.example.co.uk", "example.co.uk"); never for a public suffix itself. */
bool heed_host_same_organisation(const char *one, const char *other);

/* Whether anybody registers names under this one ("com", "co.uk"), by the part of the public suffix
 * list that registries publish; in lower case, A-labels. */
bool heed_host_is_public_suffix(const char *host);

#endif
