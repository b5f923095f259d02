/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_LOG_LOOK_H
#define HEED_CLI_LOG_LOOK_H

/*
 * A look at a log that is under way, and the file in hand: what log_run.c, log_look_up.c,
 * log_read.c and log_tell.c share. Nobody else's.
 */

#include "base/cleanup.h"
#include "cli/log_run.h"
#include "db/log_file.h"
#include "ingest/log_clerk.h"

typedef struct HeedLooking {
    const HeedLogLook *options;
    HeedLogStore store; /* of its totals those of this look alone */
    HeedLogJob job;
    HeedLogClerk *clerk;
    /* The file before the one in hand, of the same log: */
    char *stem;      /* owned; NULL: there was none */
    int64_t last_id; /* its row */
    bool last_read;  /* it was read now, so that the clerk knows what it said */
    size_t readable; /* files that were read, or had been read before */
    size_t refused;  /* files that could not be read */
    int64_t behind;
    char *trouble; /* owned; the last one, for the log's status */
    int status;
} HeedLooking;

typedef struct HeedInHand {
    const HeedLogFile *file;
    HeedFd fd;
    HeedLogLookUp look_up; /* its head borrowed from head */
    GBytes *head;          /* owned */
    bool cut;              /* it is compressed, and ends within it */
    HeedLogCheckpoint checkpoint;
    HeedLogTally tally;
    bool leased;
} HeedInHand;

/* Files that are named, and not those of a log of the configuration. */
static inline bool
heed_looking_is_by_hand(const HeedLooking *look)
{
    return look->options->paths != NULL;
}

#endif
