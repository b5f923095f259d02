/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_REPLAY_SOURCE_H
#define HEED_CLI_REPLAY_SOURCE_H

/*
 * Mail that is kept in the database as a source for the pipeline (HeedPipelineOptions.local): to
 * read it again with better rules (`ingest --reparse`), or what was in quarantine (`quarantine
 * retry`).
 */

#include "db/connection.h"
#include "ingest/source.h"

typedef enum HeedReplay {
    HEED_REPLAY_STORED,
    HEED_REPLAY_QUARANTINED
} HeedReplay;

/* Ids (int64_t, borrowed): of the mail in quarantine; NULL: all of it. The database is borrowed and
 * used between commits. */
HeedSource *heed_replay_source_new(HeedDatabase *database, HeedReplay what, const GArray *ids);

/* Whether it gives mail that was read once before (HEED_REPLAY_STORED). */
bool heed_replay_source_is_of_stored(HeedSource *source);

/* Gives an arrival what the pipeline does not carry: its mailbox and stream, as they were stored.
 */
void heed_replay_source_complete(HeedSource *source, HeedArrival *arrival);

#endif
