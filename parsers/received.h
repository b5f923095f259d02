/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_RECEIVED_H
#define HEED_PARSERS_RECEIVED_H

/*
 * Received fields (RFC 5321 4.4) of Postfix, Exim, Sendmail, Exchange, Google, Dovecot and the
 * like: who wrote one, and from whom the message came, as far as the writer saw it himself.
 *
 * A client says its own name (HELO) and can say anything, "x ([192.0.2.1]) by mx.example.net" too.
 * So the writer is the last "by" outside of comments, the client's address must be in a comment as
 * the writer makes them and be the only one, and a client's name counts only from software that is
 * known to verify what it writes there.
 */

#include "parsers/host.h"

#include <stdint.h>

#define HEED_ADDRESS_TEXT_BYTES 46U /* INET6_ADDRSTRLEN */

typedef struct HeedReceived {
    char by[HEED_HOST_BYTES];              /* "" when it does not say */
    char name[HEED_HOST_BYTES];            /* the client's verified name, or "" */
    char address[HEED_ADDRESS_TEXT_BYTES]; /* the client's, as inet_ntop(3) has it, or "" */
    bool local; /* no client: made on the host itself, or handed on within it */
    bool lmtp;  /* handed to the store (RFC 2033), never from outside */
    bool from;  /* it names a client at all */
    int64_t date;
} HeedReceived;

void heed_received_read(const char *value, HeedReceived *out_received);

/* The address in the form above, of "192.0.2.1", "[192.0.2.1]", "IPv6:2001:DB8::1",
 * "::ffff:192.0.2.1", "fe80::1%eth0"; false for anything else. */
bool heed_address_text(const char *text, size_t length, char out[HEED_ADDRESS_TEXT_BYTES]);

#endif
