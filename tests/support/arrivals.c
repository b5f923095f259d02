/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/arrivals.h"

#include <string.h>

static void
set_digest(HeedArrival *arrival, unsigned number)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize length = HEED_DIGEST_BYTES;

    g_checksum_update(checksum, (const guchar *)&number, sizeof(number));
    g_checksum_get_digest(checksum, arrival->digest, &length);
}

static HeedAction
action_of(HeedKind kind)
{
    if (kind == HEED_KIND_BOUNCE)
        return HEED_ACTION_FAILED;
    if (kind == HEED_KIND_DELAY)
        return HEED_ACTION_DELAYED;
    return kind == HEED_KIND_SUCCESS ? HEED_ACTION_DELIVERED : HEED_ACTION_NONE;
}

HeedArrival *
heed_test_arrival(const HeedTestArrival *what)
{
    HeedArrival *arrival = heed_arrival_new();
    HeedReport *report = heed_report_new();

    set_digest(arrival, what->number);
    arrival->source = g_strdup("test.mbox#1");
    arrival->stream = g_strdup("newsletter");
    arrival->closed = what->closed;
    arrival->uid = g_strdup_printf("%u", what->number);
    arrival->position = what->number;
    arrival->size = 1000;
    arrival->received_at = what->received_at != 0 ? what->received_at : HEED_DATE_UNKNOWN;
    arrival->compressed = g_bytes_new_static("zstd", 4);
    arrival->report = report;
    report->kind = what->kind;
    report->trust = what->trust;
    report->message_id = heed_report_text(report, "report@example.net", -1);
    report->original.message_id = heed_report_text(report, what->message_id, -1);
    report->original.from = heed_report_text(report, "News <news@Example.com>", -1);
    if (what->kind == HEED_KIND_COMPLAINT) {
        HeedFeedback *feedback = heed_report_feedback(report);

        feedback->type = heed_report_text(report, "abuse", -1);
        feedback->source_ip = heed_report_text(report, "192.0.2.1", -1);
    }
    if (what->address != NULL) {
        HeedRecipient *recipient = heed_report_add_recipient(report);

        recipient->address = heed_report_text(report, what->address, -1);
        recipient->address_source = HEED_ADDRESS_SOURCE_ORIGINAL_RECIPIENT;
        recipient->action = action_of(what->kind);
        recipient->class_ = what->class_;
        recipient->verdict = what->verdict;
        recipient->diagnostic = heed_report_text(report, "550 5.1.1 user unknown", -1);
    }
    return arrival;
}

HeedArrival *
heed_test_arrival_quarantined(unsigned number)
{
    HeedArrival *arrival = heed_arrival_new();

    set_digest(arrival, number);
    arrival->uid = g_strdup_printf("%u", number);
    arrival->position = number;
    arrival->disposition = HEED_DISPOSITION_QUARANTINED;
    arrival->reason = g_strdup("worker-crash");
    arrival->compressed = g_bytes_new_static("zstd", 4);
    return arrival;
}
