/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_JOIN_H
#define HEED_PARSERS_LOG_JOIN_H

/*
 * What the lines of a log said of a message, by its queue id: MTAs write sender and Message-ID when
 * a message arrives, and the recipients in lines of their own later. Bounded in messages and bytes;
 * the message that was not spoken of for longest goes first.
 */

#include "parsers/log_event.h"

typedef struct HeedLogJoin HeedLogJoin;

/* What is known of one message. Borrowed from the table until its next call. */
typedef struct HeedLogMessage {
    HeedSpan sender;
    HeedSpan message_id;
    /* Of HeedLogEvent *: the last deferral of each recipient not yet served; NULL for none. */
    GPtrArray *pending;
} HeedLogMessage;

HeedLogJoin *heed_log_join_new(size_t most_messages, size_t most_bytes);
void heed_log_join_free(HeedLogJoin *join);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogJoin, heed_log_join_free)

/* NULL when nothing is known of the message. */
const HeedLogMessage *heed_log_join_find(HeedLogJoin *join, HeedSpan queue_id);

/* Keeps a copy; a message that is not known yet is from then on. */
void heed_log_join_set_sender(HeedLogJoin *join, HeedSpan queue_id, HeedSpan sender);
void heed_log_join_set_message_id(HeedLogJoin *join, HeedSpan queue_id, HeedSpan message_id);

/* Remembers the event of a deferral (with its queue id) until the recipient has another fate, at
 * most HEED_LIMIT_LOG_PENDING of one message. */
void heed_log_join_defer(HeedLogJoin *join, const HeedLogEvent *event);
void heed_log_join_settle(HeedLogJoin *join, HeedSpan queue_id, HeedSpan recipient);

/* Forgets the message: it left the queue, or its id is used anew. */
void heed_log_join_remove(HeedLogJoin *join, HeedSpan queue_id);

/* Calls for each message, the one spoken of last first, until the answer is false. */
typedef bool (*HeedLogJoinTake)(HeedSpan queue_id, const HeedLogMessage *message, void *data);
void heed_log_join_each(const HeedLogJoin *join, HeedLogJoinTake take, void *data);

/* How many messages had to make room for others. */
uint64_t heed_log_join_evicted(const HeedLogJoin *join);

#endif
