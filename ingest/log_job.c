/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_job.h"

void
heed_log_tally_add(HeedLogTally *tally, const HeedLogTally *more)
{
    tally->lines += more->lines;
    tally->delivered += more->delivered;
    tally->deferred += more->deferred;
    tally->failed += more->failed;
    tally->passed += more->passed;
    tally->unjoined += more->unjoined;
    tally->deadly += more->deadly;
    tally->refused += more->refused;
    for (size_t i = 0; i < HEED_LOG_TROUBLES; i++) {
        tally->troubles[i] += more->troubles[i];
        if (tally->first[i] == 0)
            tally->first[i] = more->first[i];
    }
}

uint64_t
heed_log_tally_unread(const HeedLogTally *tally)
{
    uint64_t unread = tally->deadly + tally->refused;

    for (size_t i = 0; i < HEED_LOG_TROUBLES; i++)
        if (i != HEED_LOG_FINE)
            unread += tally->troubles[i];
    return unread;
}

void
heed_log_batch_clear(HeedLogBatch *batch)
{
    g_clear_pointer(&batch->arrivals, g_ptr_array_unref);
    g_clear_pointer(&batch->sums, heed_log_sums_free);
    g_clear_pointer(&batch->state, g_bytes_unref);
}
