/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_CHARSETS_H
#define HEED_INGEST_CHARSETS_H

/*
 * The converters that a parse worker keeps open while it is locked in. glibc's iconv loads the
 * module of a character set from a file when it is first asked for it, which the sandbox refuses;
 * a module that something holds open is there for everybody in the process.
 */

#include <glib.h>

typedef struct HeedCharsets HeedCharsets;

/* Opens those that this system has; never fails. */
HeedCharsets *heed_charsets_new(void);
void heed_charsets_free(HeedCharsets *charsets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedCharsets, heed_charsets_free)

#endif
