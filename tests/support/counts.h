/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_COUNTS_H
#define HEED_TESTS_SUPPORT_COUNTS_H

/*
 * What is counted of mail by the day, written straight into the store, and its score: the formula
 * written down a second time from docs/reputation.md. Ages are days before today, of UTC.
 */

#include "db/connection.h"

/* Of one day. */
typedef struct HeedTestCounts {
    int delivered;
    int failed; /* sent is both */
    int hard;
    int block;
    int deferred;
    int complaints;
} HeedTestCounts;

/* The score of days, the first being today; -1: none. */
int heed_test_counts_score(const HeedTestCounts *days, unsigned count);

/* Forgets all that was counted. */
void heed_test_counts_clear(HeedDatabase *database);

/* Adds to what is counted of a domain; what was reported may be taken back. All is of one provider,
 * sender and server. */
void heed_test_counts_add_reports(HeedDatabase *database,
                                  const char *domain,
                                  unsigned age,
                                  const char *kind,
                                  const char *verdict,
                                  int count);
void heed_test_counts_add_volume(
    HeedDatabase *database, const char *domain, unsigned age, int delivered, int failed);
void heed_test_counts_add_day(HeedDatabase *database,
                              const char *domain,
                              unsigned age,
                              const HeedTestCounts *day);

/* Folds what was added, as the program does from time to time. */
void heed_test_counts_fold(HeedDatabase *database);

/* Lets days pass: all that is stored becomes so much older. */
void heed_test_counts_pass(HeedDatabase *database, unsigned days);

/* Drops what is older. */
void heed_test_counts_drop(HeedDatabase *database, unsigned age);

#endif
