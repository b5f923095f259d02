/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_CLERK_H
#define HEED_INGEST_LOG_CLERK_H

/*
 * The store's side of reading logs: starts a reader (log_child.h), hands it files, takes what it
 * finds. Never looks inside a line. A reader that dies or hangs is replaced: the next one says
 * which line it is at before it reads it, and the one after that passes over the line at fault.
 */

#include "ingest/log_frames.h"

typedef struct HeedLogClerk HeedLogClerk;

/* What a process of ours died of in this clerk's time, and what is known so far. Job, with all that
 * it borrows, and stop (set by a signal handler, may be NULL) are borrowed. Starts nothing yet.
 */
HeedLogClerk *heed_log_clerk_new(const HeedLogJob *job, const int *stop);
void heed_log_clerk_free(HeedLogClerk *clerk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogClerk, heed_log_clerk_free)

/*
 * Hands over an open file (borrowed until the next one is); its first HEED_LIMIT_LOG_HEAD_BYTES,
 * unpacked, come back, the caller's. *out_cut: it is compressed, and ends within them, before it is
 * complete. HEED_ERROR_DATA and HEED_ERROR_IO are the file's trouble,
 * others the clerk's; HEED_ERROR_CANCELLED when it was told to stop.
 */
GBytes *heed_log_clerk_open(HeedLogClerk *clerk, int fd, bool *out_cut, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Takes a batch; what it does not steal of it is freed. False ends the reading. */
typedef bool (*HeedLogTakeBatch)(HeedLogBatch *batch, void *data, GError **error);

/*
 * Reads the file that was opened. The first batch of a file carries on what is known from the file
 * before, unless start says anew. The last batch has a state. HEED_ERROR_DATA, HEED_ERROR_IO: the
 * file cannot be read on; take's errors; HEED_ERROR_CANCELLED.
 */
bool heed_log_clerk_read(HeedLogClerk *clerk,
                         const HeedLogStart *start,
                         HeedLogTakeBatch take,
                         void *data,
                         HeedLogEnd *out,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
