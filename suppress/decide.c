/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/decide.h"

#include "base/error.h"
#include "suppress/fold.h"
#include "suppress/policy.h"
#include "suppress/queries.h"

/* How often a decision that lost a race is tried. */
#define DECISION_TRIES 10

typedef struct Decision {
    HeedDecisionAction action;
    const char *scope; /* all borrowed */
    const char *address;
    const char *who;
    const char *why;
} Decision;

static const char *
action_name(HeedDecisionAction action)
{
    switch (action) {
    case HEED_DECISION_ADD:
        return "add";
    case HEED_DECISION_REMOVE:
        return "remove";
    case HEED_DECISION_ALLOW:
        return "allow";
    case HEED_DECISION_DISALLOW:
        return "disallow";
    }
    g_assert_not_reached();
}

static bool
record(HeedDatabase *database,
       const Decision *decision,
       HeedDecisionAction action,
       const char *address,
       GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, action_name(action));
    heed_params_text(params, decision->scope);
    heed_params_text(params, address);
    heed_params_text(params, decision->who);
    heed_params_text(params, decision->why);
    return heed_database_run(database, "record the decision",
                             heed_suppress_query("decision_insert.sql"), params, error);
}

/* The pseudonym of the address, when it was forgotten and something is kept under it; else NULL in
 * *out. Nobody is forgotten until the transaction ends. */
static bool
find_pseudonym(HeedDatabase *database, const char *address, char **out, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_text(params, address);
    if (!heed_database_run(database, "wait until nobody is being forgotten",
                           heed_suppress_query("forget_share.sql"), NULL, error))
        return false;
    rows = heed_database_query(database, "look for whom was forgotten",
                               heed_suppress_query("pseudonym_live.sql"), params, error);
    if (rows == NULL)
        return false;
    *out = heed_rows_count(rows) > 0 ? g_strdup(heed_rows_text(rows, 0, 0)) : NULL;
    return true;
}

/*
 * Of whom was forgotten, what is kept is decided about, and the address is written down anew only
 * where something must be known of it: whoever allows it, or lifts what was reported since, names
 * somebody who is mailed again.
 */
static bool
record_all(HeedDatabase *database, const Decision *decision, const char *pseudonym, GError **error)
{
    bool lifts =
        decision->action == HEED_DECISION_REMOVE || decision->action == HEED_DECISION_ALLOW;

    if (pseudonym != NULL &&
        !record(database, decision, lifts ? HEED_DECISION_REMOVE : decision->action, pseudonym,
                error))
        return false;
    return (pseudonym != NULL && !lifts) ||
           record(database, decision, decision->action, decision->address, error);
}

static bool
decide_once(HeedDatabase *database,
            const HeedPolicy *policy,
            const Decision *decision,
            bool *out_changed,
            GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, error);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    char *pseudonym = NULL;
    HeedFolded folded;

    if (transaction == NULL || !find_pseudonym(database, decision->address, &pseudonym, error))
        return false;
    g_ptr_array_add(addresses, g_strdup(decision->address));
    if (pseudonym != NULL)
        g_ptr_array_add(addresses, pseudonym);
    if (!heed_fold_lock(database, policy, addresses, error) ||
        !record_all(database, decision, pseudonym, error) ||
        !heed_fold_locked(database, policy, addresses, &folded, error) ||
        !heed_transaction_commit(transaction, error))
        return false;
    *out_changed = folded.switched > 0;
    return true;
}

bool /* NOLINTNEXTLINE(readability-function-size): a decision has that many sides */
heed_decide(HeedDatabase *database,
            HeedDecisionAction action,
            const char *scope,
            const char *address,
            const char *who,
            const char *why,
            bool *out_changed,
            GError **error)
{
    const Decision decision = {action, scope, address, who, why};
    g_autoptr(HeedPolicy) policy = heed_policy_in_force(database, error);

    if (policy == NULL)
        return false;
    for (unsigned tries = 1;; tries++) {
        g_autoptr(GError) lost = NULL;

        if (decide_once(database, policy, &decision, out_changed, &lost))
            return true;
        if (tries == DECISION_TRIES || !g_error_matches(lost, HEED_ERROR, HEED_ERROR_CONFLICT)) {
            g_propagate_error(error, g_steal_pointer(&lost));
            return false;
        }
    }
}
