/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_TMPFILE, realpath */

#include "base/atomic_file.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TRIES 100

static HeedAtomicFile *
cannot_create(const char *path, int reason, GError **error)
{
    g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot create '%s': %s", path,
                g_strerror(reason));
    return NULL;
}

/* By this a file without a name can be given one. */
static char *
path_of_unnamed(int fd)
{
    return g_strdup_printf("/proc/self/fd/%d", fd);
}

/* Without a name, so that whatever kills the process, nothing is left; -1 where files must have
 * one, or could not be given one later: /proc is not everywhere. */
static int
open_without_name(const char *path, unsigned mode)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_auto(HeedFd) fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, (mode_t)mode);
    g_autofree char *unnamed = path_of_unnamed(fd);

    return fd >= 0 && access(unnamed, F_OK) == 0 ? heed_fd_steal(&fd) : -1;
}

static int
open_with_name(char *temporary, unsigned mode)
{
    g_auto(HeedFd) fd = mkostemp(temporary, O_CLOEXEC);
    mode_t mask = umask(0);

    (void)umask(mask);
    if (fd >= 0 && fchmod(fd, (mode_t)mode & ~mask) < 0) {
        int reason = errno;

        (void)unlink(temporary);
        errno = reason;
        return -1;
    }
    return heed_fd_steal(&fd);
}

HeedAtomicFile *
heed_atomic_file_open(const char *path, unsigned mode, GError **error)
{
    g_autoptr(HeedAtomicFile) file = g_new0(HeedAtomicFile, 1);
    g_auto(HeedFd) fd = -1;

    if (path[0] == '\0') /* nobody's name, though it has a folder */
        return cannot_create(path, ENOENT, error);
    fd = open_without_name(path, mode);
    file->path = g_strdup(path);
    file->is_unnamed = fd >= 0;
    if (!file->is_unnamed) {
        g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);

        fd = open_with_name(temporary, mode);
        if (fd >= 0)
            file->temporary = g_steal_pointer(&temporary);
    }
    if (fd < 0 || (file->stream = fdopen(fd, "w")) == NULL)
        return cannot_create(path, errno, error);
    (void)heed_fd_steal(&fd);
    return g_steal_pointer(&file);
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

/* Gives the file a name beside its final place: none can be given that is taken. */
static bool
name_it(HeedAtomicFile *file)
{
    g_autofree char *unnamed = path_of_unnamed(fileno(file->stream));

    for (unsigned tries = 0; tries < NAME_TRIES; tries++) {
        g_autofree char *name = g_strdup_printf("%s.%06x", file->path, g_random_int() >> 8);

        if (linkat(AT_FDCWD, unnamed, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
            file->temporary = g_steal_pointer(&name);
            return true;
        }
        if (errno != EEXIST)
            return false;
    }
    return false;
}

/* Whether all of it is where it will be found. */
static bool
write_out(HeedAtomicFile *file)
{
    bool is_written = fflush(file->stream) == 0 && !ferror(file->stream);

    if (is_written && file->is_unnamed)
        return fsync(fileno(file->stream)) == 0 && name_it(file);
    return is_written && (file->temporary == NULL || fsync(fileno(file->stream)) == 0);
}

bool
heed_atomic_file_commit(HeedAtomicFile *file, GError **error)
{
    bool is_written = write_out(file);
    int reason = errno;

    if (fclose(file->stream) != 0 && is_written) {
        is_written = false;
        reason = errno;
    }
    file->stream = NULL;
    if (is_written && file->temporary != NULL && rename(file->temporary, file->path) < 0) {
        is_written = false;
        reason = errno;
    }
    if (!is_written) {
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
