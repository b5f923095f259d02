/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* explicit_bzero, posix_spawn_file_actions_addclosefrom_np */
#include "ingest/secret.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define COMMAND_SECONDS   60
#define SAID_BYTES        1000U /* of a failing command's stderr that are passed on */
#define MICROS_PER_SECOND 1000000
#define MICROS_PER_MILLI  1000
#define GROUP_OR_OTHERS   077U

/* Room for what is read, wiped before it goes back to the heap. */
typedef struct Buffer {
    char bytes[HEED_LIMIT_SECRET_BYTES + 1];
    size_t length;
} Buffer;

static void
buffer_free(Buffer *buffer)
{
    explicit_bzero(buffer, sizeof(*buffer));
    g_free(buffer);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Buffer, buffer_free)

void
heed_secret_free(char *secret)
{
    if (secret == NULL)
        return;
    explicit_bzero(secret, strlen(secret));
    g_free(secret);
}

/* The first line in the buffer. */
static char *
first_line(const Buffer *buffer, const char *what, const char *name, GError **error)
{
    const char *end = memchr(buffer->bytes, '\n', buffer->length);
    size_t length = end != NULL ? (size_t)(end - buffer->bytes) : buffer->length;

    if (length > 0 && buffer->bytes[length - 1] == '\r')
        length--;
    if (length == 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "%s '%s': its first line is empty", what,
                    name);
        return NULL;
    }
    if (length > HEED_LIMIT_SECRET_BYTES - 1) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "%s '%s': the secret is longer than %u bytes", what, name,
                    HEED_LIMIT_SECRET_BYTES - 1);
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)buffer->bytes[i] < ' ' && buffer->bytes[i] != '\t') {
            g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                        "%s '%s': the secret holds control characters", what, name);
            return NULL;
        }
    }
    return g_strndup(buffer->bytes, length);
}

/*
 * Opens and checks. What counts is the file that was opened, so links may be followed. O_NONBLOCK,
 * or a FIFO nobody writes to would hold us here.
 */
static int
open_checked(const char *path, GError **error)
{
    g_auto(HeedFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "cannot read '%s': %s", path,
                    g_strerror(errno));
        return -1;
    }
    if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "'%s' is not a file", path);
        return -1;
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "'%s' holds a secret but belongs to another user", path);
        return -1;
    }
    if ((status.st_mode & GROUP_OR_OTHERS) != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "'%s' holds a secret but others may read it; do: chmod 600 '%s'", path, path);
        return -1;
    }
    if (S_ISREG(status.st_mode) && status.st_size == 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "'%s' is empty, and should hold a secret",
                    path);
        return -1;
    }
    return heed_fd_steal(&fd);
}

bool
heed_secret_check_file(const char *path, GError **error)
{
    g_auto(HeedFd) fd = open_checked(path, error);

    return fd >= 0;
}

static int
millis_until(int64_t deadline)
{
    int64_t left = deadline - g_get_monotonic_time();

    return left <= 0 ? 0 : (int)(left / MICROS_PER_MILLI) + 1;
}

/* Reads what is there. Returns 0 at the end, 1 while there may be more, -1 on error. */
static int
read_some(int fd, Buffer *buffer)
{
    ssize_t count =
        read(fd, buffer->bytes + buffer->length, sizeof(buffer->bytes) - buffer->length);

    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? 1 : -1;
    buffer->length += (size_t)count;
    return count > 0 && buffer->length < sizeof(buffer->bytes) ? 1 : 0;
}

/* Reads the file as far as its first line, or to its end. NULL on error. */
static Buffer *
read_file(const char *path, bool whole, GError **error)
{
    g_auto(HeedFd) fd = open_checked(path, error);
    g_autoptr(Buffer) buffer = g_new0(Buffer, 1);
    int64_t deadline = g_get_monotonic_time() + (int64_t)COMMAND_SECONDS * MICROS_PER_SECOND;
    int more = 1;

    if (fd < 0)
        return NULL;
    while (more > 0 && (whole || memchr(buffer->bytes, '\n', buffer->length) == NULL)) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};

        if (poll(&wait, 1, millis_until(deadline)) == 0) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                        "cannot read '%s': nobody writes to it", path);
            return NULL;
        }
        more = read_some(fd, buffer);
    }
    if (more < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "cannot read '%s': %s", path,
                    g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&buffer);
}

char *
heed_secret_from_file(const char *path, GError **error)
{
    g_autoptr(Buffer) buffer = read_file(path, false, error);

    return buffer == NULL ? NULL : first_line(buffer, "file", path, error);
}

char *
heed_secret_whole_file(const char *path, GError **error)
{
    g_autoptr(Buffer) buffer = read_file(path, true, error);

    if (buffer == NULL)
        return NULL;
    if (buffer->length >= HEED_LIMIT_SECRET_BYTES) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "file '%s': is longer than %u bytes",
                    path, HEED_LIMIT_SECRET_BYTES - 1);
        return NULL;
    }
    return g_strndup(buffer->bytes, buffer->length);
}

/* A running command and the pipes from its stdout and stderr. */
typedef struct Child {
    pid_t pid;
    HeedFd out;
    HeedFd err;
} Child;

/* Its own process group, so that all of it can be ended; nothing of ours stays open in it. */
static int
spawn_shell(const char *command, int out, int err, pid_t *out_pid)
{
    char shell[] = "/bin/sh";
    char dash_c[] = "-c";
    g_autofree char *line = g_strdup(command);
    char *arguments[] = {shell, dash_c, line, NULL};
    g_auto(GStrv) environment = g_get_environ();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t pipe_only;
    int result;

    (void)sigemptyset(&none);
    (void)sigemptyset(&pipe_only);
    (void)sigaddset(&pipe_only, SIGPIPE); /* ignored here, for the sake of sockets */
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setsigdefault(&attributes, &pipe_only);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    (void)posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    result = posix_spawn(out_pid, shell, &actions, &attributes, arguments, environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return result;
}

/* A pipe whose ends are never 0, 1 or 2: those are given to the child. */
static bool
open_pipe(HeedFd *out_read, HeedFd *out_write)
{
    int ends[2];

    if (pipe(ends) < 0)
        return false;
    *out_read = fcntl(ends[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    *out_write = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return *out_read >= 0 && *out_write >= 0 && fcntl(*out_read, F_SETFL, O_NONBLOCK) == 0;
}

static bool
child_start(Child *child, const char *command, GError **error)
{
    g_auto(HeedFd) out = -1;
    g_auto(HeedFd) err = -1;
    int reason = 0;

    if (!open_pipe(&child->out, &out) || !open_pipe(&child->err, &err))
        reason = errno;
    else
        reason = spawn_shell(command, out, err, &child->pid);
    if (reason != 0)
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "cannot run '%s': %s", command,
                    g_strerror(reason));
    return reason == 0;
}

/* Reads both pipes to their ends. False at the deadline. */
static bool
child_read(Child *child, Buffer *out, Buffer *err, int64_t deadline)
{
    while (child->out >= 0 || child->err >= 0) {
        struct pollfd waits[] = {{.fd = child->out, .events = POLLIN},
                                 {.fd = child->err, .events = POLLIN}};

        if (millis_until(deadline) == 0)
            return false;
        (void)poll(waits, G_N_ELEMENTS(waits), millis_until(deadline));
        if (waits[0].revents != 0 && read_some(child->out, out) <= 0)
            heed_fd_clear(&child->out);
        if (waits[1].revents != 0 && read_some(child->err, err) <= 0)
            heed_fd_clear(&child->err);
    }
    return true;
}

/* Waits for the end of a command that may have closed its pipes long before. False at the deadline.
 */
static bool
child_ends(const Child *child, int64_t deadline)
{
    g_auto(HeedFd) handle = pidfd_open(child->pid, 0);
    struct pollfd wait = {.fd = handle, .events = POLLIN};

    while (handle >= 0 && millis_until(deadline) != 0)
        if (poll(&wait, 1, millis_until(deadline)) > 0)
            return true;
    return false;
}

static int
child_reap(Child *child)
{
    int status = 0;

    heed_fd_clear(&child->out);
    heed_fd_clear(&child->err);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void
set_command_error(int status, const char *command, const Buffer *err, GError **error)
{
    g_autofree char *said = g_utf8_make_valid(err->bytes, (gssize)MIN(err->length, SAID_BYTES));

    g_strstrip(said);
    g_strdelimit(said, "\r\n\t", ' ');
    if (WIFEXITED(status))
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "command '%s' failed with status %d%s%s",
                    command, WEXITSTATUS(status), *said != '\0' ? ": " : "", said);
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "command '%s' was ended by signal %d",
                    command, WTERMSIG(status));
}

char *
heed_secret_from_command(const char *command, GError **error)
{
    g_autoptr(Buffer) out = g_new0(Buffer, 1);
    g_autoptr(Buffer) err = g_new0(Buffer, 1);
    Child child = {.out = -1, .err = -1};
    int64_t deadline = g_get_monotonic_time() + (int64_t)COMMAND_SECONDS * MICROS_PER_SECOND;
    bool in_time;
    int status;

    if (!child_start(&child, command, error)) {
        heed_fd_clear(&child.out);
        heed_fd_clear(&child.err);
        return NULL;
    }
    in_time = child_read(&child, out, err, deadline) && child_ends(&child, deadline);
    if (!in_time)
        (void)kill(-child.pid, SIGKILL);
    status = child_reap(&child);
    if (!in_time) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY,
                    "command '%s' gave no answer within %d seconds", command, COMMAND_SECONDS);
        return NULL;
    }
    if (out->length == sizeof(out->bytes)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "command '%s' prints more than %u bytes",
                    command, HEED_LIMIT_SECRET_BYTES);
        return NULL;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        set_command_error(status, command, err, error);
        return NULL;
    }
    return first_line(out, "command", command, error);
}
