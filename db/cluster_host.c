/* SPDX-License-Identifier: Apache-2.0 */
#include "db/cluster_host.h"

#include "base/atomic_file.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define ACCOUNT "heed"
/* sun_path of sockaddr_un has 108 bytes on Linux, the last of them NUL; unix(7). */
#define LONGEST_SOCKET_PATH 107U
#define SOCKET_NAME         "/.s.PGSQL.5432"
#define LOCK_SECONDS        120

bool
heed_cluster_find_account(HeedCluster *cluster, GError **error)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char buffer[4096];
    uid_t self = geteuid();

    cluster->is_root = self == 0;
    if (cluster->is_root)
        (void)getpwnam_r(ACCOUNT, &entry, buffer, sizeof(buffer), &found);
    else
        (void)getpwuid_r(self, &entry, buffer, sizeof(buffer), &found);
    if (found == NULL) {
        g_set_error_literal(
            error, HEED_ERROR, HEED_ERROR_CONFIG,
            cluster->is_root ? "PostgreSQL does not run as root, and there is no account '" ACCOUNT
                               "' for it: useradd --system " ACCOUNT
                               " makes one, and so does scripts/quickstart"
                             : "the user this runs as has no name, and PostgreSQL wants one");
        return false;
    }
    cluster->account = g_strdup(found->pw_name);
    cluster->uid = found->pw_uid;
    cluster->gid = found->pw_gid;
    return true;
}

static bool
fits(const char *folder)
{
    return strlen(folder) + strlen(SOCKET_NAME) <= LONGEST_SOCKET_PATH;
}

bool
heed_cluster_choose_socket(HeedCluster *cluster, GError **error)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, cluster->data_dir, -1);

    hash[12] = '\0';
    cluster->socket_dir = g_build_filename(cluster->data_dir, "run", NULL);
    if (fits(cluster->socket_dir))
        return true;
    /* Not in $XDG_RUNTIME_DIR: cron has none, and it goes when the user logs out. */
    g_free(cluster->socket_dir);
    cluster->socket_dir = g_strdup_printf("/tmp/heed-%lu-%s", (unsigned long)cluster->uid, hash);
    if (fits(cluster->socket_dir))
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                "no place for the private database's socket: '%s' is too long for one",
                cluster->socket_dir);
    return false;
}

static bool
is_private(const HeedCluster *cluster, const char *folder)
{
    struct stat status;

    return lstat(folder, &status) == 0 && S_ISDIR(status.st_mode) &&
           status.st_uid == cluster->uid && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

bool
heed_cluster_socket_is_safe(const HeedCluster *cluster)
{
    return is_private(cluster, cluster->socket_dir);
}

/* Makes a folder unless something has its name already. It appears with its owner and its mode:
 * others who start at this moment never meet it half made. */
static bool
make_folder(const HeedCluster *cluster, const char *folder, GError **error)
{
    g_autofree char *making = g_strconcat(folder, ".XXXXXX", NULL);
    struct stat status;

    if (lstat(folder, &status) == 0)
        return true;
    if (g_mkdtemp_full(making, S_IRWXU) == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot create '%s': %s", folder,
                    g_strerror(errno));
        return false;
    }
    if (cluster->is_root && lchown(making, cluster->uid, cluster->gid) < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot give '%s' to '%s': %s",
                    making, cluster->account, g_strerror(errno));
        (void)rmdir(making);
        return false;
    }
    if (rename(making, folder) < 0) {
        int reason = errno;

        (void)rmdir(making);
        /* Somebody was faster, and uses it already. */
        if (reason != EEXIST && reason != ENOTEMPTY)
            g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot create '%s': %s", folder,
                        g_strerror(reason));
        return reason == EEXIST || reason == ENOTEMPTY;
    }
    return true;
}

/* What exists is taken as it is, if it is the account's alone: somebody may have put it there
 * (in /tmp anybody can). */
static bool
make_private(const HeedCluster *cluster, const char *folder, GError **error)
{
    if (!make_folder(cluster, folder, error))
        return false;
    if (!is_private(cluster, folder)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_PERMISSION,
                    "'%s' must be a folder that belongs to '%s' and that nobody else may enter",
                    folder, cluster->account);
        return false;
    }
    return true;
}

bool
heed_cluster_make_folders(const HeedCluster *cluster, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(cluster->data_dir);
    const char *const enter[] = {"/bin/sh", "-c", "cd \"$0\"", cluster->data_dir, NULL};
    g_autoptr(GError) reason = NULL;

    if (g_mkdir_with_parents(parent, 0755) < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot create '%s': %s", parent,
                    g_strerror(errno));
        return false;
    }
    if (!make_folder(cluster, cluster->data_dir, error))
        return false;
    if (!heed_cluster_run(cluster, enter, HEED_CLUSTER_OUTPUT_NONE, &reason)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_PERMISSION,
                    "the account '%s', which runs the private database, may not enter '%s': choose "
                    "another place (--data-dir), or chown it",
                    cluster->account, cluster->data_dir);
        return false;
    }
    return make_private(cluster, cluster->home, error) &&
           make_private(cluster, cluster->socket_dir, error);
}

char *
heed_cluster_folder(const HeedCluster *cluster, unsigned major, const char *suffix)
{
    return g_strdup_printf("%s/%u%s", cluster->home, major, suffix);
}

unsigned
heed_cluster_major(const HeedCluster *cluster)
{
    g_autoptr(GDir) folders = g_dir_open(cluster->home, 0, NULL);
    const char *name = NULL;
    unsigned newest = 0;

    while (folders != NULL && (name = g_dir_read_name(folders)) != NULL) {
        g_autofree char *version = g_build_filename(cluster->home, name, "PG_VERSION", NULL);
        guint64 major = 0;

        if (g_ascii_string_to_unsigned(name, 10, 1, 1000, &major, NULL) &&
            g_file_test(version, G_FILE_TEST_IS_REGULAR))
            newest = MAX(newest, (unsigned)major);
    }
    return newest;
}

bool
heed_cluster_write(const HeedCluster *cluster, const char *path, const char *text, GError **error)
{
    g_autoptr(HeedAtomicFile) file = heed_atomic_file_open(path, S_IRUSR | S_IWUSR, error);

    if (file == NULL)
        return false;
    if (fputs(text, file->stream) == EOF ||
        (cluster->is_root && fchown(fileno(file->stream), cluster->uid, cluster->gid) < 0)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write '%s': %s", path,
                    g_strerror(errno));
        return false;
    }
    return heed_atomic_file_commit(file, error);
}

int
heed_cluster_lock(const HeedCluster *cluster, GError **error)
{
    g_autofree char *path = g_build_filename(cluster->home, "lock", NULL);
    g_auto(HeedFd) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    int64_t deadline = g_get_monotonic_time() + LOCK_SECONDS * G_USEC_PER_SEC;

    if (fd < 0 || (cluster->is_root && fchown(fd, cluster->uid, cluster->gid) < 0)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot open '%s': %s", path,
                    g_strerror(errno));
        return -1;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || g_get_monotonic_time() > deadline) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY,
                        "somebody else is starting or stopping the private database: '%s' is "
                        "locked",
                        path);
            return -1;
        }
        g_usleep(G_USEC_PER_SEC / 20);
    }
    return heed_fd_steal(&fd);
}
