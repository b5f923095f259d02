/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_ROUTE_H
#define HEED_INGEST_LOG_ROUTE_H

/*
 * The ways that mail takes, as a log tells them: domains in their normal form, the provider, and
 * whether it is mail that comes in from elsewhere. Most events go a way that was seen just before,
 * so that what is dear is done once for each; a bounded number of them is remembered.
 */

#include "ingest/log_job.h"
#include "ingest/log_key.h"
#include "parsers/log_event.h"

/* One way that mail takes: of whose domain, to which, through what. */
typedef struct HeedLogRoute {
    HeedLogKey key;
    const char *domain;   /* owned, as all; "" where there is none */
    const char *provider; /* static */
    const char *sender_domain;
    const char *source_ip;
    bool is_inbound;
    /* The caller's: its counters of the hour and the minute last seen, and how long they hold. */
    HeedLogVolume *volume;   /* borrowed */
    HeedLogAttempt *attempt; /* deliveries; so too */
    uint64_t generation;
} HeedLogRoute;

typedef struct HeedLogRoutes HeedLogRoutes;

/* Job is borrowed. */
HeedLogRoutes *heed_log_routes_new(const HeedLogJob *job);
/* Accepts NULL. */
void heed_log_routes_free(HeedLogRoutes *routes);

/* The route of an event, made where it is new; borrowed until the next call. */
HeedLogRoute *heed_log_routes_find(HeedLogRoutes *routes, const HeedLogEvent *event);

#endif
