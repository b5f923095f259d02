/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_SANDBOX_H
#define HEED_INGEST_SANDBOX_H

/*
 * Locks a parse worker in, for good: what it holds open is all it will ever have. Afterwards it can
 * compute, use memory up to a limit, and talk over the descriptors it has. Opening, looking up or
 * linking any file fails with EACCES (libraries try on their own account: iconv's converter for a
 * rare charset named by mail must be an ordinary failure, not a death); whatever else is not on
 * the list kills the process with SIGSYS: sockets, processes, signals to others, tracing, code made
 * at run time.
 *
 * In a build with sanitizers the memory limit is left out and what their run time needs is allowed
 * (HEED_SANITIZED, sandbox.c); no other build can be had without the lock.
 */

#include <glib.h>
#include <stdbool.h>

/* For a process of one thread that has loaded all it needs. HEED_ERROR_INTERNAL: the kernel does
 * not offer it; the process must then not go on. */
bool heed_sandbox_enter(GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
