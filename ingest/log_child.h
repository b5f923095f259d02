/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_CHILD_H
#define HEED_INGEST_LOG_CHILD_H

/*
 * The reader of a log, a process of its own: takes its job, loads the rules, locks itself in
 * (sandbox.h), then reads each file that it is handed as an open descriptor, and answers with what
 * stands in it (log_frames.h). It opens nothing and knows nobody.
 */

/* The role's main: until the store ends. Takes the descriptor. */
int heed_log_child_main(int fd);

#endif
