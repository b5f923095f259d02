/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"

/* What computing and talking over open descriptors needs (glibc 2.36, GLib 2.74). */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), /* what is read is handed over by whoever may open it */
    SCMP_SYS(sendmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sysinfo), /* qsort() of glibc asks how much memory there is */
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
#ifdef HEED_SANITIZED
    /* The sanitizers map memory where they like, read their own maps, and look for leaks at the
     * end through a helper that traces the process. */
    SCMP_SYS(mmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(stat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(getdents64),
    SCMP_SYS(clone),
    SCMP_SYS(wait4),
    SCMP_SYS(ptrace),
    SCMP_SYS(prctl),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(tgkill),
    SCMP_SYS(getppid),
    SCMP_SYS(prlimit64),
    SCMP_SYS(set_robust_list),
#endif
};

#ifndef HEED_SANITIZED
/* What libraries do with files by themselves: refused, survivable. */
static const int refused[] = {
    SCMP_SYS(open),       SCMP_SYS(openat),   SCMP_SYS(access), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(stat),     SCMP_SYS(lstat),  SCMP_SYS(newfstatat),
    SCMP_SYS(statx),      SCMP_SYS(readlink), SCMP_SYS(getcwd), SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64), SCMP_SYS(ioctl),
};
#endif

static bool
set_limit(__rlimit_resource_t resource, rlim_t value, GError **error)
{
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};

    if (setrlimit(resource, &limit) == 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot limit a parse worker: %s",
                g_strerror(errno));
    return false;
}

static bool
set_limits(GError **error)
{
#ifndef HEED_SANITIZED
    if (!set_limit(RLIMIT_AS, HEED_LIMIT_WORKER_MEMORY, error))
        return false;
#endif
    return set_limit(RLIMIT_FSIZE, 0, error) && set_limit(RLIMIT_CORE, 0, error) &&
           set_limit(RLIMIT_NPROC, 0, error);
}

static int
add_rules(scmp_filter_ctx filter)
{
    int rc = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(allowed) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
#ifndef HEED_SANITIZED
    for (size_t i = 0; i < G_N_ELEMENTS(refused) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* abort() shall show as SIGABRT. */
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
#endif
    return rc;
}

bool
heed_sandbox_enter(GError **error)
{
    scmp_filter_ctx filter;
    int rc = -ENOMEM;

    if (!set_limits(error))
        return false;
#ifndef HEED_SANITIZED
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* nobody of the same user may look in */
#endif
    /* Loading the filter also sets no_new_privs (SCMP_FLTATR_CTL_NNP is on by default). */
    filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter != NULL)
        rc = add_rules(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    if (rc == 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot lock a parse worker in: %s",
                g_strerror(-rc));
    return false;
}
