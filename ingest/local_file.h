/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOCAL_FILE_H
#define HEED_INGEST_LOCAL_FILE_H

/*
 * Mail in files of this machine, for the sources maildir.c and paths.c. A file is read up to
 * HEED_LIMIT_MESSAGE_BYTES; only regular files are (a FIFO would hold us for ever).
 */

#include "ingest/source.h"

/* Opens for reading without blocking; regular files only. -1 with errno set: EINVAL when it is
 * another kind of file. */
int heed_local_file_open(const char *path);

/*
 * Reads a file that holds one message into item: bytes, size, truncated, and received_at by the
 * file's time. False when it is not there (any more); a file that cannot be read gives true, no
 * bytes and the reason in detail.
 */
bool heed_local_file_load(const char *path, HeedItem *item);

/* Sleeps until seconds have gone or one of the two descriptors (-1: none) becomes readable. */
void heed_local_file_sleep(unsigned seconds, int wake_fd, int news_fd);

#endif
