/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_BASE_ATOMIC_FILE_H
#define HEED_BASE_ATOMIC_FILE_H

/*
 * A file that appears whole or not at all: written in the folder of its final place, synced,
 * renamed over it, and the folder synced. Readers (an MTA, a cron job) never see half a list.
 *
 * Until it is whole it has no name (O_TMPFILE), so that nothing is left of what was killed. Where
 * the file system has no such files, NFS for one, or /proc is not there, it is called PATH.XXXXXX
 * meanwhile, and that stays behind: nobody else can tell it from what another process is writing at
 * that moment.
 *
 * Order: open, write to ->stream, then commit or just free (which removes the temporary file).
 */

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct HeedAtomicFile {
    FILE *stream; /* owned; where to write */
    char *path;   /* owned; the final place */
    /* owned; its name until then; NULL: it has none, or nothing is to be renamed */
    char *temporary;
    bool is_unnamed; /* it gets its first name when it is committed */
} HeedAtomicFile;

/* Mode is that of the final file, e.g. 0644, less the umask. HEED_ERROR_CANT_CREATE. */
HeedAtomicFile *heed_atomic_file_open(const char *path, unsigned mode, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same for a path that a person names. A symbolic link stays, and what it points to is
 * replaced; what is neither a file nor missing (a pipe, a device such as /dev/null) stays, and is
 * written to as it comes: not whole or not at all. */
HeedAtomicFile *heed_atomic_file_open_output(const char *path, unsigned mode, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Flushes, syncs and renames. On HEED_ERROR_IO the old file stands untouched. */
bool heed_atomic_file_commit(HeedAtomicFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Accepts NULL. What was not committed is removed. */
void heed_atomic_file_free(HeedAtomicFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedAtomicFile, heed_atomic_file_free)

#endif
