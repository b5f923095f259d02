/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_CHANNEL_H
#define HEED_INGEST_CHANNEL_H

/*
 * One end of the socket between the store and a child: frames in, frames out, both buffered. The
 * store never waits on a channel (it polls them all); a child does.
 */

#include "ingest/frame.h"

typedef struct HeedChannel {
    int fd;         /* owned; -1: closed */
    bool ended;     /* the other side has closed; frames received before it are still there */
    size_t waiting; /* bytes queued and not yet sent */
    GQueue *out;    /* owned, of GBytes */
    size_t out_at;  /* of the first of them, already sent */
    GByteArray *in; /* owned */
    size_t in_at;   /* of it, already taken */
    size_t in_peak; /* its greatest length: what memory it holds */
    bool takes_fd;  /* descriptors may come with frames, one at a time */
    int passed;     /* owned; the last one that came and was not taken; -1: none */
} HeedChannel;

/* Takes the descriptor. */
void heed_channel_init(HeedChannel *channel, int fd);
void heed_channel_clear(HeedChannel *channel);

/* Queues bytes, which the channel takes. */
void heed_channel_send(HeedChannel *channel, GBytes *bytes);

/* Sends what is queued: all of it (waiting), or as much as goes without waiting. For a peer
 * that is gone the queue is dropped: what it sent before can still be received. */
bool heed_channel_flush(HeedChannel *channel, bool wait, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends a frame, which the channel takes, and with it a descriptor (borrowed; the other side gets
 * its own). Waits until all before it is sent. */
bool heed_channel_pass(HeedChannel *channel, GBytes *bytes, int fd, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Receives what is there, at most some tens of KB; waiting: at least one byte, or the end. */
bool heed_channel_fill(HeedChannel *channel, bool wait, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum HeedChannelNext {
    HEED_CHANNEL_FRAME,
    HEED_CHANNEL_NONE, /* none complete yet */
    HEED_CHANNEL_BAD   /* longer than HEED_LIMIT_FRAME_BYTES, or empty */
} HeedChannelNext;

/* Takes the next complete frame. Its payload is borrowed until the next fill. HEED_ERROR_DATA. */
HeedChannelNext heed_channel_next(HeedChannel *channel, HeedFrame *out, GError **error);

/*
 * For a child: sends what is queued and waits for the next frame. The end of the store is the end
 * of the child, and no error to report to anybody: HEED_ERROR_CANCELLED.
 */
bool heed_channel_receive(HeedChannel *channel, HeedFrame *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
