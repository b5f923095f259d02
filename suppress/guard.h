/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_GUARD_H
#define HEED_SUPPRESS_GUARD_H

/*
 * The outage guard. When a provider loses its directory, it answers "no such user" of everybody,
 * and a list that believes it is lost. The guard counts addresses that fail hard for the first time
 * by recipient domain, mailbox provider and reporting server; where they surge far beyond what was
 * ever seen there (guard_statistics.h), it places a hold: hard failures of the surge, those of its
 * beginning too, pause an address for a while instead of suppressing it (gather.sql, judge.c),
 * until the counts are normal again or somebody decides.
 *
 * All of it goes by when our mail system received a report (occurred_at of the event), so that old
 * mail is spread over its own days. It comes in any order: what is known of later counts too, the
 * hold of an old surge has ended, and its pauses have passed, when it is placed; and failures that
 * are read later move the beginning and the end of a hold nearby that nobody has decided.
 *
 * Only authenticated and signed reports are counted, since others can be had for the asking: a
 * forger could hold what is true. Of a server, domains (or providers) are counted instead of
 * addresses: a broken resolver of our own shows as all domains failing, and one provider's outage
 * is one name there.
 *
 * What the guard decides is a ledger (heed_data.guard_hold), so a rebuild holds the same. Whoever
 * folds shares the lock that placing, ending and resolving a hold takes for itself
 * (fold_guard.sql): nobody folds by a hold that another is about to change.
 */

#include "db/connection.h"
#include "suppress/guard_statistics.h"
#include "suppress/policy_lines.h"

/*
 * Counts the new failures of addresses, of the reports that arrived at this moment, in the caller's
 * transaction, after they were stored and before they are folded; places and ends holds. At is the
 * moment of arrival in seconds since 1970, HEED_DATE_UNKNOWN: that of the transaction. Appends to
 * addresses (owned char *) those whose hold changed, to be folded with the others. *out_placed: how
 * many holds were placed.
 */
bool heed_guard_watch(HeedDatabase *database,
                      const HeedGuardOptions *options,
                      int64_t at,
                      GPtrArray *addresses,
                      unsigned *out_placed,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Holds that are to be decided: by number, by name, or all that nobody has decided yet. */
typedef struct HeedGuardChoice {
    const int64_t *holds; /* NULL: all */
    size_t count;
    const char *name; /* of a domain, provider or server; NULL: any */
} HeedGuardChoice;

typedef struct HeedGuardResolved {
    uint64_t holds;
    uint64_t addresses; /* that were held */
    uint64_t switched;  /* suppressions that came, went or have another end by it */
} HeedGuardResolved;

/*
 * Decides holds, in one transaction: released, their failures count as any; discarded, they never
 * arrived. What was decided can be decided again, by number. A hold that lasts ends.
 * HEED_ERROR_NO_INPUT when nothing fits.
 */
bool heed_guard_resolve(HeedDatabase *database,
                        const HeedGuardChoice *choice,
                        bool discard,
                        const char *who,
                        const char *why,
                        HeedGuardResolved *out,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The holds, the newest first: hold_id, dimension, name, began_at, ended_at, placed_at (seconds
 * since 1970), seen, threshold, window_hours, resolution, resolved_by, why, addresses held now, the
 * end of the last pause, and up to three of their replies, the most frequent first (text[] as
 * lines). All: those that are over and nothing rests on, too. */
HeedRows *heed_guard_list(HeedDatabase *database, bool all, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
