/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_DSN_H
#define HEED_PARSERS_DSN_H

/*
 * Delivery status notifications: RFC 3464 and, with utf-8 addresses, RFC 6533. Lenient: any letter
 * case, groups without a blank line between them (a second Final-Recipient begins a new one),
 * groups without Final-Recipient, types that are missing.
 *
 * The Action decides what happened, never the first digit of the Status (a message that expired is
 * "failed" with 4.4.7). Where the Action is missing or unknown it is inferred from that digit, and
 * where there is none, from the reply in the Diagnostic-Code: 2 delivered, 4 delayed, 5 failed.
 */

#include "parsers/reading.h"

/* Adds the recipients of one message/delivery-status; their classes come in heed_dsn_finish(). */
void heed_dsn_read(HeedReading *reading, HeedSpan content);

/* Whether text has fields of a delivery status in it, and where they begin. */
bool heed_dsn_find(HeedSpan text, HeedSpan *out_content);

/*
 * Once the original is read too: each recipient's address and class, and the report's kind, of
 * several fates the first of bounce, delay, success (design.md).
 */
void heed_dsn_finish(HeedReading *reading);

/*
 * Instead, for a report whose delivery status names no recipient: a bounce of class unknown, about
 * whom the original names in To: if it names nobody else.
 */
void heed_dsn_finish_empty(HeedReading *reading);

#endif
