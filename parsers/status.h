/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_STATUS_H
#define HEED_PARSERS_STATUS_H

/*
 * What enhanced status codes (IANA's registry, rules/status.def) and SMTP reply codes
 * (rules/replies.def) say of the cause. HEED_CLASS_NONE: nothing.
 */

#include "parsers/report.h"

/* Of a code that is in the registry; HEED_CLASS_NONE for one that is not or says nothing. */
HeedClass heed_status_class(const char *status, bool permanent);

/* Of the subject alone, for codes that are not in the registry. Never a hard class: an unknown code
 * about an address may be about the sender's. */
HeedClass heed_status_subject_class(const char *status);

/* Whether the code says no more than its subject: x.y.0 (x.0.0 says nothing at all). */
bool heed_status_is_generic(const char *status);

/* Of a three-digit reply code. */
HeedClass heed_code_class(const char *code);

#endif
