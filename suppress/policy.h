/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_POLICY_H
#define HEED_SUPPRESS_POLICY_H

/*
 * From events to suppressions. The state of an address in a scope is a function of its events, the
 * decisions of people, the policy's version and an "as of" (design.md, invariant 3): one SQL
 * statement, fold.sql, computes it for a set of addresses. A batch folds the addresses it touched;
 * a rebuild folds all with the very same statement.
 */

#include "db/connection.h"

typedef struct HeedPolicy {
    unsigned plausible_messages;     /* distinct original messages that plausible reports need: 2 */
    unsigned plausible_apart_hours;  /* and how far apart: 20 */
    unsigned bad_domain_apart_hours; /* two reports of a bad domain, null MX excepted: 72 */
} HeedPolicy;

/* The defaults of design.md. */
HeedPolicy heed_policy_default(void);

/* Makes the policy the one in force: a new version if its settings differ from the newest. Marks
 * nothing stale by itself; heed_policy_is_stale() compares. */
bool heed_policy_establish(HeedDatabase *database,
                           const HeedPolicy *policy,
                           int *out_version,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Locks the state rows of the addresses (char *) in key order, in every scope they have events in,
 * and folds them anew. Inside the caller's transaction. */
bool
heed_policy_fold(HeedDatabase *database, int version, const GPtrArray *addresses, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

typedef struct HeedRebuilt {
    uint64_t addresses; /* looked at */
    uint64_t changed;   /* whose state differed from the fold */
} HeedRebuilt;

/* Folds every address in slices, each in a transaction of its own. */
bool heed_policy_rebuild(HeedDatabase *database, int version, HeedRebuilt *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether some state was folded under another policy than the newest: `heed suppress rebuild` is
 * due. */
bool heed_policy_is_stale(HeedDatabase *database, bool *out_stale, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
