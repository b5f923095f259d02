/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each row runs in a child that has locked itself in like a parse worker: what does it die of, or
 * how does it end?
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "ingest/sandbox.h"
#include "parsers/charsets.h"

#define ENDED_WELL    0
#define COULD_NOT     7 /* exit status: an ordinary failure, as wanted */
#define NOT_AS_WANTED 8

typedef int (*Attempt)(void);

static int
do_nothing(void)
{
    return ENDED_WELL;
}

static int
do_memory(void)
{
    g_autofree char *small = g_malloc0(1000);
    g_autofree char *large = g_malloc0(20UL * 1024 * 1024);

    large = g_realloc(large, 40UL * 1024 * 1024);
    return small[999] + large[1000] == 0 ? ENDED_WELL : NOT_AS_WANTED;
}

static int
do_open(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? COULD_NOT
                                                                            : NOT_AS_WANTED;
}

static int
do_create(void)
{
    return open("heed-sandbox-test", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EACCES
               ? COULD_NOT
               : NOT_AS_WANTED;
}

static int
do_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? ENDED_WELL : NOT_AS_WANTED;
}

static int
do_socketpair(void)
{
    int fds[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 ? ENDED_WELL : NOT_AS_WANTED;
}

static int
do_execute(void)
{
    char *argv[] = {g_strdup("true"), NULL};
    char *envp[] = {NULL};

    return execve("/bin/true", argv, envp);
}

static int
do_fork(void)
{
    return fork() >= 0 ? ENDED_WELL : NOT_AS_WANTED;
}

static int
do_kill(void)
{
    return kill(getppid(), 0) == 0 ? ENDED_WELL : NOT_AS_WANTED;
}

static int
do_trace(void)
{
    return ptrace(PTRACE_ATTACH, 1, NULL, NULL) == 0 ? ENDED_WELL : NOT_AS_WANTED;
}

static int
do_unlink(void)
{
    return unlink("heed-sandbox-test") == 0 ? ENDED_WELL : NOT_AS_WANTED;
}

static int
do_map_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED
               ? ENDED_WELL
               : NOT_AS_WANTED;
}

static int
do_make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? ENDED_WELL : NOT_AS_WANTED;
}

static int
do_abort(void)
{
    abort();
}

static int
do_exhaust(void)
{
    return malloc(2UL * HEED_LIMIT_WORKER_MEMORY) == NULL ? COULD_NOT : NOT_AS_WANTED;
}

typedef struct Row {
    const char *name;
    Attempt attempt;
    int signal; /* it dies of, or */
    int status; /* it ends with */
    bool release_only;
} Row;

/* What the sanitizers' run time is allowed (sandbox.c) cannot be shown to be forbidden with them.
 */
#ifdef HEED_SANITIZED
#define SANITIZED true
#else
#define SANITIZED false
#endif

static const Row rows[] = {
    {"nothing", do_nothing, 0, ENDED_WELL, false},
    {"memory", do_memory, 0, ENDED_WELL, false},
    {"socket", do_socket, SIGSYS, 0, false},
    {"socketpair", do_socketpair, SIGSYS, 0, false},
    {"execute", do_execute, SIGSYS, 0, false},
    {"unlink", do_unlink, SIGSYS, 0, false},
    {"open", do_open, 0, COULD_NOT, true},
    {"create", do_create, 0, COULD_NOT, true},
    {"fork", do_fork, SIGSYS, 0, true},
    {"kill", do_kill, SIGSYS, 0, true},
    {"trace", do_trace, SIGSYS, 0, true},
    {"map-code", do_map_code, SIGSYS, 0, true},
    {"make-code", do_make_code, SIGSYS, 0, true},
    {"abort", do_abort, SIGABRT, 0, true},
    {"exhaust", do_exhaust, 0, COULD_NOT, true},
};

static int
run_locked_in(Attempt attempt)
{
    pid_t child = fork();
    int status = 0;

    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        g_autoptr(GError) error = NULL;

        if (!heed_sandbox_enter(&error))
            _exit(NOT_AS_WANTED);
        _exit(attempt());
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return status;
}

static void
test_row(gconstpointer data)
{
    const Row *row = (const Row *)data;
    int status = run_locked_in(row->attempt);

    if (row->signal != 0) {
        g_assert_true(WIFSIGNALED(status));
        g_assert_cmpint(WTERMSIG(status), ==, row->signal);
    } else {
        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, row->status);
    }
}

/* Text in the character sets that bounces come in; want is UTF-8. */
typedef struct Charset {
    const char *name;
    const char *text;
    const char *want;
} Charset;

static const Charset charsets[] = {
    {"ISO-8859-1", "\xe4", "\xc3\xa4"},
    {"ISO-8859-2", "\xb1", "\xc4\x85"},
    {"ISO-8859-5", "\xd0", "\xd0\xb0"},
    {"ISO-8859-7", "\xe1", "\xce\xb1"},
    {"ISO-8859-9", "\xfd", "\xc4\xb1"},
    {"ISO-8859-15", "\xa4", "\xe2\x82\xac"},
    {"windows-1250", "\xb9", "\xc4\x85"},
    {"windows-1251", "\xe0", "\xd0\xb0"},
    {"windows-1252", "\x80", "\xe2\x82\xac"},
    {"windows-1253", "\xe1", "\xce\xb1"},
    {"windows-1254", "\xfd", "\xc4\xb1"},
    {"windows-1255", "\xe0", "\xd7\x90"},
    {"windows-1256", "\xc7", "\xd8\xa7"},
    {"windows-1257", "\xe0", "\xc4\x85"},
    {"windows-1258", "\x80", "\xe2\x82\xac"},
    {"KOI8-R", "\xc1", "\xd0\xb0"},
    {"KOI8-U", "\xc1", "\xd0\xb0"},
    {"ISO-2022-JP", "\x1b$B$\"\x1b(B", "\xe3\x81\x82"},
    {"Shift_JIS", "\x82\xa0", "\xe3\x81\x82"},
    {"EUC-JP", "\xa4\xa2", "\xe3\x81\x82"},
    {"EUC-KR", "\xb0\xa1", "\xea\xb0\x80"},
    {"GB2312", "\xb0\xa1", "\xe5\x95\x8a"},
    {"GBK", "\xb0\xa1", "\xe5\x95\x8a"},
    {"GB18030", "\xb0\xa1", "\xe5\x95\x8a"},
    {"Big5", "\xa7\xda", "\xe6\x88\x91"},
    {"TIS-620", "\xa1", "\xe0\xb8\x81"},
    {"UTF-7", "+AOQ-", "\xc3\xa4"},
    {"UTF-16BE", "\0\xe4", "\xc3\xa4"},
};

static const Charset *tried;

static int
do_convert(void)
{
    gsize written;
    gssize length = tried->text[0] == '\0' ? 2 : (gssize)strlen(tried->text);
    g_autofree char *got =
        g_convert(tried->text, length, "UTF-8", tried->name, NULL, &written, NULL);

    return g_strcmp0(got, tried->want) == 0 ? ENDED_WELL : NOT_AS_WANTED;
}

/* A worker opens its converters before the lock; behind it they work. */
static void
test_charset(gconstpointer data)
{
    g_autoptr(HeedCharsets) opened = heed_charsets_new();
    int status;

    tried = (const Charset *)data;
    status = run_locked_in(do_convert);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, ENDED_WELL);
}

static int
do_rare_charset(void)
{
    g_autofree char *got = g_convert("a", 1, "UTF-8", "EBCDIC-IS-FRISS", NULL, NULL, NULL);

    return ENDED_WELL;
}

/* A converter that nobody opened before may fail, but it kills nothing. */
static void
test_rare_charset(void)
{
    int status = run_locked_in(do_rare_charset);

    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, ENDED_WELL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/sandbox/", rows[i].name, NULL);

        if (SANITIZED && rows[i].release_only)
            continue;
        g_test_add_data_func(path, &rows[i], test_row);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++) {
        g_autofree char *path = g_strconcat("/sandbox/charset/", charsets[i].name, NULL);

        g_test_add_data_func(path, &charsets[i], test_charset);
    }
    g_test_add_func("/sandbox/rare-charset", test_rare_charset);
    return g_test_run();
}
