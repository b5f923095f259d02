/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_TRUST_H
#define HEED_PARSERS_TRUST_H

/*
 * How far a report is to be believed (design.md, "Trust"). Anybody can send us a bounce or a
 * complaint about anybody; a report is authenticated only when what our own receivers wrote about
 * its arrival says that it comes from somebody who answers for the recipient.
 *
 * The trust boundary. Header fields are added on top. Those from the top down to the last of the
 * Received fields that our receivers wrote without a break are ours; whatever is below was brought
 * by the message and may be forged. A Received field counts as written by a receiver when its "by"
 * names one; the client it names is the address in brackets or the name that our receiver verified,
 * never what the client called itself (HELO).
 *
 * Authentication-Results (RFC 8601) count when their authserv-id is one of ours and they stand
 * above the boundary (section 4.1: above the Received of the server that wrote them); of each
 * method the topmost. Where results_below_received says that our servers write theirs below it and
 * take out those with their name that a message brings (section 5), and there is none above, the
 * topmost of them down to the next Received.
 */

#include "parsers/parser.h"

typedef struct HeedTrustInput {
    const char *const *names;  /* the message's header fields from the top, unfolded or not */
    const char *const *values; /* at the same index */
    size_t count;
    const HeedReport *report; /* with its recipients, kind and original read */
    const HeedParserSettings *settings;
    bool closed; /* the mailbox's trust is "closed" */
} HeedTrustInput;

/*
 * HEED_TRUST_UNKNOWN when settings->domains is NULL. Where a report has several recipients its
 * trust is that of the one least answered for. *out_receiver_date becomes the date of the topmost
 * Received field written by one of our receivers, or HEED_DATE_UNKNOWN.
 */
HeedTrust heed_trust_assess(const HeedTrustInput *input, int64_t *out_receiver_date);

#endif
