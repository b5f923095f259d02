/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_AUTHRES_H
#define HEED_PARSERS_AUTHRES_H

/* Authentication-Results fields (RFC 8601): which domains passed DKIM or SPF. */

#include "parsers/host.h"

#include <glib.h>

/*
 * The authserv-id of the field, and the domains in lower case that passed: header.d (else that of
 * header.i) of dkim=pass, smtp.mailfrom (else smtp.helo) of spf=pass. Appends them to domains (of
 * char *, owned by the array), at most HEED_AUTHRES_MAX of one field. False, and nothing done, when
 * the field has no authserv-id, is not of version 1, or has a comment in which a client's address
 * may pretend to be more than that.
 */
bool heed_authres_read(const char *value, char out_id[HEED_HOST_BYTES], GPtrArray *domains);

#define HEED_AUTHRES_MAX 32U

#endif
