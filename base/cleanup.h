/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_BASE_CLEANUP_H
#define HEED_BASE_CLEANUP_H

/*
 * Cleanups for what GLib's g_autoptr does not know. Libraries that only one room links have theirs
 * in that room (parsers/gmime_cleanup.h, db/pq_cleanup.h, ingest/tls_stream.h …).
 */

#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

/* A file descriptor; -1 is none. Use: g_auto(HeedFd) fd = -1; and heed_fd_steal() to pass it on. */
typedef int HeedFd;

static inline void
heed_fd_clear(HeedFd *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static inline int
heed_fd_steal(HeedFd *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

static inline void
heed_file_close(FILE *file)
{
    if (file != NULL)
        (void)fclose(file);
}

typedef FILE HeedFile;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedFd, heed_fd_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedFile, heed_file_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

#endif
