/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_STATE_H
#define HEED_PARSERS_LOG_STATE_H

/*
 * What a log reader remembers of the messages under way, as bytes: kept beside the place up to
 * which a log was read, so that the bounce of tomorrow is still joined to the Message-ID of last
 * week.
 */

#include "parsers/log_reader.h"

/* Appends at most that many bytes: of what does not fit, the messages not spoken of for longest are
 * left out. */
void heed_log_state_save(const HeedLogReader *reader, size_t most, GByteArray *out);

/* Adds what was saved to what the reader knows. Bytes that are not what they should be are left
 * from there on. */
void heed_log_state_load(HeedLogReader *reader, const uint8_t *bytes, size_t length);

#endif
