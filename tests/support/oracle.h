/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_ORACLE_H
#define HEED_TESTS_SUPPORT_ORACLE_H

/*
 * The rules of the policy written down a second time, the slow and plain way, to hold the program
 * against. It models what becomes of one address: which reports are of one failure and which of
 * them speaks, what is believed, what counts towards a line and when a count is full, how long that
 * lasts and how long the next time, what lifts, what people decided, what the guard holds. It reads
 * the whole history at once, knows nothing of batches, rebuilds or SQL, and shares no code with
 * suppress/. The scopes are "", "news" and "shop", and holds are of example.com. Times are hours
 * since the beginning of 2026.
 */

#include "suppress/policy.h"
#include "tests/support/history.h"

#define HEED_ORACLE_LINES          5U
#define HEED_ORACLE_MOST_STEPS     4U
#define HEED_ORACLE_HOLDS          2U
#define HEED_ORACLE_MOST_EVENTS    14U
#define HEED_ORACLE_MOST_DECISIONS 4U

/* A line of the policy. */
typedef struct HeedOracleLine {
    const char *matter;
    HeedVerdict verdict;
    HeedClass class_;
    unsigned failures; /* 1: at once */
    int apart;         /* hours */
    int within;        /* days; 0: whatever time */
    bool distinct;
    int days[HEED_ORACLE_MOST_STEPS]; /* 0: without end */
    unsigned steps;
    bool everywhere;
    bool cleared;
} HeedOracleLine;

/* The lines of the default policy. */
extern const HeedOracleLine heed_oracle_lines[HEED_ORACLE_LINES];

/* A surge of the guard. */
typedef struct HeedOracleHold {
    int from;
    int to;
    const char *resolution; /* NULL: it waits */
} HeedOracleHold;

/* All that is known of an address. */
typedef struct HeedOracleHistory {
    const HeedOracleLine *lines; /* borrowed; HEED_ORACLE_LINES of them */
    const HeedOracleHold *holds; /* borrowed; HEED_ORACLE_HOLDS of them, of example.com */
    char *address;               /* owned */
    HeedPastEvent events[HEED_ORACLE_MOST_EVENTS];
    unsigned event_count;
    HeedPastDecision decisions[HEED_ORACLE_MOST_DECISIONS];
    unsigned decision_count;
} HeedOracleHistory;

/* What the rules say of an address, as heed_history_states() writes it. Caller frees. */
char *heed_oracle_judge(const HeedOracleHistory *history);

#endif
