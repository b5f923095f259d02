/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_ARRIVALS_H
#define HEED_TESTS_SUPPORT_ARRIVALS_H

/* Arrivals for tests of the store, in a line each. */

#include "parsers/arrival.h"

typedef struct HeedTestArrival {
    unsigned number; /* becomes the digest */
    HeedKind kind;
    HeedTrust trust;
    bool closed;
    const char *message_id; /* of the original */
    const char *address;    /* of its one recipient; NULL: no recipient */
    HeedClass class_;
    HeedVerdict verdict;
    int64_t received_at; /* 0: unknown */
} HeedTestArrival;

/* Caller frees. The action follows from the kind. */
HeedArrival *heed_test_arrival(const HeedTestArrival *what);

/* One that could not be read. */
HeedArrival *heed_test_arrival_quarantined(unsigned number);

#endif
