/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_ADDRESS_FORMS_H
#define HEED_SUPPRESS_ADDRESS_FORMS_H

/*
 * An address as it is written in text that quotes it, to be found and erased: in normal form, with
 * its domain as people read it (U-labels), and as return paths have it, "local=domain" (VERP). In
 * whatever case, and not as a part of a longer local part's last word or of a longer domain.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds the forms of a normalised address, in lower case, to an array of owned char *. */
void heed_forms_add(GPtrArray *forms, const char *address);

/* Whether one of them occurs in some bytes. Only ASCII letters are taken alike in both cases. */
bool heed_forms_occur(const GPtrArray *forms, const char *bytes, size_t length);

/* The same as a regular expression of PostgreSQL. Caller frees. */
char *heed_forms_pattern(const GPtrArray *forms);

#endif
