/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_FRAMES_H
#define HEED_INGEST_LOG_FRAMES_H

/*
 * What the store and the reader of a log say to each other:
 *
 *     store                    reader
 *     LOG_JOB             ->
 *                         <-   READY
 *     LOG_FILE            ->                       for each file
 *                         <-   LOG_HEAD or LOG_REFUSED
 *     LOG_READ            ->                       unless it is known to its end
 *                         <-   (LOG_FAILURE* LOG_STATE? LOG_BATCH | LOG_PROGRESS)* LOG_ENDED
 *
 * The store trusts nothing that a reader sends: the log may have taken it over.
 */

#include "ingest/frame.h"
#include "ingest/log_job.h"

/* --- store → reader --- */

/* What the reader is to do with all files. */
GBytes *heed_log_job_frame(const HeedLogJob *job);

/* Where and how to read a file. */
typedef struct HeedLogStart {
    uint64_t position;       /* all before it is counted */
    uint64_t lines;          /* so many lines are before it */
    uint64_t state_position; /* what was known there is in state; from there on lines are read again
                                for what they say of messages, and not counted */
    GBytes *state;           /* NULL: nothing was known; borrowed */
    int64_t reference;       /* when the file was last written to */
    bool anew;               /* forget what the files before it said: it is of another log */
    bool settled;            /* nobody writes to it any more: its last line is whole */
    /* To find the line that readers die of: say each line's place before it is read, up to here. */
    uint64_t careful_until;
    const GArray *deadly; /* of uint64_t: places of lines to pass over; borrowed; may be NULL */
} HeedLogStart;

/* The frame of it. */
GBytes *heed_log_start_frame(const HeedLogStart *start);

/* The reader's side of it: state and deadly are the caller's. HEED_ERROR_DATA. */
bool heed_log_start_read(const HeedFrame *frame, HeedLogStart *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* --- reader → store --- */

/* How the reading of a file ended. */
typedef struct HeedLogEnd {
    uint64_t position; /* all before it is counted */
    bool incomplete;   /* a last line waits for its end */
    bool shrunk;       /* the file ends before where it was to be read from; position is its end */
    bool cut;          /* it is compressed, and ends before it is complete */
    char *trouble;     /* owned; why the rest could not be read; or NULL */
} HeedLogEnd;

void heed_log_end_clear(HeedLogEnd *end);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedLogEnd, heed_log_end_clear)

/* The frame of it; and the store's side, whose trouble is made UTF-8. HEED_ERROR_DATA. */
GBytes *heed_log_end_frame(const HeedLogEnd *end);
bool heed_log_end_read(const HeedFrame *frame, HeedLogEnd *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A failure or deferral: its digest, when it happened, and the report as JSON. */
GBytes *
heed_log_failure_frame(const uint8_t digest[HEED_DIGEST_BYTES], int64_t time, const GString *json);
/* An arrival of it, the caller's; NULL with HEED_ERROR_DATA. */
HeedArrival *heed_log_failure_read(const HeedFrame *frame, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What was counted up to a place of the file. */
GBytes *heed_log_batch_frame(uint64_t position, const HeedLogTally *tally, const HeedLogSums *sums);
/* Sets position, tally and sums of a batch that has none. HEED_ERROR_DATA; then it has none still.
 */
bool heed_log_batch_read(const HeedFrame *frame, HeedLogBatch *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
