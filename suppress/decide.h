/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_DECIDE_H
#define HEED_SUPPRESS_DECIDE_H

/*
 * What people decide, and what is known of one address: the ledger behind `heed suppress
 * add|remove|allow|list` and `heed why`. Nothing is overwritten: each decision is a new row, and
 * the address is folded again with it.
 */

#include "db/connection.h"

typedef enum HeedDecisionAction {
    HEED_DECISION_ADD,     /* suppress by hand, whatever the evidence */
    HEED_DECISION_REMOVE,  /* lift, and disregard the evidence up to now; new evidence counts again
                            */
    HEED_DECISION_ALLOW,   /* never suppress, whatever the evidence */
    HEED_DECISION_DISALLOW /* take an allow back */
} HeedDecisionAction;

/*
 * Records a decision and folds the address, in one transaction. Addresses come normalised; scope ""
 * is everything. out_changed: whether the address's suppression differs from before. who: the
 * account that decided.
 */
bool heed_decide(HeedDatabase *database,
                 HeedDecisionAction action,
                 const char *scope,
                 const char *address,
                 const char *who,
                 const char *why,
                 bool *out_changed,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One line of an address's story. */
typedef struct HeedStoryLine {
    int64_t at;
    bool decision; /* else an event */
    char *scope;   /* all owned; NULL where there is nothing to say */
    char *what;    /* "bounce hard bad-mailbox", "remove", … */
    char *trust;
    char *rule;
    char *detail; /* the reply text, or why the person decided so */
    char *source; /* the reporter, or who decided */
    char *digest; /* hex; of the report */
} HeedStoryLine;

/* An address's state in one scope. */
typedef struct HeedState {
    char *scope; /* all owned */
    bool suppressed;
    bool allowed;
    char *reason;
    char *verdict;
    char *rule;
    int64_t since;
    int64_t until; /* HEED_DATE_UNKNOWN: without end */
    int64_t evidence_count;
    int64_t first_event_at;
    int64_t last_event_at;
} HeedState;

typedef struct HeedWhy {
    bool suppressed;       /* in any scope */
    GPtrArray *states;     /* of HeedState * */
    GPtrArray *story;      /* of HeedStoryLine *, oldest first; the newest HEED_WHY_LINES of them */
    uint64_t story_length; /* all there are */
} HeedWhy;

#define HEED_WHY_LINES 200U

/* Address in its normal form. Caller frees. */
HeedWhy *heed_why(HeedDatabase *database, const char *address, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void heed_why_free(HeedWhy *why);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedWhy, heed_why_free)

#endif
