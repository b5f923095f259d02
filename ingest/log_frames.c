/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_frames.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "parsers/report_json.h"

#define FLAG_ANEW       1U
#define FLAG_SETTLED    2U
#define FLAG_INCOMPLETE 1U
#define FLAG_SHRUNK     2U
#define FLAG_CUT        4U

/* Names are below 256 bytes, replies and addresses below 1 KB. */
#define TEXT_BYTES 4096U

/* Rows of one kind, before they are believed: one of each table may be made per event of a batch.
 */
#define MOST_ROWS (2U * HEED_LIMIT_LOG_BATCH_ROWS)

/* --- the job --- */

GBytes *
heed_log_job_frame(const HeedLogJob *job)
{
    g_autoptr(json_t) json = json_object();

    json_object_set_new(json, "format", json_string(heed_log_format_name(job->format)));
    if (job->zone != NULL)
        json_object_set_new(json, "zone", json_string(job->zone));
    json_object_set_new(json, "domains", heed_frame_list(job->domains));
    json_object_set_new(json, "relays", heed_frame_list(job->relays));
    json_object_set_new(json, "verp", heed_frame_list(job->verp));
    json_object_set_new(json, "rules", heed_frame_list(job->rules));
    if (job->rules_cache != NULL)
        json_object_set_new(json, "rules_cache", json_string(job->rules_cache));
    json_object_set_new(json, "deliveries", json_boolean(job->deliveries));
    return heed_frame_json(HEED_FRAME_LOG_JOB, json);
}

/* --- where to begin --- */

GBytes *
heed_log_start_frame(const HeedLogStart *start)
{
    HeedPack pack;
    gsize length = 0;
    gconstpointer state = start->state != NULL ? g_bytes_get_data(start->state, &length) : NULL;
    guint deadly = start->deadly != NULL ? start->deadly->len : 0;

    heed_pack_begin(&pack, HEED_FRAME_LOG_READ);
    heed_pack_u64(&pack, start->position);
    heed_pack_u64(&pack, start->lines);
    heed_pack_u64(&pack, start->state_position);
    heed_pack_i64(&pack, start->reference);
    heed_pack_u8(&pack,
                 (uint8_t)((start->anew ? FLAG_ANEW : 0U) | (start->settled ? FLAG_SETTLED : 0U)));
    heed_pack_u64(&pack, start->careful_until);
    heed_pack_u32(&pack, deadly);
    for (guint i = 0; i < deadly; i++)
        heed_pack_u64(&pack, g_array_index(start->deadly, uint64_t, i));
    heed_pack_bytes(&pack, state, length);
    return heed_pack_end(&pack);
}

bool
heed_log_start_read(const HeedFrame *frame, HeedLogStart *out, GError **error)
{
    g_autoptr(GArray) deadly = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    HeedUnpack unpack;
    const uint8_t *state;
    size_t length;
    uint8_t flags;
    uint32_t count;

    *out = (HeedLogStart){0};
    heed_unpack_begin(&unpack, frame);
    out->position = heed_unpack_u64(&unpack);
    out->lines = heed_unpack_u64(&unpack);
    out->state_position = heed_unpack_u64(&unpack);
    out->reference = heed_unpack_i64(&unpack);
    flags = heed_unpack_u8(&unpack);
    out->careful_until = heed_unpack_u64(&unpack);
    count = heed_unpack_u32(&unpack);
    for (uint32_t i = 0; i < count && !unpack.broken; i++) {
        uint64_t place = heed_unpack_u64(&unpack);

        g_array_append_val(deadly, place);
    }
    state = heed_unpack_bytes(&unpack, &length);
    if (!heed_unpack_finish(&unpack, error))
        return false;
    out->anew = (flags & FLAG_ANEW) != 0;
    out->settled = (flags & FLAG_SETTLED) != 0;
    out->state = state == NULL ? NULL : g_bytes_new(state, length);
    out->deadly = g_steal_pointer(&deadly);
    return true;
}

/* --- how it ended --- */

void
heed_log_end_clear(HeedLogEnd *end)
{
    g_clear_pointer(&end->trouble, g_free);
}

GBytes *
heed_log_end_frame(const HeedLogEnd *end)
{
    HeedPack pack;

    heed_pack_begin(&pack, HEED_FRAME_LOG_ENDED);
    heed_pack_u64(&pack, end->position);
    heed_pack_u8(&pack, (uint8_t)((end->incomplete ? FLAG_INCOMPLETE : 0U) |
                                  (end->shrunk ? FLAG_SHRUNK : 0U) | (end->cut ? FLAG_CUT : 0U)));
    heed_pack_text(&pack, end->trouble);
    return heed_pack_end(&pack);
}

bool
heed_log_end_read(const HeedFrame *frame, HeedLogEnd *out, GError **error)
{
    HeedUnpack unpack;
    uint8_t flags;
    g_autofree char *trouble = NULL;

    *out = (HeedLogEnd){0};
    heed_unpack_begin(&unpack, frame);
    out->position = heed_unpack_u64(&unpack);
    flags = heed_unpack_u8(&unpack);
    trouble = heed_unpack_text(&unpack, TEXT_BYTES);
    if (!heed_unpack_finish(&unpack, error))
        return false;
    out->incomplete = (flags & FLAG_INCOMPLETE) != 0;
    out->shrunk = (flags & FLAG_SHRUNK) != 0;
    out->cut = (flags & FLAG_CUT) != 0;
    if (trouble != NULL)
        out->trouble = g_utf8_make_valid(trouble, -1);
    return true;
}

/* --- a failure --- */

GBytes *
heed_log_failure_frame(const uint8_t digest[HEED_DIGEST_BYTES], int64_t time, const GString *json)
{
    HeedPack pack;

    heed_pack_begin(&pack, HEED_FRAME_LOG_FAILURE);
    heed_pack_bytes(&pack, digest, HEED_DIGEST_BYTES);
    heed_pack_i64(&pack, time);
    heed_pack_bytes(&pack, json->str, json->len);
    return heed_pack_end(&pack);
}

HeedArrival *
heed_log_failure_read(const HeedFrame *frame, GError **error)
{
    g_autoptr(HeedArrival) arrival = heed_arrival_new();
    HeedUnpack unpack;
    const uint8_t *digest;
    const uint8_t *json;
    size_t digest_length;
    size_t length;

    heed_unpack_begin(&unpack, frame);
    digest = heed_unpack_bytes(&unpack, &digest_length);
    arrival->received_at = heed_unpack_i64(&unpack);
    json = heed_unpack_bytes(&unpack, &length);
    if (digest == NULL || digest_length != HEED_DIGEST_BYTES || json == NULL)
        unpack.broken = true;
    if (!heed_unpack_finish(&unpack, error) || digest == NULL || json == NULL)
        return NULL;
    memcpy(arrival->digest, digest, HEED_DIGEST_BYTES);
    arrival->report = heed_report_from_json((const char *)json, length, error);
    if (arrival->report == NULL)
        return NULL;
    /* What is told of a log is about deliveries, and no more is believed. */
    if (arrival->report->kind != HEED_KIND_BOUNCE && arrival->report->kind != HEED_KIND_DELAY) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA, "a log tells of no such thing");
        return NULL;
    }
    arrival->report->trust = HEED_TRUST_AUTHENTICATED;
    arrival->disposition = HEED_DISPOSITION_DONE;
    return g_steal_pointer(&arrival);
}

/* --- a batch --- */

static void
pack_tally(HeedPack *pack, const HeedLogTally *tally)
{
    heed_pack_u64(pack, tally->lines);
    heed_pack_u64(pack, tally->delivered);
    heed_pack_u64(pack, tally->deferred);
    heed_pack_u64(pack, tally->failed);
    heed_pack_u64(pack, tally->passed);
    heed_pack_u64(pack, tally->unjoined);
    heed_pack_u64(pack, tally->deadly);
    for (size_t i = 0; i < HEED_LOG_TROUBLES; i++) {
        heed_pack_u64(pack, tally->troubles[i]);
        heed_pack_u64(pack, tally->first[i]);
    }
}

static void
unpack_tally(HeedUnpack *unpack, HeedLogTally *out)
{
    out->lines = heed_unpack_u64(unpack);
    out->delivered = heed_unpack_u64(unpack);
    out->deferred = heed_unpack_u64(unpack);
    out->failed = heed_unpack_u64(unpack);
    out->passed = heed_unpack_u64(unpack);
    out->unjoined = heed_unpack_u64(unpack);
    out->deadly = heed_unpack_u64(unpack);
    for (size_t i = 0; i < HEED_LOG_TROUBLES; i++) {
        out->troubles[i] = heed_unpack_u64(unpack);
        out->first[i] = heed_unpack_u64(unpack);
    }
}

GBytes *
heed_log_batch_frame(uint64_t position, const HeedLogTally *tally, const HeedLogSums *sums)
{
    HeedPack pack;

    heed_pack_begin(&pack, HEED_FRAME_LOG_BATCH);
    heed_pack_u64(&pack, position);
    pack_tally(&pack, tally);
    heed_pack_u32(&pack, sums->volumes->len);
    for (guint i = 0; i < sums->volumes->len; i++) {
        const HeedLogVolume *volume = &g_array_index(sums->volumes, HeedLogVolume, i);

        heed_pack_i64(&pack, volume->hour);
        heed_pack_text(&pack, volume->domain);
        heed_pack_text(&pack, volume->provider);
        heed_pack_text(&pack, volume->sender_domain);
        heed_pack_text(&pack, volume->source_ip);
        heed_pack_u64(&pack, volume->delivered);
        heed_pack_u64(&pack, volume->failed);
    }
    heed_pack_u32(&pack, sums->attempts->len);
    for (guint i = 0; i < sums->attempts->len; i++) {
        const HeedLogAttempt *attempt = &g_array_index(sums->attempts, HeedLogAttempt, i);

        heed_pack_i64(&pack, attempt->minute);
        heed_pack_text(&pack, attempt->destination);
        heed_pack_text(&pack, attempt->source_ip);
        heed_pack_text(&pack, attempt->class_);
        heed_pack_text(&pack, attempt->reply);
        heed_pack_u64(&pack, attempt->delivered);
        heed_pack_u64(&pack, attempt->deferred);
        heed_pack_u64(&pack, attempt->failed);
    }
    heed_pack_u32(&pack, sums->deliveries->len);
    for (guint i = 0; i < sums->deliveries->len; i++) {
        const HeedLogDelivery *delivery = &g_array_index(sums->deliveries, HeedLogDelivery, i);

        heed_pack_text(&pack, delivery->address);
        heed_pack_i64(&pack, delivery->at);
        heed_pack_text(&pack, delivery->message_id);
        heed_pack_text(&pack, delivery->queue_id);
    }
    return heed_pack_end(&pack);
}

/* Text that can be stored, kept with the sums; NULL for NULL. */
static const char *
unpack_optional(HeedUnpack *unpack, HeedLogSums *sums)
{
    g_autofree char *text = heed_unpack_text(unpack, TEXT_BYTES);

    if (text == NULL)
        return NULL;
    if (!g_utf8_validate(text, -1, NULL)) {
        unpack->broken = true;
        return NULL;
    }
    return g_string_chunk_insert(sums->text, text);
}

/* The same of a name that must be there. */
static const char *
unpack_name(HeedUnpack *unpack, HeedLogSums *sums)
{
    const char *text = unpack_optional(unpack, sums);

    if (text == NULL)
        unpack->broken = true;
    return text;
}

static uint32_t
unpack_count(HeedUnpack *unpack)
{
    uint32_t count = heed_unpack_u32(unpack);

    if (count > MOST_ROWS)
        unpack->broken = true;
    return unpack->broken ? 0 : count;
}

static void
unpack_volumes(HeedUnpack *unpack, HeedLogSums *sums)
{
    uint32_t count = unpack_count(unpack);

    for (uint32_t i = 0; i < count && !unpack->broken; i++) {
        HeedLogVolume volume = {.hour = heed_unpack_i64(unpack)};

        volume.domain = unpack_name(unpack, sums);
        volume.provider = unpack_name(unpack, sums);
        volume.sender_domain = unpack_name(unpack, sums);
        volume.source_ip = unpack_name(unpack, sums);
        volume.delivered = heed_unpack_u64(unpack);
        volume.failed = heed_unpack_u64(unpack);
        g_array_append_val(sums->volumes, volume);
    }
}

static void
unpack_attempts(HeedUnpack *unpack, HeedLogSums *sums)
{
    uint32_t count = unpack_count(unpack);

    for (uint32_t i = 0; i < count && !unpack->broken; i++) {
        HeedLogAttempt attempt = {.minute = heed_unpack_i64(unpack)};

        attempt.destination = unpack_name(unpack, sums);
        attempt.source_ip = unpack_name(unpack, sums);
        attempt.class_ = unpack_name(unpack, sums);
        attempt.reply = unpack_optional(unpack, sums);
        attempt.delivered = heed_unpack_u64(unpack);
        attempt.deferred = heed_unpack_u64(unpack);
        attempt.failed = heed_unpack_u64(unpack);
        g_array_append_val(sums->attempts, attempt);
    }
}

static void
unpack_deliveries(HeedUnpack *unpack, HeedLogSums *sums)
{
    uint32_t count = unpack_count(unpack);

    for (uint32_t i = 0; i < count && !unpack->broken; i++) {
        HeedLogDelivery delivery = {.address = unpack_name(unpack, sums)};

        delivery.at = heed_unpack_i64(unpack);
        delivery.message_id = unpack_optional(unpack, sums);
        delivery.queue_id = unpack_optional(unpack, sums);
        g_array_append_val(sums->deliveries, delivery);
    }
}

bool
heed_log_batch_read(const HeedFrame *frame, HeedLogBatch *out, GError **error)
{
    g_autoptr(HeedLogSums) sums = heed_log_sums_new();
    HeedUnpack unpack;

    heed_unpack_begin(&unpack, frame);
    out->position = heed_unpack_u64(&unpack);
    unpack_tally(&unpack, &out->tally);
    unpack_volumes(&unpack, sums);
    unpack_attempts(&unpack, sums);
    unpack_deliveries(&unpack, sums);
    if (!heed_unpack_finish(&unpack, error))
        return false;
    out->sums = g_steal_pointer(&sums);
    return true;
}
