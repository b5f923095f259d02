/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_LINES_H
#define HEED_INGEST_LOG_LINES_H

/* A log's bytes cut into lines, with the place of each in the file as it was before compression. */

#include "ingest/log_bytes.h"

typedef enum HeedLogLineKind {
    HEED_LOG_LINE_WHOLE,
    HEED_LOG_LINE_LONG, /* longer than HEED_LIMIT_LOG_LINE_BYTES; passed over, without its bytes */
    HEED_LOG_LINE_OPEN, /* the last one, which has no line end (yet) */
    HEED_LOG_LINE_NONE, /* the end */
    HEED_LOG_LINE_ERROR
} HeedLogLineKind;

/* Borrowed until the next one is asked for. */
typedef struct HeedLogLineRead {
    const char *at;
    size_t length;  /* without the line end */
    uint64_t begin; /* its place in the file */
    uint64_t end;   /* that of what follows */
} HeedLogLineRead;

typedef struct HeedLogLines HeedLogLines;

/* Borrows the bytes. */
HeedLogLines *heed_log_lines_new(HeedLogBytes *bytes);
void heed_log_lines_free(HeedLogLines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogLines, heed_log_lines_free)

/* The first bytes of the file, at most size of them, which are not taken; how many. Only before
 * anything else. False: an error of the bytes. */
bool
heed_log_lines_peek(HeedLogLines *lines, void *out, size_t size, size_t *out_length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Goes on at this place, which is a line's beginning and not before where it is. False with no
 * error: the file ends before it; *out_end is where. */
bool
heed_log_lines_skip_to(HeedLogLines *lines, uint64_t position, uint64_t *out_end, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

HeedLogLineKind heed_log_lines_next(HeedLogLines *lines, HeedLogLineRead *out, GError **error);

#endif
