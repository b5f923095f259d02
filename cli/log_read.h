/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_LOG_READ_H
#define HEED_CLI_LOG_READ_H

#include "cli/log_look.h"

/* Reads what is new of one file into the store, and notes how far. Errors are those that hinder all
 * files: the database, or being told to stop. */
bool heed_log_read_file(HeedLooking *look, const HeedLogFile *file, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
