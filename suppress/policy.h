/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_POLICY_H
#define HEED_SUPPRESS_POLICY_H

/*
 * From events to suppressions. The state of an address in a scope is a function of its events, the
 * decisions of people and the guard, and the policy's version (design.md, invariant 3); the "as of"
 * is only in reading it, by its end. judge.h computes it for each of a set of addresses: a batch
 * folds those it touched, a rebuild all, in the very same way.
 */

#include "db/connection.h"
#include "suppress/policy_lines.h"

/* Makes the policy the one in force: a new version if its settings differ from the newest, whose
 * number it gets. Marks nothing stale by itself; heed_policy_is_stale() compares. */
bool heed_policy_establish(HeedDatabase *database, HeedPolicy *policy, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same where there is none yet; else the one that is in force stays it. */
bool heed_policy_begin(HeedDatabase *database, HeedPolicy *policy, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether another policy than this one is in force: nobody has established it since its settings
 * were changed. */
bool heed_policy_differs(HeedDatabase *database,
                         const HeedPolicy *policy,
                         bool *out_differs,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The newest policy; the default one, established, when there is none yet. */
HeedPolicy *heed_policy_in_force(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Locks the state rows of the addresses (char *) in key order, in every scope they have events in,
 * and folds them anew. Inside the caller's transaction. */
bool heed_policy_fold(HeedDatabase *database,
                      const HeedPolicy *policy,
                      const GPtrArray *addresses,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Before deliveries that a log tells of are written (db/log_sums.h): nobody folds, or has folded
 * and not committed, until the caller's transaction ends. A fold that does not see a delivery, and
 * a delivery that does not see what was folded, would leave a state that a rebuild does not. */
bool heed_policy_lock_deliveries(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct HeedRebuilt {
    uint64_t addresses; /* looked at */
    uint64_t changed;   /* whose state differed from the fold */
} HeedRebuilt;

/* Folds every address in slices, each in a transaction of its own. */
bool heed_policy_rebuild(HeedDatabase *database,
                         const HeedPolicy *policy,
                         HeedRebuilt *out,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether some state was folded under another policy than the newest: `heed suppress rebuild` is
 * due. */
bool heed_policy_is_stale(HeedDatabase *database, bool *out_stale, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
