/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_BASE_ERROR_H
#define HEED_BASE_ERROR_H

/*
 * The one error domain of Heed. A code says what whoever gets the error can do about it, not what
 * caused it; the message says what failed and where, lower case, without a full stop, and never
 * holds a secret or an SQL parameter. Content is not an error: a parser that meets nonsense reports
 * what it read (see parsers/report.h).
 */

#include <glib.h>
#include <stdbool.h>

#define HEED_ERROR (heed_error_quark())

typedef enum HeedError {
    HEED_ERROR_USAGE,       /* the command line is wrong: EX_USAGE, 64 */
    HEED_ERROR_DATA,        /* the input data is bad: EX_DATAERR, 65 */
    HEED_ERROR_LIMIT,       /* a limit of base/limits.h was reached: EX_DATAERR, 65 */
    HEED_ERROR_NO_INPUT,    /* an input does not exist or cannot be read: EX_NOINPUT, 66 */
    HEED_ERROR_UNAVAILABLE, /* a service refused, and asking again will not help: EX_UNAVAILABLE, 69
                             */
    HEED_ERROR_INTERNAL,    /* a bug of ours, or a child process that died: EX_SOFTWARE, 70 */
    HEED_ERROR_CANT_CREATE, /* an output cannot be created: EX_CANTCREAT, 73 */
    HEED_ERROR_IO,          /* reading or writing failed midway: EX_IOERR, 74 */
    HEED_ERROR_TEMPORARY,   /* may work later: network, a busy or restarting server: EX_TEMPFAIL, 75
                             */
    HEED_ERROR_CONFLICT, /* lost a race (serialisation, deadlock); try the whole again: EX_TEMPFAIL,
                            75 */
    HEED_ERROR_CANCELLED,  /* asked to stop: EX_TEMPFAIL, 75 */
    HEED_ERROR_PERMISSION, /* permission or authentication: EX_NOPERM, 77 */
    HEED_ERROR_CONFIG      /* the configuration is wrong: EX_CONFIG, 78 */
} HeedError;

/* The domain of HEED_ERROR. */
GQuark heed_error_quark(void);

/* The sysexits(3) status for an error; 0 for NULL, 70 for an error of another domain. */
int heed_error_exit_status(const GError *error);

/*
 * Of two exit statuses the one to report when both happened, the most lasting first:
 * 78, 77, 65, 69, 75, then any other that is not 0.
 */
int heed_exit_status_worse(int one, int other);

#endif
