/* SPDX-License-Identifier: Apache-2.0 */
#include "db/batch.h"

#include "base/limits.h"

#include <string.h>

/* RFC 5321 4.5.3.1.2. */
#define LONGEST_DOMAIN_BYTES 255U

static void
report_free(gpointer data)
{
    HeedBatchReport *report = data;

    g_free(report->arrived_at);
    g_free(report);
}

static int
compare_digests(const HeedArrival *one, const HeedArrival *other)
{
    return memcmp(one->digest, other->digest, HEED_DIGEST_BYTES);
}

/* g_ptr_array_sort() is stable: of equals, the first stays the first. */
static gint
by_digest_and_trust(gconstpointer a, gconstpointer b)
{
    const HeedBatchReport *one = *(const HeedBatchReport *const *)a;
    const HeedBatchReport *other = *(const HeedBatchReport *const *)b;
    int order = compare_digests(one->arrival, other->arrival);

    return order != 0 ? order : (int)other->trust - (int)one->trust;
}

static gint
arrivals_by_digest(gconstpointer a, gconstpointer b)
{
    return compare_digests(*(const HeedArrival *const *)a, *(const HeedArrival *const *)b);
}

/* When it counts: when our mail system received it, and never in the future. */
static int64_t
received_at(const HeedArrival *arrival, int64_t now)
{
    int64_t received = arrival->received_at;

    if (received == HEED_DATE_UNKNOWN)
        received = arrival->report->receiver_date;
    if (received == HEED_DATE_UNKNOWN)
        received = now;
    return CLAMP(received, 0, now);
}

static HeedBatchReport *
report_new(const HeedArrival *arrival, int64_t now)
{
    HeedBatchReport *report = g_new0(HeedBatchReport, 1);

    report->arrival = arrival;
    report->trust = arrival->report->trust;
    report->closed = arrival->closed;
    report->received_at = received_at(arrival, now);
    return report;
}

static void
drop_copies(HeedBatch *batch)
{
    g_autoptr(GPtrArray) sorted = g_steal_pointer(&batch->reports);
    HeedBatchReport *last = NULL;

    g_ptr_array_sort(sorted, by_digest_and_trust);
    g_ptr_array_set_free_func(sorted, NULL);
    batch->reports = g_ptr_array_new_with_free_func(report_free);
    for (guint i = 0; i < sorted->len; i++) {
        HeedBatchReport *report = g_ptr_array_index(sorted, i);

        if (last != NULL && compare_digests(last->arrival, report->arrival) == 0) {
            last->closed = last->closed || report->closed;
            batch->copies++;
            report_free(report);
        } else {
            g_ptr_array_add(batch->reports, report);
            last = report;
        }
    }
    for (guint i = batch->quarantine->len; i > 1; i--) {
        if (compare_digests(g_ptr_array_index(batch->quarantine, i - 1),
                            g_ptr_array_index(batch->quarantine, i - 2)) == 0) {
            (void)g_ptr_array_remove_index(batch->quarantine, i - 1);
            batch->copies++;
        }
    }
}

HeedBatch *
heed_batch_new(const GPtrArray *arrivals, int64_t now)
{
    HeedBatch *batch = g_new0(HeedBatch, 1);

    batch->now = now;
    batch->reports = g_ptr_array_new_with_free_func(report_free);
    batch->quarantine = g_ptr_array_new();
    batch->events = g_array_new(FALSE, TRUE, sizeof(HeedBatchEvent));
    for (guint i = 0; i < arrivals->len; i++) {
        HeedArrival *arrival = g_ptr_array_index(arrivals, i);

        if (arrival->disposition == HEED_DISPOSITION_QUARANTINED)
            g_ptr_array_add(batch->quarantine, arrival);
        else if (arrival->disposition != HEED_DISPOSITION_UNREADABLE && arrival->report != NULL)
            g_ptr_array_add(batch->reports, report_new(arrival, now));
    }
    g_ptr_array_sort(batch->quarantine, arrivals_by_digest);
    drop_copies(batch);
    return batch;
}

void
heed_batch_free(HeedBatch *batch)
{
    if (batch == NULL)
        return;
    g_ptr_array_unref(batch->reports);
    g_ptr_array_unref(batch->quarantine);
    g_array_unref(batch->events);
    g_free(batch);
}

HeedBatchReport *
heed_batch_find(const HeedBatch *batch, const uint8_t digest[HEED_DIGEST_BYTES])
{
    guint low = 0;
    guint high = batch->reports->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        HeedBatchReport *report = g_ptr_array_index(batch->reports, middle);
        int order = memcmp(report->arrival->digest, digest, HEED_DIGEST_BYTES);

        if (order == 0)
            return report;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A report of several fates: each recipient has its own. */
static HeedKind
kind_of(HeedKind kind, HeedAction action)
{
    if (kind != HEED_KIND_BOUNCE && kind != HEED_KIND_DELAY && kind != HEED_KIND_SUCCESS)
        return kind;
    switch (action) {
    case HEED_ACTION_FAILED:
        return HEED_KIND_BOUNCE;
    case HEED_ACTION_DELAYED:
        return HEED_KIND_DELAY;
    case HEED_ACTION_DELIVERED:
    case HEED_ACTION_RELAYED:
    case HEED_ACTION_EXPANDED:
        return HEED_KIND_SUCCESS;
    case HEED_ACTION_NONE:
    default:
        return kind;
    }
}

static void
add_event(HeedBatch *batch,
          const HeedBatchReport *report,
          const HeedRecipient *recipient,
          uint32_t ordinal)
{
    const HeedReport *said = report->arrival->report;
    HeedBatchEvent event = {.report = report, .recipient = *recipient, .ordinal = ordinal};
    HeedFailure failure = {.digest = report->arrival->digest, .ordinal = ordinal};

    if (recipient->address != NULL && strlen(recipient->address) > HEED_LIMIT_ADDRESS_BYTES) {
        event.recipient.address = NULL;
        event.recipient.address_source = HEED_ADDRESS_SOURCE_NONE;
    }
    event.kind = kind_of(said->kind, recipient->action);
    event.has_original_key = heed_key_original(&said->original, event.original_key);
    failure.original_key = event.has_original_key ? event.original_key : NULL;
    failure.address = event.recipient.address;
    failure.outcome = heed_key_outcome(event.kind, recipient->action);
    heed_key_failure(&failure, event.failure_key);
    g_array_append_val(batch->events, event);
}

/* What a report says that names nobody; false for kinds that are about no recipient. */
static bool
nobody(const HeedReport *report, HeedRecipient *out)
{
    *out = HEED_RECIPIENT_UNKNOWN;
    out->verdict = HEED_VERDICT_NONE;
    switch (report->kind) {
    case HEED_KIND_COMPLAINT:
        out->verdict = HEED_VERDICT_COMPLAINT;
        out->class_ = HEED_CLASS_OTHER;
        if (report->feedback != NULL && report->feedback->type != NULL)
            (void)heed_class_from_name(report->feedback->type, &out->class_);
        return true;
    case HEED_KIND_UNSUBSCRIBE:
        out->verdict = HEED_VERDICT_UNSUBSCRIBE;
        out->class_ = HEED_CLASS_UNSUBSCRIBE;
        return true;
    case HEED_KIND_AUTH_FAILURE:
        out->class_ = HEED_CLASS_AUTH_FAILURE;
        return true;
    case HEED_KIND_NOT_SPAM:
        out->class_ = HEED_CLASS_NOT_SPAM;
        return true;
    case HEED_KIND_BOUNCE:
        out->action = HEED_ACTION_FAILED;
        out->class_ = HEED_CLASS_UNKNOWN;
        return true;
    case HEED_KIND_DELAY:
        out->action = HEED_ACTION_DELAYED;
        out->class_ = HEED_CLASS_UNKNOWN;
        return true;
    case HEED_KIND_OTHER:
    case HEED_KIND_SUCCESS:
    case HEED_KIND_AUTO_REPLY:
    case HEED_KIND_DMARC_REPORT:
    case HEED_KIND_TLS_REPORT:
    default:
        return false;
    }
}

void
heed_batch_make_events(HeedBatch *batch)
{
    for (guint i = 0; i < batch->reports->len; i++) {
        const HeedBatchReport *report = g_ptr_array_index(batch->reports, i);
        const HeedReport *said = report->arrival->report;
        HeedRecipient unnamed;

        /* Also what is said of recipients by kinds that are about none counts for nothing. */
        if (!report->is_new || (!nobody(said, &unnamed) && said->kind != HEED_KIND_SUCCESS))
            continue;
        for (guint j = 0; j < said->recipients->len; j++)
            add_event(batch, report, &g_array_index(said->recipients, HeedRecipient, j), j);
        if (said->recipients->len == 0 && said->kind != HEED_KIND_SUCCESS)
            add_event(batch, report, &unnamed, 0);
    }
}

const char *
heed_batch_text(GStringChunk *pool, const char *text, size_t limit)
{
    size_t length = 0;
    const char *end = NULL;

    if (text == NULL)
        return NULL;
    length = strnlen(text, limit + 1);
    if (length <= limit && g_utf8_validate(text, (gssize)length, NULL))
        return text;
    length = MIN(length, limit);
    {
        g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);

        /* Replacement characters are longer than what they replace. */
        length = strlen(valid);
        if (length > limit) {
            end = g_utf8_find_prev_char(valid, valid + limit + 1);
            length = end != NULL ? (size_t)(end - valid) : 0;
        }
        return g_string_chunk_insert_len(pool, valid, (gssize)length);
    }
}

const char *
heed_batch_domain(GStringChunk *pool, const char *address)
{
    const char *at = address != NULL ? strrchr(address, '@') : NULL;
    size_t length = 0;
    g_autofree char *domain = NULL;

    if (at == NULL)
        return NULL;
    length = strcspn(at + 1, "> \t,;\"");
    if (length == 0 || length > LONGEST_DOMAIN_BYTES ||
        !g_utf8_validate(at + 1, (gssize)length, NULL))
        return NULL;
    domain = g_ascii_strdown(at + 1, (gssize)length);
    return g_string_chunk_insert_len(pool, domain, (gssize)length);
}
