/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_FOLD_H
#define HEED_SUPPRESS_FOLD_H

/*
 * The steps of folding addresses, for the files of this room: touched, then lock, then gather,
 * judge (judge.h) and write, within one READ COMMITTED transaction of the caller. lock.sql says why
 * they must not be one statement. Addresses are const char *.
 */

#include "db/connection.h"
#include "suppress/policy_lines.h"

typedef struct HeedFolded {
    uint64_t changed; /* addresses whose state differs from before */
    /* Rows (an address in a scope) whose suppression came, went or has another end. */
    uint64_t switched;
} HeedFolded;

/* Which of the addresses have anything to fold; sorted, of owned char *. */
GPtrArray *heed_fold_touched(HeedDatabase *database, const GPtrArray *addresses, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Locks the addresses in order, until the transaction ends. */
bool heed_fold_lock(HeedDatabase *database,
                    const HeedPolicy *policy,
                    const GPtrArray *addresses,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Folds locked addresses, each once in the array. */
bool heed_fold_locked(HeedDatabase *database,
                      const HeedPolicy *policy,
                      const GPtrArray *addresses,
                      HeedFolded *out,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
