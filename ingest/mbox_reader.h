/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_MBOX_READER_H
#define HEED_INGEST_MBOX_READER_H

/*
 * Reads messages one after the other from an mbox (RFC 4155 and its relatives mboxo and mboxrd), or
 * the one message of a file or stream that is not an mbox. Memory is one message at most, cut at
 * HEED_LIMIT_MESSAGE_BYTES, however long its lines.
 *
 * A message begins at a line "From SENDER DATE" that stands first or behind an empty line and holds
 * a time of day and a year, since careless writers leave "From here on" in bodies unquoted.
 * Content-Length is ignored: programs that edit an mbox forget to mend it. One ">" is taken off
 * lines of ">"s and "From ", and the empty line that ends a message is not part of it, so that a
 * copy over IMAP has the same digest.
 */

#include "ingest/source.h"

typedef struct HeedMboxReader HeedMboxReader;

/* Takes over the descriptor, which stands at offset; stops before limit (INT64_MAX: the end). */
HeedMboxReader *heed_mbox_reader_new(int fd, int64_t offset, int64_t limit);

/* The same for another file, with the memory of the one before; NULL: as heed_mbox_reader_new(). */
HeedMboxReader *
heed_mbox_reader_renew(HeedMboxReader *reader, int fd, int64_t offset, int64_t limit);

void heed_mbox_reader_free(HeedMboxReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedMboxReader, heed_mbox_reader_free)

/* Does what comes begin like an mbox? Else next() gives all of it as one message. */
bool heed_mbox_reader_at_from_line(HeedMboxReader *reader);

/*
 * Fills bytes, size, truncated, received_at (the date of the From_ line, taken as UTC as RFC 4155
 * has it, unless it names a zone in figures) and position, which is where the next message begins.
 * HEED_ERROR_IO.
 */
HeedNext heed_mbox_reader_next(HeedMboxReader *reader, HeedItem *out, GError **error);

#endif
