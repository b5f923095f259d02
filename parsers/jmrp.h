/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_JMRP_H
#define HEED_PARSERS_JMRP_H

/*
 * Complaints of Microsoft's Junk Mail Reporting Program as they were until June 2026 (and may come
 * from old mailboxes): no feedback-report part, but the whole message, enclosed or as it is, with
 * Microsoft's own fields on top of it, X-HmXmrOriginalRecipient among them, which names who
 * complained. From: staff@hotmail.com, "complaint about message from ADDRESS" as the subject, the
 * address being the server that had sent it. Since then the programme sends RFC 5965, with the
 * headers alone and nobody named; parsers/arf.h reads that.
 */

#include "parsers/reading.h"

/* Recognises and reads one. False: it is none, and nothing was changed. */
bool heed_jmrp_read(HeedReading *reading);

#endif
