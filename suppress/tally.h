/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_TALLY_H
#define HEED_SUPPRESS_TALLY_H

/*
 * Counting failures towards a line of the policy, for judge.c. Counting begins with the first
 * failure; each further one that counts is of a message not counted yet, and far enough from the
 * one counted before. Two counts go side by side: of what is believed, which nothing that is less
 * trusted can disturb, and of all together.
 */

#include "suppress/judge.h"

#define HEED_TIME_HOUR (INT64_C(3600) * G_USEC_PER_SEC)
#define HEED_TIME_DAY  (24 * HEED_TIME_HOUR)

typedef struct HeedCounter {
    unsigned need;
    int64_t apart;
    int64_t within; /* 0: whatever time; else what is older goes */
    bool distinct;
    unsigned count;
    const HeedFact *facts[HEED_POLICY_MOST_FAILURES]; /* borrowed */
} HeedCounter;

typedef struct HeedTally {
    HeedCounter believed;
    HeedCounter all;
} HeedTally;

typedef enum HeedTalliedWhy {
    HEED_TALLIED_NOT_YET,
    HEED_TALLIED_REPORT,         /* this report alone, by its trust */
    HEED_TALLIED_CLOSED_MAILBOX, /* this complaint alone, by where it was sent */
    HEED_TALLIED_NULL_MX,        /* a domain that says itself that it takes no mail: RFC 7505 */
    HEED_TALLIED_COUNT           /* a count is full */
} HeedTalliedWhy;

/* What a failure did to the tally. */
typedef struct HeedTallied {
    HeedTalliedWhy why;
    unsigned failures; /* of a count: how many, */
    int64_t apart;     /* and how far apart */
} HeedTallied;

/* Whether a failure counts as it is, and not only in company; whether what lifts does. */
bool heed_fact_is_believed(const HeedPolicy *policy, const HeedFact *fact);

/* An empty tally. */
void heed_tally_begin(HeedTally *out, const HeedPolicy *policy, const HeedPolicyLine *line);

/* Counts a failure of the line. A tally that is full stays so. */
HeedTallied heed_tally_add(HeedTally *tally,
                           const HeedPolicy *policy,
                           const HeedPolicyLine *line,
                           const HeedFact *fact);

#endif
