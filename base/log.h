/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_BASE_LOG_H
#define HEED_BASE_LOG_H

/*
 * Talk on standard error, one line a call, for the room cli/ and the main loops of our processes.
 * Libraries do not log: they return a GError. Personal data (addresses) only at debug level;
 * secrets never.
 */

#include <glib.h>

typedef enum HeedLogLevel {
    HEED_LOG_ERROR,   /* always shown */
    HEED_LOG_WARNING, /* always shown */
    HEED_LOG_NOTICE,  /* hidden by --quiet */
    HEED_LOG_DEBUG    /* shown by --verbose */
} HeedLogLevel;

/* The most talkative level that is shown; NOTICE until set. */
void heed_log_set_level(HeedLogLevel level);
HeedLogLevel heed_log_level(void);

/* Writes "heed: MESSAGE\n" in one write(2). Each control character of the message (C0,
 * DEL, C1) and each byte that is not UTF-8 is shown as '?'. */
void heed_log(HeedLogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
