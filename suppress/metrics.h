/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_METRICS_H
#define HEED_SUPPRESS_METRICS_H

/*
 * What `heed metrics` tells a monitoring system. No answer has more rows than there are classes,
 * mailboxes, logs, or names up to HEED_LIMIT_METRIC_NAMES: what is told each minute is kept for
 * months. No addresses.
 */

#include "db/connection.h"
#include "suppress/reputation.h"

/* The columns of HeedMetrics.state. */
enum {
    HEED_METRICS_DELIVERED, /* in the last 24 whole hours, by the logs, as is: */
    HEED_METRICS_FAILED,
    HEED_METRICS_UNMATCHED,    /* complaints of 30 days that name no recipient */
    HEED_METRICS_UNCLASSIFIED, /* failures of 30 days that no rule knows */
    HEED_METRICS_HOLDS,        /* of the guard, that last */
    HEED_METRICS_HELD          /* addresses */
};

typedef struct HeedMetrics {
    HeedRows *events;       /* kind, class, verdict, reports, failures */
    HeedRows *suppressions; /* verdict, reason, addresses */
    HeedRows *state;        /* one row */
    HeedRows *mailboxes;    /* as of db/overview.h, as are: */
    HeedRows *logs;
    HeedRows *database;
    /* Of HeedReputation *, the lowest scores first. */
    GPtrArray *reputations[HEED_REPUTATION_DIMENSIONS]; /* of recipient domains: NULL */
} HeedMetrics;

/* Reads all of it in one read-only transaction. */
HeedMetrics *heed_metrics_read(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Accepts NULL. */
void heed_metrics_free(HeedMetrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedMetrics, heed_metrics_free)

#endif
