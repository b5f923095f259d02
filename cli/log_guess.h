/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_LOG_GUESS_H
#define HEED_CLI_LOG_GUESS_H

/*
 * The name of the format that the beginning of a file has if it is the log of a mail server, packed
 * or not; NULL: it may be mail. "-" is standard input, of which nothing is taken away; where that
 * cannot be, as from a terminal, it may be mail. Foreign bytes are unpacked in a reader's process.
 */
const char *heed_log_guess(const char *path);

#endif
