/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_sums.h"

HeedLogSums *
heed_log_sums_new(void)
{
    HeedLogSums *sums = g_new0(HeedLogSums, 1);

    sums->volumes = g_array_new(FALSE, FALSE, sizeof(HeedLogVolume));
    sums->attempts = g_array_new(FALSE, FALSE, sizeof(HeedLogAttempt));
    sums->deliveries = g_array_new(FALSE, FALSE, sizeof(HeedLogDelivery));
    sums->text = g_string_chunk_new(4096);
    return sums;
}

void
heed_log_sums_free(HeedLogSums *sums)
{
    if (sums == NULL)
        return;
    g_array_unref(sums->volumes);
    g_array_unref(sums->attempts);
    g_array_unref(sums->deliveries);
    g_string_chunk_free(sums->text);
    g_free(sums);
}
