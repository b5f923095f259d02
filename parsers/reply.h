/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_REPLY_H
#define HEED_PARSERS_REPLY_H

/*
 * SMTP replies (RFC 5321 4.2) and enhanced status codes (RFC 3463 2) inside of other text: a
 * Diagnostic-Code field, a line of a notice, a log line. A bounded scanner without allocation; it
 * never reads past the length it is given, and any bytes give an answer.
 *
 * What is taken for a code: "550 5.1.1", "550-5.1.1", "550 #5.1.1", "550 (#5.1.1)", "[5.1.1]", at
 * the start of the text or of a line, behind a colon, a bracket or a word such as "said" or
 * "error". What is not: numbers inside of addresses, dates, versions, ports and sizes, and 600 or
 * more.
 *
 * Several codes in one text: the last one of those that stand most plainly decides, since a
 * multi-line reply is decided by its last line and a relay quotes before it what it was told.
 */

#include <stdbool.h>
#include <stddef.h>

#define HEED_STATUS_BYTES 12U /* "5.999.999" and its NUL */

typedef struct HeedReply {
    char code[4];                   /* "550"; "" when there is none */
    char status[HEED_STATUS_BYTES]; /* "5.1.1"; "" when there is none */
    const char
        *text; /* borrowed: the words of the deciding reply behind its first code and status */
    size_t length;
} HeedReply;

/* Whether the text holds a reply code or an enhanced status code; fills *out_reply either way. The
 * text may be folded, have several lines and begin with a type ("smtp;"). */
bool heed_reply_read(const char *text, size_t length, HeedReply *out_reply);

/*
 * How many bytes at the beginning of a Diagnostic-Code are its type, the semicolon and the space
 * around it: "smtp; ", "X-Postfix;", "SMTP;;" (RFC 3464 2.3.6). 0 when it has none.
 */
size_t heed_reply_type_length(const char *text, size_t length);

/*
 * Reads the enhanced status code at the beginning of a Status field ("5.1.1 (unknown)", "#5.1.1"):
 * class 2, 4 or 5; subject and detail of one to three digits without leading zeros (RFC 3463 2).
 * Leaves out alone and answers false for anything else.
 */
bool heed_status_read(const char *text, size_t length, char out[HEED_STATUS_BYTES]);

#endif
