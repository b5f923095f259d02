/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_JUDGE_H
#define HEED_SUPPRESS_JUDGE_H

/*
 * The state of one address from all that is known of it: its failures, deliveries and withdrawals,
 * the decisions of people, the holds of the guard, and a policy. A pure function: no clock and no
 * database, so that a replay says the same (design.md, invariant 3). Times are microseconds since
 * 1970.
 */

#include "suppress/policy_lines.h"

#include <stdint.h>

#define HEED_TIME_WITHOUT_END INT64_MAX
#define HEED_TIME_NONE        INT64_MIN

typedef enum HeedFactKind {
    HEED_FACT_FAILURE,   /* also a complaint, an unsubscribe request */
    HEED_FACT_DELIVERY,  /* a believed report that a message was delivered */
    HEED_FACT_WITHDRAWAL /* a believed report that a message was not spam after all */
} HeedFactKind;

/* One failure, whatever number of reports speak of it; undone ones are not among them. */
typedef struct HeedFact {
    HeedFactKind kind;
    HeedTrust trust;
    HeedVerdict verdict; /* of a failure, as are all that follow but original */
    HeedClass class_;
    bool closed; /* told of in a mailbox that only feedback-loop providers know */
    bool null_mx;
    int64_t occurred_at;      /* the order of history, with the place in the array */
    int64_t first_arrived_at; /* of its first report, by our clock */
    int64_t held_until;       /* HEED_TIME_NONE: not held */
    int64_t hold_id;
    const char *stream;   /* all borrowed; "" for none */
    const char *original; /* which message; "" when nothing says it: all such are one message */
} HeedFact;

typedef enum HeedDecisionKind {
    HEED_DECIDED_ADD,
    HEED_DECIDED_REMOVE,
    HEED_DECIDED_ALLOW,
    HEED_DECIDED_DISALLOW,
    HEED_DECIDED_FORGET, /* what was decided before holds no more */
    HEED_DECIDED_KEEP    /* the state stays what it was */
} HeedDecisionKind;

/* A state that is kept though its evidence was erased; fields as in HeedJudgement, all borrowed. */
typedef struct HeedKept {
    bool suppressed;
    bool allowed;
    const char *reason;
    const char *verdict;
    int64_t since;
    int64_t until;
    unsigned evidence_count;
    int64_t first_event_at;
    int64_t last_event_at;
    const char *rule;
} HeedKept;

typedef struct HeedDecided {
    HeedDecisionKind kind;
    int64_t decided_at;
    const char *scope; /* borrowed; "" is everywhere */
    HeedKept kept;     /* of HEED_DECIDED_KEEP */
} HeedDecided;

/* All there is to judge an address by. */
typedef struct HeedCase {
    const char *address;   /* borrowed, as all */
    const HeedFact *facts; /* by occurred_at */
    size_t fact_count;
    const HeedDecided *decisions; /* as they were taken */
    size_t decision_count;
} HeedCase;

/* What became of an address in a scope. */
typedef struct HeedJudgement {
    char *scope;     /* owned */
    bool suppressed; /* at all; over when `until` has passed */
    bool allowed;    /* what is said of scope "" does not hold here */
    const char
        *reason; /* a class or "manual", static, or what is kept, the case's; NULL for none */
    const char *verdict; /* alike */
    int64_t since;       /* HEED_TIME_NONE for none */
    int64_t until;       /* HEED_TIME_WITHOUT_END */
    int64_t hold_id;     /* the hold that pauses it; 0 for none */
    unsigned evidence_count;
    int64_t first_event_at; /* HEED_TIME_NONE for none */
    int64_t last_event_at;
    char *rule; /* owned; the policy's line and what satisfied it */
} HeedJudgement;

/* The judgements, of HeedJudgement, by scope; the array owns what they hold. Nothing is known of
 * the address in scopes that are not among them. */
GArray *heed_judge(const HeedPolicy *policy, const HeedCase *the_case) G_GNUC_WARN_UNUSED_RESULT;

#endif
