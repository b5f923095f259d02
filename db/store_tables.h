/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_STORE_TABLES_H
#define HEED_DB_STORE_TABLES_H

/*
 * How a batch is written: one statement a table, rows in order of their keys. Every transaction
 * takes its locks in the same order (report_seen, failure, quarantine, each by key), so that two
 * stores never wait for each other in a circle.
 */

#include "db/batch.h"
#include "db/connection.h"
#include "db/rollup.h"

/* Identifiers may be indexed one day; 1 KB fits into any index. */
#define HEED_STORE_LONGEST_NAME_BYTES 1024U

/* Enters the digests; marks the reports that were not there as new. */
bool heed_store_write_seen(HeedDatabase *database, HeedBatch *batch, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Reports that are stored already, and are believed more now: raises what is stored. Adds the
 * addresses concerned (char *, owned) to out_addresses. */
bool heed_store_raise_trust(HeedDatabase *database,
                            const HeedBatch *batch,
                            GPtrArray *out_addresses,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes out of the batch's events, and of the keys of their failures, the addresses of those who
 * were forgotten; marks the reports. Nobody is being forgotten meanwhile: heed_store_clock(). */
bool heed_store_forget(HeedDatabase *database, HeedBatch *batch, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The new reports, and their mail as far as it is kept. */
bool heed_store_write_reports(HeedDatabase *database, const HeedBatch *batch, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The batch's events; before that their failures, which marks the events that are counted. */
bool heed_store_write_events(HeedDatabase *database, HeedBatch *batch, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Mail that could not be read and is not stored yet; notes of what waits that it could not be read
 * once more, and why; and marks what could be read now as resolved. */
bool heed_store_write_quarantine(HeedDatabase *database,
                                 const HeedBatch *batch,
                                 size_t *out_new,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool heed_store_note_retries(HeedDatabase *database, const HeedBatch *batch, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
bool heed_store_resolve_quarantine(HeedDatabase *database, const HeedBatch *batch, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whose mail it was, for the counts: the domain of the author, else of the envelope sender. Kept in
 * the pool; arguments and result may be NULL. */
const char *heed_store_sender_domain(GStringChunk *pool,
                                     const char *from,
                                     const char *return_path,
                                     const char *mail_from);

/* Adds the batch's events to the counts. */
void heed_store_count(const HeedBatch *batch, HeedRollup *rollup);

/* All that hangs on the reports that are new by now: their rows, and what they add to the counts.
 * Adds their addresses (char *, owned) to out_addresses. */
bool heed_store_write_new(HeedDatabase *database,
                          HeedBatch *batch,
                          HeedRollup *rollup,
                          GPtrArray *out_addresses,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The time of the transaction. Until it ends, nobody is being forgotten (suppress/forget_lock.sql).
 */
bool heed_store_clock(HeedDatabase *database, int64_t *out_now, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* How many of the reports were not stored before. */
size_t heed_store_count_new(const HeedBatch *batch);

/* The addresses sorted by their bytes, each once. Sorts the argument. Caller owns. */
GPtrArray *heed_store_unique(GPtrArray *addresses);

#endif
