/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_MEMBER_H
#define HEED_PARSERS_LOG_MEMBER_H

/*
 * Events made of texts: the members of an event by the names that heed_log_event_json() gives them,
 * of which the generic forms (CSV, JSON lines) consist. For parsers/log_*.c alone.
 */

#include "parsers/log_reading.h"

/* The first three are what every event must have. */
typedef enum HeedLogMember {
    HEED_LOG_MEMBER_OUTCOME,
    HEED_LOG_MEMBER_TIME,
    HEED_LOG_MEMBER_RECIPIENT,
    HEED_LOG_MEMBER_SENDER,
    HEED_LOG_MEMBER_MESSAGE_ID,
    HEED_LOG_MEMBER_QUEUE_ID,
    HEED_LOG_MEMBER_ORIGINAL_RECIPIENT,
    HEED_LOG_MEMBER_RELAY_HOST,
    HEED_LOG_MEMBER_RELAY_IP,
    HEED_LOG_MEMBER_SOURCE_IP,
    HEED_LOG_MEMBER_CHANNEL,
    HEED_LOG_MEMBER_CAMPAIGN,
    HEED_LOG_MEMBER_REPLY,
    HEED_LOG_MEMBER_STATUS,
    HEED_LOG_MEMBER_CODE,
    HEED_LOG_MEMBER_DELAY,
    HEED_LOG_MEMBER_INTERNAL,
    HEED_LOG_MEMBERS, /* how many there are */
} HeedLogMember;

/* Their names, HEED_LOG_MEMBERS of them. */
extern const char *const heed_log_member_names[];

/* The number of a name among those, in any letter case; `count` where it is none. */
size_t heed_log_name_index(HeedSpan name, const char *const *names, size_t count);

/*
 * Hands out the event of these texts, HEED_LOG_MEMBERS of them; one whose `at` is NULL is unknown,
 * and so is an empty one but for the sender (the null sender).
 * HEED_LOG_VALUE where there is no outcome or recipient, HEED_LOG_TIME where there is no time;
 * whatever else makes no sense is unknown.
 */
HeedLogTrouble heed_log_member_event(HeedLogReader *reader, const HeedSpan *values);

/* All of the text as a time: RFC 3339 and its like (parsers/log_time.h), or unix seconds. */
bool heed_log_read_time(HeedLogClock *clock, HeedSpan text, int64_t *out_time);

/* NULL for an empty text: unknown. */
HeedSpan heed_log_known(HeedSpan text);

/* "<ann@example.com>" to what is in the brackets, other text as it is. */
HeedSpan heed_log_without_brackets(HeedSpan text);

#endif
