/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_TYPED_H
#define HEED_PARSERS_TYPED_H

/*
 * The "type; value" fields of RFC 3464 2.1.2: recipients and hosts. Types come in any letter case,
 * twice, or not at all; hosts and recipients with comments, angle brackets and blanks.
 */

#include "parsers/fields.h"
#include "parsers/report.h"

/*
 * A recipient as HeedRecipient's original_recipient and final_recipient have it, or NULL: the bare
 * address for rfc822, utf-8 (RFC 6533 3, native or with \x{…}) and for no type; "type;address"
 * for others (X.400, local …). Xtext (RFC 3461 4), which should have been decoded before it was
 * written, is decoded here only where there is no address without it ("user+40example.org"); for
 * the rest see parsers/about.h. Scratch is overwritten.
 */
const char *heed_typed_recipient(HeedReport *report, HeedSpan value, GString *scratch);

/* The normal form of what heed_typed_recipient() gave; NULL when it is no mail address. The caller
 * frees it. */
char *heed_typed_normalise(const char *recipient);

/* A host's name or address, without type, comments and brackets; or NULL. */
const char *heed_typed_host(HeedReport *report, HeedSpan value, GString *scratch);

/* Undoes xtext ("+40" is "@") in place; false, and text untouched, when it is none. */
bool heed_xtext_decode(GString *text);

#endif
