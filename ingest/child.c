/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* close_range(2), environ */
#include "ingest/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "ingest/pipeline.h"

static const char *const role_names[] = {
    [HEED_ROLE_FETCHER] = "fetcher", [HEED_ROLE_WORKER] = "worker", [HEED_ROLE_LOG] = "log"};

/* What a worker may know of its surroundings. */
static const char *const worker_environment[] = {
    "HEED_FAULT=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "LANG=", NULL};

static bool
has_prefix(const char *variable, const char *const *prefixes)
{
    for (; *prefixes != NULL; prefixes++) {
        if (g_str_has_prefix(variable, *prefixes))
            return true;
    }
    return false;
}

/* PGPASSWORD, PGSERVICEFILE … and HEED_DATABASE … are for the store alone. */
static bool
is_inherited(const char *variable, HeedRole role)
{
    static const char *const database[] = {"PG", "HEED_", NULL};

    if (has_prefix(variable, worker_environment))
        return true;
    return role == HEED_ROLE_FETCHER && !has_prefix(variable, database);
}

/* The strings are borrowed. */
static GPtrArray *
make_environment(HeedRole role)
{
    GPtrArray *kept = g_ptr_array_new();

    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        if (is_inherited(*variable, role))
            g_ptr_array_add(kept, *variable);
    }
    g_ptr_array_add(kept, NULL);
    return kept;
}

/* What the child needs between fork and exec, where only async-signal-safe calls are allowed. */
typedef struct Start {
    int fd;
    pid_t parent;
    bool with_stdin;
    bool quiet;
    char **argv;
    char **environment;
} Start;

static void
become_child(const Start *start)
{
    sigset_t none;
    int nothing;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != start->parent)
        _exit(127); /* the parent died before it could be noticed */
    nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || (!start->with_stdin && dup2(nothing, STDIN_FILENO) < 0) ||
        dup2(nothing, STDOUT_FILENO) < 0 || (start->quiet && dup2(nothing, STDERR_FILENO) < 0))
        _exit(127);
    if (start->fd == HEED_CHILD_FD) {
        if (fcntl(start->fd, F_SETFD, 0) != 0)
            _exit(127);
    } else if (dup2(start->fd, HEED_CHILD_FD) < 0) {
        _exit(127);
    }
    if (close_range(HEED_CHILD_FD + 1, ~0U, 0) != 0)
        _exit(127);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve("/proc/self/exe", start->argv, start->environment);
    _exit(127);
}

bool
heed_child_start(HeedChild *child, HeedRole role, bool with_stdin, GError **error)
{
    g_autoptr(GPtrArray) environment = make_environment(role);
    char *argv[] = {g_strdup("heed"), g_strdup(HEED_CHILD_ARGUMENT), g_strdup(role_names[role]),
                    NULL};
    int fds[2];
    Start start = {.parent = getpid(),
                   .with_stdin = with_stdin,
                   .argv = argv,
                   .environment = (char **)environment->pdata,
#ifndef HEED_SANITIZED
                   /* what libraries have to say about hostile mail is not for the terminal */
                   .quiet = role != HEED_ROLE_FETCHER
#endif
    };

    *child = (HeedChild){.channel = {.fd = -1}};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot make a socket pair: %s",
                    g_strerror(errno));
        return false;
    }
    start.fd = fds[1];
    child->pid = fork();
    if (child->pid == 0)
        become_child(&start);
    for (size_t i = 0; argv[i] != NULL; i++)
        g_free(argv[i]);
    (void)close(fds[1]);
    if (child->pid < 0) {
        (void)close(fds[0]);
        child->pid = 0;
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot start a process: %s",
                    g_strerror(errno));
        return false;
    }
    heed_channel_init(&child->channel, fds[0]);
    return true;
}

int
heed_child_end(HeedChild *child)
{
    int status = 0;

    if (child->pid > 0) {
        /* One that has ended or is dying keeps the status it has; one that hangs ends now. */
        (void)kill(child->pid, SIGKILL);
        while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    heed_channel_clear(&child->channel);
    child->pid = 0;
    return status;
}

char *
heed_child_describe(int status)
{
    if (WIFSIGNALED(status))
        return g_strdup_printf("killed by signal %d (%s)", WTERMSIG(status),
                               strsignal(WTERMSIG(status)));
    return g_strdup_printf("ended with status %d", WEXITSTATUS(status));
}

static void
leave_it(int signal_number)
{
    (void)signal_number;
}

void
heed_child_settle(void)
{
    /* A handler and not SIG_IGN, which a password command would inherit. */
    struct sigaction action = {.sa_handler = leave_it, .sa_flags = SA_RESTART};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}
