/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOG_FAILURE_H
#define HEED_INGEST_LOG_FAILURE_H

/*
 * From a failed delivery in a log to the report that a bounce message would have been: the same
 * fields, the same classes, so that what comes of it is the same, and both together are one
 * failure (db/keys.h).
 */

#include "ingest/log_job.h"
#include "parsers/rules.h"

typedef struct HeedLogFailures HeedLogFailures;

/* Job and rules are borrowed. */
HeedLogFailures *heed_log_failures_new(const HeedLogJob *job, HeedRules *rules, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void heed_log_failures_free(HeedLogFailures *failures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogFailures, heed_log_failures_free)

/*
 * Which failure it is: SHA-256 over the message (its Message-ID; else queue id and sender; else the
 * time), the recipient in lower case, and whether it was put off or has failed. Not over the time
 * or the reply, so that the next attempt of the same deferral is the same, in whatever format it is
 * logged. Stored: must never change without a migration.
 */
void heed_log_failures_digest(HeedLogFailures *failures,
                              const HeedLogEvent *event,
                              uint8_t out[HEED_DIGEST_BYTES]);

/*
 * Whom the sender had mailed, in normal form and without a BATV tag: the one that the envelope's
 * sender names in a way that is ours, else the recipient before our own server's aliases, else the
 * recipient. A delivery is about whom a failure would be about, or it could not clear what that
 * counted. NULL where nobody is named. Caller owns.
 */
char *heed_log_failures_address(const HeedLogFailures *failures,
                                const HeedLogEvent *event,
                                HeedAddressSource *out_source);

/* The report of a deferral, a failure or an expiry, classified. Caller owns. */
HeedReport *heed_log_failures_report(HeedLogFailures *failures, const HeedLogEvent *event);

/* What the event's reply means, without a report: the class as in the report. */
HeedClass heed_log_failures_class(HeedLogFailures *failures, const HeedLogEvent *event);

#endif
