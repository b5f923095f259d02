/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_EXIM_TEXT_H
#define HEED_PARSERS_LOG_EXIM_TEXT_H

/*
 * The two texts of Exim's main log that need care: the address that a line is about, and what went
 * wrong. For parsers/log_exim.c alone.
 *
 * Exim writes the local part of a recipient as it is, without its quotes, so that it may look like
 * anything, the rest of the line included. But when it had quotes, the address as the sender wrote
 * it follows in angle brackets, with them: the last such pair that fits is the address.
 */

#include "parsers/log_event.h"

/*
 * Cuts the address at the beginning of the text off it: "ann@example.net",
 * "ann@example.net <staff@example.com>" (made of an alias), "ann <ann@example.net>" (a mailbox
 * here), "|command <ann@example.net>". False where there is none, as in a line that was cut off.
 */
bool heed_log_exim_take_address(HeedSpan *text, HeedLogEvent *event);

/*
 * What became of it in words: the server's reply goes to the event, with the server's name where
 * the text has it ("host mx.example.net [192.0.2.1]: 550 …", before Exim 4.83), or else Exim's
 * words. Says whether Exim gave up for the time that it took (HEED_LOG_EXPIRED); the event's
 * outcome is not touched. The scratch, which must not move, has what was unescaped.
 */
bool heed_log_exim_read_reason(HeedSpan reason, GString *scratch, HeedLogEvent *event);

/* Undoes what Exim's logging does to a reply: line ends of a multi-line reply become blanks (as
 * Postfix logs them), octal escapes of bytes beyond ASCII those bytes. */
HeedSpan heed_log_exim_unescape(HeedSpan text, GString *scratch);

#endif
