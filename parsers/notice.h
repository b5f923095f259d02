/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_NOTICE_H
#define HEED_PARSERS_NOTICE_H

/*
 * Notices of non-delivery without RFC 3464, or with less in it than their words say: what
 * parsers/formats.h describes, and what fits no description but surely comes from a program and
 * says of whom it speaks. When in doubt a message is no notice.
 */

#include "parsers/reading.h"

/*
 * Recognises and reads a notice: recipients (address, original_recipient, action, status, code,
 * diagnostic, remote_mta, class), kind, format, reporter_mta and, if it was not found yet, the
 * original behind the text. A challenge makes the kind auto-reply. False: it is none, and nothing
 * was changed.
 */
bool heed_notice_read(HeedReading *reading);

/* Whether it is a challenge to prove that one is a person, however it is labelled (Boxbe's are
 * multipart/report with a delivery status); then the kind is auto-reply. Asked first. */
bool heed_notice_is_challenge(HeedReading *reading);

/*
 * Completes the recipients of a delivery status from the text in front of it: a missing diagnostic,
 * a status that says nothing (x.0.0), an address without domain. To be called before the classes
 * are decided; does nothing where the status says all.
 */
void heed_notice_complete(HeedReading *reading);

#endif
