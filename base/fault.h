/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_BASE_FAULT_H
#define HEED_BASE_FAULT_H

/*
 * Kill points for the crash tests: HEED_FAULT("store.before-commit") kills the process with SIGKILL
 * when the environment says HEED_FAULT=store.before-commit, or HEED_FAULT=store.before-commit:3 at
 * the third passing; it says so on standard error first. HEED_FAULT=trace says each step passed and
 * kills nothing. Compiled only with the CMake option HEED_FAULTS; in a release it is nothing.
 * Each name is one step of tests/e2e/test_kill_loop.py, which finds them by searching the sources
 * for HEED_FAULT.
 */

#ifdef HEED_FAULTS
/* Ends the process here if it is to be ended at this step. */
void heed_fault(const char *step);
#define HEED_FAULT(step) heed_fault(step)
#else
#define HEED_FAULT(step) ((void)0)
#endif

#endif
