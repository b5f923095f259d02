/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_SET_H
#define HEED_INGEST_LOG_SET_H

/*
 * The files of a log, the oldest first: the one that is written to, and those it was before it was
 * rotated away, as logrotate, newsyslog, Exim and others name them:
 *
 *     mail.log  mail.log.1  mail.log.2.gz  mail.log-20260101.xz  mail.log.2026-01-01.zst
 *     mail-20260101.log  mail.1.log.gz
 *
 * Where a file is there plain and compressed, it is being compressed: the plain one is taken.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A file as a folder and stat(2) show it. */
typedef struct HeedLogFile {
    char *path; /* owned */
    char *stem; /* owned; the path without what rotation and compression added */
    int64_t device;
    int64_t inode;
    int64_t size;     /* as it is stored */
    int64_t modified; /* nanoseconds since 1970 */
    bool is_rotated;  /* by its name */
    bool is_packed;   /* by its name */
    bool is_pipe;     /* no ordinary file: read once, from where it is */
    int64_t rank;     /* within its stem: lower is older */
} HeedLogFile;

void heed_log_file_free(HeedLogFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogFile, heed_log_file_free)

/* The files of a path of the configuration (of HeedLogFile *, the caller's): with the rotated ones
 * beside it, or all that a pattern (*, ?, [) fits. HEED_ERROR_NO_INPUT when there is none, the
 * path is no ordinary file's (a pipe), or the folder cannot be read. */
GPtrArray *heed_log_set_find(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Those that are named, "-" being standard input, in the same order. Of one that is not there
 * nothing but its names are known. */
GPtrArray *heed_log_set_named(char *const *paths);

#endif
