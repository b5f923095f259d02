/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_POLICY_LINES_H
#define HEED_SUPPRESS_POLICY_LINES_H

/*
 * The policy as data: which failures suppress, after how many, for how long and where. It is stored
 * with a version (policy.h); whoever folds reads it from there. docs/policy.md has the reasons of
 * the defaults.
 */

#include "parsers/report.h"

#include <glib.h>
#include <stdbool.h>

/* Which rules the judge knows, and which addresses are roles: counted up with each change of them
 * that can change a state, so that what was folded before counts as stale. */
#define HEED_POLICY_RULES_REVISION 5

/* How many steps a line's durations have at most, and what counts may be. */
#define HEED_POLICY_MOST_STEPS    8U
#define HEED_POLICY_MOST_FAILURES 100U
#define HEED_POLICY_MOST_HOURS    (24U * 366U)
#define HEED_POLICY_MOST_DAYS     (10U * 366U)

typedef enum HeedPolicyAction {
    HEED_POLICY_SUPPRESS, /* at once, when the report is believed */
    HEED_POLICY_COUNT,    /* after some failures */
    HEED_POLICY_IGNORE    /* never */
} HeedPolicyAction;

/* What holds for the failures of one verdict, or for those of them that are of one class. */
typedef struct HeedPolicyLine {
    HeedVerdict verdict; /* hard, soft, complaint, unsubscribe: a block never suppresses */
    HeedClass class_;    /* HEED_CLASS_NONE: every class that has no line of its own */
    HeedPolicyAction action;
    /* Of a count: how many failures, each at least so long after the one counted before, all
     * within so many days (0: whatever time). */
    unsigned failures;
    unsigned apart_hours;
    unsigned within_days;
    bool distinct; /* each must be of another message; of plausible reports each must anyway */
    /* How long: the first time, the second…; 0 is without end. The last one goes on. A pause of a
     * hard failure is a first step that ends. */
    unsigned lasts_days[HEED_POLICY_MOST_STEPS];
    unsigned steps;
    bool everywhere;          /* else in the stream it is about */
    bool cleared_by_delivery; /* a delivery starts the count anew, and ends what has an end */
    bool plausible;           /* whether plausible reports count */
} HeedPolicyLine;

/* A stream that complaints and unsubscribe requests of others leave alone. */
typedef struct HeedPolicyExemption {
    char *stream; /* owned */
    bool complaint;
    bool unsubscribe;
} HeedPolicyExemption;

typedef struct HeedPolicy {
    int version; /* of heed_data.policy; 0: not established */
    /* What plausible reports need at least, whatever a line says. */
    unsigned plausible_messages;
    unsigned plausible_apart_hours;
    /* Else authenticated reports count as plausible ones, and lift nothing. */
    bool believe_authenticated;
    bool closed_complaints;     /* a complaint in a closed mailbox is believed */
    unsigned hold_hours;        /* how long a hold of the guard pauses an address */
    GArray *lines;              /* of HeedPolicyLine; owned, as all */
    GPtrArray *protected_names; /* of char *: addresses and domains (with their subdomains) */
    GHashTable *protected_set;  /* the same */
    GArray *exemptions;         /* of HeedPolicyExemption */
} HeedPolicy;

/* The defaults of design.md. */
HeedPolicy *heed_policy_new(void) G_GNUC_WARN_UNUSED_RESULT;

/* Accepts NULL. */
void heed_policy_free(HeedPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedPolicy, heed_policy_free)

/* Adds a line, or replaces the one of the same verdict and class. */
void heed_policy_set_line(HeedPolicy *policy, const HeedPolicyLine *line);

/* The line that holds for a failure: that of its class, else that of its verdict; NULL when the
 * verdict has none (block, transient, none). Borrowed. */
const HeedPolicyLine *
heed_policy_line(const HeedPolicy *policy, HeedVerdict verdict, HeedClass class_);

/* The name of a line in rules and in the configuration: "hard", or the class, "bad-domain". */
const char *heed_policy_line_name(const HeedPolicyLine *line);

/* An address or a domain, normalised; once. */
void heed_policy_protect(HeedPolicy *policy, const char *name);
/* Complaints, unsubscribe requests, or both, that are about other streams leave this one alone. */
void heed_policy_exempt(HeedPolicy *policy, const char *stream, bool complaint, bool unsubscribe);

/* Whether evidence must not suppress the address: it or its domain is protected, or it is a
 * postmaster. out_name: by which name, the closest; borrowed. */
bool heed_policy_protects(const HeedPolicy *policy, const char *address, const char **out_name);

/* The settings as JSON, the same text for the same settings: lists are sorted on the way. Caller
 * frees. */
char *heed_policy_to_json(const HeedPolicy *policy);

/* The settings that are there, the defaults for others: an older Heed knew fewer. HEED_ERROR_DATA:
 * not ours, or made by a later Heed. */
HeedPolicy *heed_policy_from_json(const char *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
