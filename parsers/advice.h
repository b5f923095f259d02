/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_ADVICE_H
#define HEED_PARSERS_ADVICE_H

/*
 * What people are told about a failure: the tables rules/advice.def (by class), rules/causes.def
 * and rules/contacts.def (by provider). A rule may say more precisely; these are what is said
 * otherwise.
 */

#include "parsers/report.h"

typedef struct HeedAdvice {
    const char *cause; /* one of causes.def */
    /* Seconds until the next try is worth it, HEED_RULE_WAIT_NEVER or HEED_RULE_WAIT_UNKNOWN
     * (parsers/rules.h): after a temporary and after a permanent refusal. */
    int64_t wait_temporary;
    int64_t wait_permanent;
    const char *means;  /* one line for people */
    const char *remedy; /* what to do, one line */
} HeedAdvice;

typedef struct HeedContact {
    const char *provider;
    const char *title; /* "Yahoo and AOL" */
    const char *page;  /* its page for senders; NULL: none is known */
} HeedContact;

/* What a provider allows each sending address, as it or others say (rules/limits.def). */
typedef struct HeedLimits {
    const char *provider;
    unsigned connections; /* at a time; 0: nothing is known */
    unsigned messages;    /* in a connection; 0: nothing is known */
    const char *source;
} HeedLimits;

/* NULL when the table has none. Static. */
const HeedLimits *heed_limits_of(const char *provider);

/* Of a class of failures, or of none at all; of any other class, what is said of unknown. Static.
 */
const HeedAdvice *heed_advice_of(HeedClass class_);

/* NULL when the table has none. Static. */
const HeedContact *heed_contact_of(const char *provider);

/* What a cause is called for people ("too many connections"); NULL for a name that is none. */
const char *heed_cause_title(const char *cause);

bool heed_cause_exists(const char *cause);

#endif
