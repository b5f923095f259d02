/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_AUTHRES_H
#define HEED_PARSERS_AUTHRES_H

/* Authentication-Results fields (RFC 8601): which domains passed DKIM, SPF or DMARC. */

#include "parsers/host.h"

#include <glib.h>

/* Methods, as bits. */
enum {
    HEED_AUTHRES_DKIM = 1,
    HEED_AUTHRES_SPF = 2,
    HEED_AUTHRES_DMARC = 4
};

/*
 * The authserv-id of the field ("" when it has none), and the domains in lower case that passed:
 * header.d (else that of header.i) of dkim=pass, smtp.mailfrom (else smtp.helo) of spf=pass,
 * header.from of dmarc=pass (which needs a pass of one of the others for the same organisation, RFC
 * 7489 3.1). Appends them to domains (of char *, owned by the array), at most HEED_AUTHRES_MAX of
 * one field, without those of the methods in *methods; adds to that the methods of which the field
 * gives any result, so that of fields read from the top the first of each method counts. False,
 * with no domain or method, when the field has no authserv-id, is not of version 1, or has a
 * comment in which a client's address may pretend to be more than that.
 */
bool heed_authres_read(const char *value,
                       char out_id[HEED_HOST_BYTES],
                       unsigned *methods,
                       GPtrArray *domains);

#define HEED_AUTHRES_MAX 32U

#endif
