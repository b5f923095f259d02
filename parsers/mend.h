/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_MEND_H
#define HEED_PARSERS_MEND_H

/*
 * Makes bytes fit for GMime, which would misread or die of some of them: blank lines, an mbox
 * "From " line or a byte order mark in front; lines that end with CR alone; header fields so long
 * that nested address groups in them ("To: g:g:g:…") overflow its stack, in the message or in any
 * message enclosed in it; header blocks of many MB.
 */

#include "parsers/report.h"

typedef struct HeedMended {
    const char *bytes;
    size_t length;
    /* What bytes points into, unless it is the caller's. */
    GString *owned;
} HeedMended;

/* Notes in the report what had to be mended. Clear *out afterwards. */
void heed_mend(const char *bytes, size_t length, HeedReport *report, HeedMended *out);
void heed_mended_clear(HeedMended *mended);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedMended, heed_mended_clear)

#endif
