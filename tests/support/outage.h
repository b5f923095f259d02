/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_OUTAGE_H
#define HEED_TESTS_SUPPORT_OUTAGE_H

/*
 * Simulated surges: a month of usual hard bounces at many domains, then something happens, and the
 * guard and the policy look on, batch by batch. Time is the reports', none passes.
 */

#include "suppress/guard.h"
#include "suppress/policy.h"
#include "tests/support/database.h"

typedef struct HeedOutage {
    HeedDatabase *database; /* borrowed, as is the policy */
    const HeedPolicy *policy;
    HeedGuardOptions options;
    int64_t now;     /* seconds since 1970 */
    unsigned placed; /* holds so far */
    unsigned next;   /* for names that nobody has had */
} HeedOutage;

/* One batch's worth of authenticated hard failures of new addresses: "PREFIX7@DOMAIN". */
typedef struct HeedOutageLot {
    const char *prefix;
    const char *domain;   /* "%" in it is the number of a domain, 1 to domains */
    const char *provider; /* NULL: none */
    const char *mta;
    unsigned domains; /* 0: domain is one name */
    unsigned count;
    int64_t from; /* received evenly from here on, in seconds since 1970; 0: as they arrive */
    int64_t until;
} HeedOutageLot;

/* An empty store. */
void heed_outage_begin(HeedOutage *outage, HeedTestDatabase *test, const HeedPolicy *policy);

/* Stores lots that arrive at this moment in one transaction, as the program does, in the role of
 * heed_ingest. */
void heed_outage_store(HeedOutage *outage, const HeedOutageLot *lots, unsigned count);

/* So many days of usual failures: each day between 9 and 12, every half an hour, `big` at the
 * provider's domain and `small` at forty others. */
void heed_outage_usual(HeedOutage *outage, unsigned days, unsigned big, unsigned small);

/* How many addresses with the prefix are in a state: "held", "suppressed" (not held), or "mailed"
 * (neither), at this moment. */
unsigned heed_outage_count(const HeedOutage *outage, const char *prefix, const char *state);

#endif
