/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_FRAME_H
#define HEED_INGEST_FRAME_H

/*
 * What our processes say to each other: frames of a length (4 bytes, little-endian, of all that
 * follows it), a type (1 byte) and a payload. Frames that come by the thousand are packed, rare
 * ones are JSON. Whoever reads a frame trusts nothing in it: a child may have been taken over by
 * the mail or the server it read.
 */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/unpack.h"

typedef enum HeedFrameType {
    /* store → worker */
    HEED_FRAME_SETTINGS = 1, /* JSON: what is ours, what to keep; the first one */
    HEED_FRAME_PARSE,        /* number, flags, source, bytes */
    /* worker → store */
    HEED_FRAME_READY, /* empty: settings taken, locked in */
    /* number, flags, digest, receiver date, tokens, compressed, report as JSON */
    HEED_FRAME_PARSED,
    /* store → fetcher */
    HEED_FRAME_SECTION,      /* JSON: the mailbox and how to read it; the first one */
    HEED_FRAME_RESUME,       /* JSON: where to go on, what to acknowledge still */
    HEED_FRAME_ACKNOWLEDGE,  /* count, then uid and disposition of each; all stored */
    HEED_FRAME_KNOWN_ANSWER, /* one byte for each uid asked for */
    HEED_FRAME_STOP,         /* empty: fetch nothing more, wait for the last acknowledgements */
    HEED_FRAME_FINISH,       /* empty: everything is stored; acknowledge, log out, end */
    /* fetcher → store */
    HEED_FRAME_OPENED,       /* epoch */
    HEED_FRAME_MESSAGE,      /* flags, position, received at, size, uid, source, detail, bytes */
    HEED_FRAME_KNOWN,        /* count, then uids */
    HEED_FRAME_LISTED,       /* empty: every message that is there has been asked about */
    HEED_FRAME_IDLE,         /* empty: nothing more now */
    HEED_FRAME_ACKNOWLEDGED, /* count: so many more of those asked for, in order */
    HEED_FRAME_DONE,         /* empty: ended well; the last one */
    /* any child → store */
    HEED_FRAME_FAILED, /* JSON: code and message; the last one */
    /* store → reader of a log (log_frames.h) */
    HEED_FRAME_LOG_JOB,  /* JSON: what the log is, what is ours; the first one */
    HEED_FRAME_LOG_FILE, /* empty: a descriptor comes with it */
    HEED_FRAME_LOG_READ, /* where to begin, what was known there */
    /* reader of a log → store */
    HEED_FRAME_LOG_HEAD,     /* the file's first bytes; whether it is cut off within them */
    HEED_FRAME_LOG_REFUSED,  /* JSON: code and message: the file cannot be read, others can */
    HEED_FRAME_LOG_FAILURE,  /* digest, time, report as JSON: of the batch that follows */
    HEED_FRAME_LOG_STATE,    /* what is known of messages under way: of the batch that follows */
    HEED_FRAME_LOG_BATCH,    /* position, tally, sums */
    HEED_FRAME_LOG_PROGRESS, /* the place that is read now: a sign of life, and where it died */
    HEED_FRAME_LOG_ENDED     /* how: the last one of a file */
} HeedFrameType;

#define HEED_FRAME_HEAD_BYTES 5U /* length and type */

/* A frame being written. */
typedef struct HeedPack {
    GByteArray *bytes; /* owned */
} HeedPack;

/* Begins a frame; and adds numbers, in little-endian order. */
void heed_pack_begin(HeedPack *pack, HeedFrameType type);
void heed_pack_u8(HeedPack *pack, uint8_t value);
void heed_pack_u32(HeedPack *pack, uint32_t value);
void heed_pack_u64(HeedPack *pack, uint64_t value);
void heed_pack_i64(HeedPack *pack, int64_t value);

/* Length and bytes; NULL differs from empty. */
void heed_pack_bytes(HeedPack *pack, const void *bytes, size_t length);
void heed_pack_text(HeedPack *pack, const char *text);

/* The finished frame; the pack is empty again. */
GBytes *heed_pack_end(HeedPack *pack);

/* The length of bytes that the caller sends right behind this frame; nothing may be packed after
 * it. */
void heed_pack_promise(HeedPack *pack, size_t length);

/* Whole frames in one step. */
GBytes *heed_frame_empty(HeedFrameType type);
GBytes *heed_frame_json(HeedFrameType type, const json_t *json);
/* A list of strings as JSON, for a frame of it; NULL is an empty one. The caller's. */
json_t *heed_frame_list(const char *const *list);
/* HEED_FRAME_FAILED, with the code and message of the error. */
GBytes *heed_frame_failed(const GError *error);

/* A frame as received; the payload is borrowed. */
typedef struct HeedFrame {
    HeedFrameType type;
    const uint8_t *payload;
    size_t length;
} HeedFrame;

/* Reads a payload (base/unpack.h): check once, with heed_unpack_finish(). */
void heed_unpack_begin(HeedUnpack *unpack, const HeedFrame *frame);

/* A copy, the caller's. Longer than max, or with NUL inside: broken. */
char *heed_unpack_text(HeedUnpack *unpack, size_t max);

/* Whether all of the payload was read and nothing was missing; HEED_ERROR_DATA. */
bool heed_unpack_finish(const HeedUnpack *unpack, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* HEED_ERROR_DATA when the payload is not JSON. */
json_t *heed_frame_to_json(const HeedFrame *frame, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The error that a FAILED frame reports; HEED_ERROR_INTERNAL when it is nonsense. */
GError *heed_frame_to_error(const HeedFrame *frame);

#endif
