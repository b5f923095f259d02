/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_ORIGINAL_H
#define HEED_PARSERS_ORIGINAL_H

/* The message that a report is about, as far as the report returns it. */

#include "parsers/reading.h"

/* Finds the enclosed message or headers, or those appended to a mail system's text; fills
 * reading->original and from it report->original. */
void heed_original_read(HeedReading *reading);

/* The same from the text behind a line that announces it, if it was not found yet: as it was, with
 * "> " in front of each line, or indented. The text must live as long as the message. */
void heed_original_read_text(HeedReading *reading, HeedSpan text);

/*
 * The recipient that the sender had mailed, where the original's header leaves no doubt: To: has
 * one address and there is no Cc:, a Received: field says that it was carried for the same
 * address, and it came through no mailing list (whose To: is the list). Normalised, or NULL; the
 * caller frees it.
 */
char *heed_original_recipient(const HeedReading *reading);

/*
 * The same with less proof, for reports that name nobody: without the Received: field. Not enough
 * for a verdict.
 */
char *heed_original_only_recipient(const HeedReading *reading);

/* The address of a From: field; the field's decoded text where there is none. */
const char *heed_original_mailbox(HeedReading *reading, HeedSpan value);

/* A Message-ID without its angle brackets. */
const char *heed_original_identifier(HeedReading *reading, HeedSpan value);

#endif
