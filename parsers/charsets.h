/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_CHARSETS_H
#define HEED_PARSERS_CHARSETS_H

/*
 * The character sets that mail is written in, loaded ahead: glibc opens a converter's file when it
 * is first used and closes it after the last use, which a worker that has locked itself in cannot
 * do any more. A set that is not among them is read as Latin-1 then.
 */

#include <glib.h>

typedef struct HeedCharsets HeedCharsets;

/* Opens the converters and holds them open. Those that the system does not have are left out. */
HeedCharsets *heed_charsets_new(void);
void heed_charsets_free(HeedCharsets *charsets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedCharsets, heed_charsets_free)

#endif
