/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_CLEAN_LINES_H
#define HEED_CLI_CLEAN_LINES_H

/*
 * What `heed clean` says at its end.
 */

#include "suppress/clean.h"

/* The lines that are said of a cleaned list, NULL-terminated: its counts, and what was not done to
 * it. Caller frees with g_strfreev(). */
char **heed_clean_lines(const char *list_name, const HeedCleaned *cleaned);

#endif
