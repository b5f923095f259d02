/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_WORKER_H
#define HEED_INGEST_WORKER_H

/*
 * A parse worker: takes settings, loads what it needs, locks itself in (sandbox.h), then answers
 * each PARSE frame with a PARSED frame, in order. It is given bytes and nothing else.
 */

#include "ingest/frame.h"
#include "parsers/arrival.h"
#include "parsers/parser.h"

/* The role's main: until the store ends. Takes the descriptor. */
int heed_worker_main(int fd);

/* Its first frame. Without digest, the answers have zeros in its place. */
GBytes *
heed_worker_settings_frame(const HeedParserSettings *settings, bool keep_raw, bool with_digest);

/* One message to read; the bytes follow the frame (heed_pack_promise). */
typedef struct HeedTask {
    uint64_t number;
    bool closed;
    bool truncated;
    const char *source; /* borrowed, or NULL */
    size_t length;
} HeedTask;

/* The frame of it; the bytes of the message follow. */
GBytes *heed_worker_task_frame(const HeedTask *task);

/* An answer, as believed of a worker that may have been taken over. */
typedef struct HeedAnswer {
    uint64_t number;
    bool other;     /* it says that the kind is other */
    bool oversized; /* its report does not fit into a frame and was left out */
    uint8_t digest[HEED_DIGEST_BYTES];
    int64_t receiver_date;
    char *tokens;       /* owned; report->tokens, a line each; or NULL */
    char *headers;      /* owned; report->original_headers, so too */
    GBytes *compressed; /* owned; or NULL */
    const char *json;   /* borrowed from the frame; not NUL-terminated */
    size_t json_length;
} HeedAnswer;

/* Accepts one that holds nothing. */
void heed_answer_clear(HeedAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedAnswer, heed_answer_clear)

/* HEED_ERROR_DATA; *out then holds nothing. */
bool heed_worker_answer_read(const HeedFrame *frame, HeedAnswer *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/*
 * Whether the bytes are kept: all with keep_raw, and what goes to quarantine (cut off, and not
 * understood from what is there).
 */
bool heed_worker_keeps(bool keep_raw, bool truncated, HeedKind kind);

#endif
