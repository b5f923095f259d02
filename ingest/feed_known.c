/* SPDX-License-Identifier: Apache-2.0 */
/* What of a mailbox is stored already. */
#include "ingest/flow.h"

static void
know_in_flight(const HeedFlow *flow, const HeedFeed *feed, const GPtrArray *uids, GArray *known)
{
    g_autoptr(GHashTable) in_flight = g_hash_table_new(g_str_hash, g_str_equal);

    for (const GList *at = feed->jobs.head; at != NULL; at = at->next)
        (void)g_hash_table_add(in_flight, ((const HeedJob *)at->data)->arrival->uid);
    for (size_t i = 0; i < flow->batch->len; i++)
        if (flow->batch_feeds->pdata[i] == feed)
            (void)g_hash_table_add(in_flight, ((HeedArrival *)flow->batch->pdata[i])->uid);
    for (size_t i = 0; i < uids->len; i++)
        if (g_hash_table_contains(in_flight, uids->pdata[i]))
            g_array_index(known, bool, i) = true;
}

bool
heed_feed_known(
    HeedFlow *flow, HeedFeed *feed, const GPtrArray *uids, GArray *out_known, GError **error)
{
    int64_t began = g_get_monotonic_time();
    bool done = true;

    g_array_set_size(out_known, 0);
    if (flow->sink.known != NULL && uids->len > 0)
        done = flow->sink.known(flow->sink.data, feed->index, uids, out_known, error);
    flow->away += g_get_monotonic_time() - began;
    if (!done)
        return false;
    g_array_set_size(out_known, uids->len);
    if (feed->in_hand > 0)
        know_in_flight(flow, feed, uids, out_known);
    return true;
}

bool
heed_feed_listed(HeedFlow *flow, HeedFeed *feed, GError **error)
{
    int64_t began = g_get_monotonic_time();
    bool done = true;

    if (flow->sink.listed != NULL && !flow->options->dry_run)
        done = flow->sink.listed(flow->sink.data, feed->index, error);
    flow->away += g_get_monotonic_time() - began;
    return done;
}
