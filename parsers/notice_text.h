/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_NOTICE_TEXT_H
#define HEED_PARSERS_NOTICE_TEXT_H

/* The words of a message that may be a notice, as people would see them. */

#include "parsers/reading.h"

/*
 * The plain text in front of the returned message, its transfer encoding undone, in UTF-8; where
 * there is none, its HTML without the tags. What has no character set is UTF-8, ISO-2022-JP if it
 * switches to that, else Latin-1. Lives as long as the message. Empty: there is none.
 */
HeedSpan heed_notice_text(HeedReading *reading);

/* The bytes in this character set as UTF-8, appended to out. What is none of the set becomes "?";
 * an unknown set is read as Latin-1. */
void heed_notice_text_convert(const char *charset, HeedSpan text, GString *out);

/* HTML without its tags, a line end where a block begins or ends, entities decoded as far as mail
 * systems use them. Appends to out. For tests. */
void heed_notice_text_from_html(HeedSpan html, GString *out);

#endif
