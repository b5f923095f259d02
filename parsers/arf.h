/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_ARF_H
#define HEED_PARSERS_ARF_H

/*
 * Feedback reports: RFC 5965, with RFC 6430 (not-spam), RFC 6590 (redacted addresses, taken as
 * they are) and RFC 6591 (authentication failures). Missing versions, user agents and third parts
 * are forgiven.
 *
 * Every feedback type but not-spam and auth-failure is a complaint. Its verdict is "complaint"
 * where somebody objected (abuse, fraud, and no type at all, which is what a spam button sends).
 * For "virus", which a scanner found, and for "other" and unregistered types, which may mean
 * anything, it is "none": a person who did not object is not to be silenced.
 */

#include "parsers/reading.h"

/* Reads one message/feedback-report. */
void heed_arf_read(HeedReading *reading, HeedSpan content);

/* Whether the text has such a report's fields: Feedback-Type and one more that RFC 5965 3 requires
 * or knows. *out_content is the text from the first of them on. */
bool heed_arf_find(HeedSpan text, HeedSpan *out_content);

/* Once the original is read too: its class and verdict, the recipient as it stands, and the
 * report's kind. */
void heed_arf_finish(HeedReading *reading);

#endif
