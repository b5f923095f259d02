/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_AUTOREPLY_H
#define HEED_PARSERS_AUTOREPLY_H

/*
 * What comes back and is no failure: automatic replies (RFC 3834, and those whose subject says it
 * in one of the words that mail programs use), notices that a message was read (RFC 8098), and the
 * daily reports of DMARC (RFC 7489 7.2) and of TLS (RFC 8460).
 */

#include "parsers/reading.h"

/* Reads one message/disposition-notification: an auto-reply, with whom it is from. */
void heed_autoreply_read_disposition(HeedReading *reading, HeedSpan content);

/* Whether the message is a DMARC or TLS report, or an automatic reply; sets the report's kind and
 * format if so. */
bool heed_autoreply_recognise(HeedReading *reading);

#endif
