/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_REPUTATION_H
#define HEED_SUPPRESS_REPUTATION_H

/*
 * The scores of recipient domains, providers, sending domains and source addresses, as the views
 * have them (db/views/70_reputation.sql); the formula is written down in docs/reputation.md.
 */

#include "db/connection.h"

typedef enum HeedReputationBy {
    HEED_REPUTATION_RECIPIENT_DOMAIN,
    HEED_REPUTATION_PROVIDER,
    HEED_REPUTATION_SENDER_DOMAIN,
    HEED_REPUTATION_SOURCE_IP,
    HEED_REPUTATION_DIMENSIONS
} HeedReputationBy;

/* What was counted. */
typedef enum HeedReputationCount {
    HEED_REPUTATION_SENT, /* delivered or failed for good, by logs; 0: no log tells */
    HEED_REPUTATION_DELIVERED,
    HEED_REPUTATION_DEFERRED, /* messages put off, each once */
    HEED_REPUTATION_FAILED,   /* by reports and logs, each once; of which: */
    HEED_REPUTATION_HARD,
    HEED_REPUTATION_SOFT,
    HEED_REPUTATION_BLOCK,
    HEED_REPUTATION_TRANSIENT,
    HEED_REPUTATION_COMPLAINTS,
    HEED_REPUTATION_COUNTS
} HeedReputationCount;

/* Spans of days that end today. */
typedef enum HeedReputationSpan {
    HEED_REPUTATION_1D,
    HEED_REPUTATION_7D,
    HEED_REPUTATION_30D,
    HEED_REPUTATION_SPANS
} HeedReputationSpan;

/* A rate, and from where on it is judged: docs/reputation.md has the sources. As much as the
 * formula of db/views/06_score.sql: `much` costs 20 points, `limit` 50. */
typedef struct HeedReputationRate {
    HeedReputationCount of; /* SENT or DELIVERED */
    double much;
    double limit;
    const char *whose; /* who set the limit; NULL: we did, no provider publishes one */
} HeedReputationRate;

/* Of HARD, BLOCK, DEFERRED or COMPLAINTS; NULL for any other count. Static. */
const HeedReputationRate *heed_reputation_rate(HeedReputationCount count);

/* What a dimension is called where it is data: "recipient-domain". Static. */
const char *heed_reputation_dimension(HeedReputationBy by);

typedef struct HeedReputation {
    char *name;      /* owned, as all text */
    int score;       /* 0 to 100; -1: not enough is known */
    char *band;      /* good, fair, poor, bad, unknown */
    int confidence;  /* in percent */
    char *reason;    /* what pulls the score down most, or why there is none */
    char *pulled_by; /* the same in a word: complaints, hard, block or deferred; NULL: nothing */
    int64_t counts[HEED_REPUTATION_SPANS][HEED_REPUTATION_COUNTS];
} HeedReputation;

typedef struct HeedReputationQuery {
    HeedReputationBy by;
    const char *name; /* only this one; NULL: all */
    unsigned limit;   /* at most so many, the lowest scores first, then those without one; 0: all */
} HeedReputationQuery;

/* The reputations (of HeedReputation *, owned by the array). *out_total: how many there are without
 * the limit. In a read-only transaction of the caller's, so that it is one moment, and where it may
 * have more memory. */
GPtrArray *heed_reputation_list(HeedDatabase *database,
                                const HeedReputationQuery *query,
                                uint64_t *out_total,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
