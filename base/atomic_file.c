/* SPDX-License-Identifier: Apache-2.0 */
/* realpath() is not in POSIX alone. */
#define _XOPEN_SOURCE 700

#include "base/atomic_file.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

HeedAtomicFile *
heed_atomic_file_open(const char *path, unsigned mode, GError **error)
{
    g_autoptr(HeedAtomicFile) file = g_new0(HeedAtomicFile, 1);
    g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
    g_auto(HeedFd) fd = -1;
    mode_t mask = umask(0);

    (void)umask(mask);
    file->path = g_strdup(path);
    fd = mkstemp(temporary);
    if (fd < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot create '%s': %s", path,
                    g_strerror(errno));
        return NULL;
    }
    file->temporary = g_steal_pointer(&temporary);
    if (fchmod(fd, (mode_t)mode & ~mask) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
        (file->stream = fdopen(fd, "w")) == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot create '%s': %s", path,
                    g_strerror(errno));
        return NULL;
    }
    (void)heed_fd_steal(&fd);
    return g_steal_pointer(&file);
}

static HeedAtomicFile *
cannot_create(const char *path, int reason, GError **error)
{
    g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot create '%s': %s", path,
                g_strerror(reason));
    return NULL;
}

/* A pipe or a device: there is nothing to put in its place. */
static HeedAtomicFile *
open_as_it_is(const char *path, GError **error)
{
    g_autoptr(HeedAtomicFile) file = g_new0(HeedAtomicFile, 1);
    g_auto(HeedFd) fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);

    file->path = g_strdup(path);
    if (fd < 0 || (file->stream = fdopen(fd, "w")) == NULL)
        return cannot_create(path, errno, error);
    (void)heed_fd_steal(&fd);
    return g_steal_pointer(&file);
}

HeedAtomicFile *
heed_atomic_file_open_output(const char *path, unsigned mode, GError **error)
{
    struct stat status;
    char *target = NULL;
    HeedAtomicFile *file;

    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return open_as_it_is(path, error);
    if (lstat(path, &status) < 0 || !S_ISLNK(status.st_mode))
        return heed_atomic_file_open(path, mode, error);
    target = realpath(path, NULL);
    if (target == NULL)
        return cannot_create(path, errno, error);
    file = heed_atomic_file_open(target, mode, error);
    free(target);
    return file;
}

/* The rename itself must survive a crash; a file system that cannot sync folders is no reason to
 * fail. */
static void
sync_folder_of(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_auto(HeedFd) fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        (void)fsync(fd);
}

bool
heed_atomic_file_commit(HeedAtomicFile *file, GError **error)
{
    bool written = fflush(file->stream) == 0 && !ferror(file->stream) &&
                   (file->temporary == NULL || fsync(fileno(file->stream)) == 0);
    int reason = errno;

    if (fclose(file->stream) != 0 && written) {
        written = false;
        reason = errno;
    }
    file->stream = NULL;
    if (written && file->temporary != NULL && rename(file->temporary, file->path) < 0) {
        written = false;
        reason = errno;
    }
    if (!written) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write '%s': %s", file->path,
                    g_strerror(reason));
        return false;
    }
    if (file->temporary != NULL)
        sync_folder_of(file->path);
    g_clear_pointer(&file->temporary, g_free);
    return true;
}

void
heed_atomic_file_free(HeedAtomicFile *file)
{
    if (file == NULL)
        return;
    if (file->stream != NULL)
        (void)fclose(file->stream);
    if (file->temporary != NULL)
        (void)unlink(file->temporary);
    g_free(file->temporary);
    g_free(file->path);
    g_free(file);
}
