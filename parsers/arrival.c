/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/arrival.h"

HeedArrival *
heed_arrival_new(void)
{
    HeedArrival *arrival = g_new0(HeedArrival, 1);

    arrival->received_at = HEED_DATE_UNKNOWN;
    return arrival;
}

void
heed_arrival_free(HeedArrival *arrival)
{
    if (arrival == NULL)
        return;
    g_free(arrival->mailbox);
    g_free(arrival->source);
    g_free(arrival->stream);
    g_free(arrival->uid);
    g_clear_pointer(&arrival->compressed, g_bytes_unref);
    g_free(arrival->json);
    heed_report_free(arrival->report);
    g_free(arrival->reason);
    g_free(arrival->detail);
    g_free(arrival);
}
