/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_LOG_TELL_H
#define HEED_CLI_LOG_TELL_H

/* What is said of files and lines, and what becomes of it: the exit status, the log's own status.
 */

#include "cli/log_look.h"

/* A file that cannot be read; the others can. Where a log is polled its old files are what they are
 * the next time too, and are said once more by heed status alone. */
void
heed_log_tell_trouble(HeedLooking *look, const HeedLogFile *file, int status, const char *what);

/* Whether the error is the file's alone. Then it is told, and cleared. */
bool heed_log_tell_if_of_file(HeedLooking *look, const HeedLogFile *file, GError **reason);

/* One line for each kind of trouble with lines. */
void heed_log_tell_lines(HeedLooking *look, const HeedInHand *hand);

/* A file that was cut down. */
void heed_log_tell_shorter(HeedLooking *look, const HeedLogFile *file);

/* What is compressed, and ends before it is complete; false: it may be in the making. */
bool heed_log_tell_cut(HeedLooking *look, const HeedInHand *hand);

/* Counts what is there behind this place and was not read. */
void heed_log_tell_behind(HeedLooking *look, int64_t size, uint64_t position, bool is_packed);

#endif
