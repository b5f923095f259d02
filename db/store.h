/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_STORE_H
#define HEED_DB_STORE_H

/*
 * The event store: batches of arrivals in, each report once, for ever. All functions run inside a
 * transaction of the caller, who refolds the touched addresses (suppress/) and saves checkpoints
 * (db/checkpoint.h) in the same one.
 */

#include "db/connection.h"
#include "parsers/arrival.h"

/* What a batch did. Of the messages: new + known + quarantined = all. */
typedef struct HeedStored {
    size_t new_reports;   /* stored now */
    size_t known_reports; /* stored before; adds nothing, but may raise trust */
    size_t quarantined;
    size_t events;        /* recipients of the new reports */
    GPtrArray *addresses; /* owned; of char *, sorted and unique: whose state may have changed */
} HeedStored;

void heed_stored_clear(HeedStored *stored);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedStored, heed_stored_clear)

/*
 * Stores arrivals (of HeedArrival *): report_seen, report, event, failure, raw_message,
 * rollup_delta, quarantine, each in one statement with unnest, rows sorted by key so that two
 * stores never wait for each other in a circle. A copy with more trust than what is stored raises
 * it there. Unreadable arrivals are left to the checkpoint.
 */
bool heed_store_insert(HeedDatabase *database,
                       const GPtrArray *arrivals,
                       HeedStored *out,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Replaces what is stored of reports that were read again (`ingest --reparse`, `quarantine retry`):
 * same digest, same arrival time, new report and events; trust that a copy proved stays. Of mail
 * that still cannot be read only the tries are counted. */
bool heed_store_replace(HeedDatabase *database,
                        const GPtrArray *arrivals,
                        HeedStored *out,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How long what is kept, in days. */
typedef struct HeedRetention {
    unsigned raw_days;   /* mail itself; 0: not at all */
    unsigned event_days; /* reports and events; what live suppressions and open counts rest on
                            stays; 0: for ever */
    unsigned count_days; /* roll-ups; 0: for ever */
} HeedRetention;

/* Makes the partitions for now and some time ahead, drops what is older than retention, folds
 * roll-up deltas. Once a run, outside a transaction; what another process is doing already, or
 * stands in the way of, is left to it, or to the next run. */
bool heed_store_maintain(HeedDatabase *database, const HeedRetention *retention, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
