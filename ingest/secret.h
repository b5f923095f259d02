/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_SECRET_H
#define HEED_INGEST_SECRET_H

/*
 * Passwords and tokens: read where they are used, wiped after. A file must belong to us (or root)
 * and be closed to group and others; a command runs through /bin/sh, its first line of output is
 * the secret, its words on stderr are passed on only when it fails.
 */

#include <glib.h>
#include <stdbool.h>

/* The first line of the file. HEED_ERROR_CONFIG: not there, unreadable, too open (chmod 600),
 * empty, too long. */
char *heed_secret_from_file(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All of it, as far as its first NUL: for files of several secrets. The same errors, but that it
 * may be empty. */
char *heed_secret_whole_file(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* HEED_ERROR_CONFIG: the command failed, or said nothing or too much; HEED_ERROR_TEMPORARY: longer
 * than 60 s. */
char *heed_secret_from_command(const char *command, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The checks of heed_secret_from_file() without reading: for `heed config check`. */
bool heed_secret_check_file(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Overwrites, then frees. Accepts NULL. */
void heed_secret_free(char *secret);

#endif
