/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/local_file.h"

#include "base/cleanup.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#define MILLIS_PER_SECOND 1000

int
heed_local_file_open(const char *path)
{
    g_auto(HeedFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return -1;
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    return heed_fd_steal(&fd);
}

/* Reads until the end of the file or until room is full. -1 with errno on trouble. */
static ssize_t
read_all(int fd, char *room, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t count = read(fd, room + length, size - length);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        length += (size_t)count;
    }
    return (ssize_t)length;
}

bool
heed_local_file_load(const char *path, HeedItem *item)
{
    g_auto(HeedFd) fd = heed_local_file_open(path);
    g_autofree char *bytes = NULL;
    struct stat status;
    size_t room;
    ssize_t length = -1;

    if (fd < 0 && errno == ENOENT)
        return false;
    if (fd >= 0 && fstat(fd, &status) == 0) {
        item->size = (uint64_t)status.st_size;
        item->received_at = status.st_mtim.tv_sec;
        item->truncated = item->size > HEED_LIMIT_MESSAGE_BYTES;
        room = item->truncated ? HEED_LIMIT_MESSAGE_BYTES : (size_t)status.st_size;
        bytes = g_malloc(room + 1);
        length = read_all(fd, bytes, room);
    }
    if (length < 0) {
        item->detail = g_strdup_printf("cannot read '%s': %s", path, g_strerror(errno));
        return true;
    }
    item->bytes = g_bytes_new_take(g_steal_pointer(&bytes), (size_t)length);
    return true;
}

void
heed_local_file_sleep(unsigned seconds, int wake_fd, int news_fd)
{
    struct pollfd waits[] = {{.fd = wake_fd, .events = POLLIN}, {.fd = news_fd, .events = POLLIN}};

    (void)poll(waits, G_N_ELEMENTS(waits),
               (int)MIN(seconds, (unsigned)(INT32_MAX / MILLIS_PER_SECOND)) * MILLIS_PER_SECOND);
}
