/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_CHILD_H
#define HEED_INGEST_CHILD_H

/*
 * Processes of our own: this program executed anew (/proc/self/exe), so that a child inherits
 * nothing of the store's memory: no secret, no database connection. It has its end of a socket on
 * HEED_CHILD_FD, no other descriptor but stderr, and a trimmed environment; it dies with its
 * parent.
 */

#include "ingest/channel.h"

#include <sys/types.h>

typedef enum HeedRole {
    HEED_ROLE_FETCHER, /* keeps the environment (password commands need it) but for the database's
                        */
    HEED_ROLE_WORKER,  /* no environment; stderr only in a build with sanitizers */
    HEED_ROLE_LOG      /* as a worker */
} HeedRole;

typedef struct HeedChild {
    pid_t pid; /* 0: none */
    HeedChannel channel;
} HeedChild;

/* Must be called by the thread that lives as long as the child shall. With_stdin: standard input
 * is ours ("-" among the paths to read), else empty. HEED_ERROR_INTERNAL. */
bool heed_child_start(HeedChild *child, HeedRole role, bool with_stdin, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Kills it unless it has ended by itself, waits for it, closes the channel. Returns the status as
 * waitpid(2) has it. Accepts one that was never started. */
int heed_child_end(HeedChild *child);

/* What such a status means, for people: "killed by signal 11 (Segmentation fault)". Caller frees.
 */
char *heed_child_describe(int status);

/*
 * What a child does first: signals that end a whole process group or service (SIGINT, SIGTERM,
 * SIGHUP) are left to the store, which ends its children when everything in hand is stored.
 */
void heed_child_settle(void);

#endif
