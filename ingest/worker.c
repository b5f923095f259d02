/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/worker.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/limits.h"
#include "ingest/channel.h"
#include "ingest/child.h"
#include "ingest/keeper.h"
#include "ingest/sandbox.h"
#include "parsers/report_json.h"
#include "parsers/token_report.h"

#define FLAG_CLOSED    1U
#define FLAG_TRUNCATED 2U
#define FLAG_OTHER     1U
#define FLAG_OVERSIZED 2U

/* The most that a report's tokens have, with the ends of their lines. */
#define TOKENS_BYTES (HEED_TOKENS_MOST * (HEED_TOKEN_BYTES + 1))

/* The same of the fields of the original that it keeps. */
#define HEADERS_BYTES (HEED_ORIGINAL_HEADERS_MOST * (HEED_ORIGINAL_HEADER_BYTES + 1))

/* Room for what a PARSED frame holds beside its two long parts. */
#define ANSWER_HEAD_BYTES (256U + TOKENS_BYTES + HEADERS_BYTES)

/* --- what the store writes and reads --- */

GBytes *
heed_worker_settings_frame(const HeedParserSettings *settings, bool keep_raw, bool with_digest)
{
    g_autoptr(json_t) json = json_object();

    json_object_set_new(json, "keep_raw", json_boolean(keep_raw));
    json_object_set_new(json, "with_digest", json_boolean(with_digest));
    if (settings->domains != NULL)
        json_object_set_new(json, "domains", heed_frame_list(settings->domains));
    json_object_set_new(json, "relays", heed_frame_list(settings->relays));
    json_object_set_new(json, "receivers", heed_frame_list(settings->receivers));
    if (settings->authserv_ids != NULL)
        json_object_set_new(json, "authserv_ids", heed_frame_list(settings->authserv_ids));
    json_object_set_new(json, "results_below_received",
                        json_boolean(settings->results_below_received));
    json_object_set_new(json, "verp", heed_frame_list(settings->verp));
    json_object_set_new(json, "recipient_headers", heed_frame_list(settings->recipient_headers));
    json_object_set_new(json, "original_headers", heed_frame_list(settings->original_headers));
    json_object_set_new(json, "rules", heed_frame_list(settings->rules));
    if (settings->rules_cache != NULL)
        json_object_set_new(json, "rules_cache", json_string(settings->rules_cache));
    json_object_set_new(json, "max_recipients", json_integer((json_int_t)settings->max_recipients));
    json_object_set_new(json, "max_parts", json_integer((json_int_t)settings->max_parts));
    json_object_set_new(json, "max_depth", json_integer((json_int_t)settings->max_depth));
    return heed_frame_json(HEED_FRAME_SETTINGS, json);
}

GBytes *
heed_worker_task_frame(const HeedTask *task)
{
    HeedPack pack;

    heed_pack_begin(&pack, HEED_FRAME_PARSE);
    heed_pack_u64(&pack, task->number);
    heed_pack_u8(&pack, (uint8_t)((task->closed ? FLAG_CLOSED : 0U) |
                                  (task->truncated ? FLAG_TRUNCATED : 0U)));
    heed_pack_text(&pack, task->source);
    heed_pack_promise(&pack, task->length);
    return heed_pack_end(&pack);
}

void
heed_answer_clear(HeedAnswer *answer)
{
    g_clear_pointer(&answer->tokens, g_free);
    g_clear_pointer(&answer->headers, g_free);
    g_clear_pointer(&answer->compressed, g_bytes_unref);
}

bool
heed_worker_answer_read(const HeedFrame *frame, HeedAnswer *out, GError **error)
{
    HeedUnpack unpack;
    size_t digest_length;
    size_t compressed_length;
    const uint8_t *digest;
    const uint8_t *compressed;
    uint8_t flags;

    *out = (HeedAnswer){0};
    heed_unpack_begin(&unpack, frame);
    out->number = heed_unpack_u64(&unpack);
    flags = heed_unpack_u8(&unpack);
    digest = heed_unpack_bytes(&unpack, &digest_length);
    out->receiver_date = heed_unpack_i64(&unpack);
    out->tokens = heed_unpack_text(&unpack, TOKENS_BYTES);
    out->headers = heed_unpack_text(&unpack, HEADERS_BYTES);
    compressed = heed_unpack_bytes(&unpack, &compressed_length);
    out->json = (const char *)heed_unpack_bytes(&unpack, &out->json_length);
    if (digest_length != HEED_DIGEST_BYTES || (out->json == NULL && !(flags & FLAG_OVERSIZED)))
        unpack.broken = true;
    if (!heed_unpack_finish(&unpack, error)) {
        heed_answer_clear(out);
        return false;
    }
    out->other = (flags & FLAG_OTHER) != 0;
    out->oversized = (flags & FLAG_OVERSIZED) != 0;
    memcpy(out->digest, digest, HEED_DIGEST_BYTES);
    if (compressed != NULL)
        out->compressed = g_bytes_new(compressed, compressed_length);
    return true;
}

bool
heed_worker_keeps(bool keep_raw, bool truncated, HeedKind kind)
{
    return keep_raw || (truncated && kind == HEED_KIND_OTHER);
}

/* --- the worker --- */

typedef struct Worker {
    HeedChannel channel;
    HeedParser *parser;
    HeedKeeper *keeper;
    bool keep_raw;
    bool with_digest;
    GString *json; /* reused */
} Worker;

static void
worker_clear(Worker *worker)
{
    heed_channel_clear(&worker->channel);
    heed_parser_free(worker->parser);
    heed_keeper_free(worker->keeper);
    if (worker->json != NULL)
        (void)g_string_free(worker->json, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Worker, worker_clear)

/* NULL where the settings have none; the strings are borrowed from the JSON. */
static const char **
list_from_json(const json_t *json)
{
    const char **list;
    size_t index;
    json_t *entry;

    if (json == NULL)
        return NULL;
    list = g_new0(const char *, json_array_size(json) + 1);
    json_array_foreach(json, index, entry) list[index] = json_string_value(entry);
    return list;
}

static size_t
size_from_json(const json_t *json, const char *key)
{
    return (size_t)json_integer_value(json_object_get(json, key));
}

static bool
load(Worker *worker, const json_t *json, GError **error)
{
    g_autofree const char **domains = list_from_json(json_object_get(json, "domains"));
    g_autofree const char **relays = list_from_json(json_object_get(json, "relays"));
    g_autofree const char **receivers = list_from_json(json_object_get(json, "receivers"));
    g_autofree const char **ids = list_from_json(json_object_get(json, "authserv_ids"));
    g_autofree const char **verp = list_from_json(json_object_get(json, "verp"));
    g_autofree const char **headers = list_from_json(json_object_get(json, "recipient_headers"));
    g_autofree const char **kept = list_from_json(json_object_get(json, "original_headers"));
    g_autofree const char **rules = list_from_json(json_object_get(json, "rules"));
    HeedParserSettings settings = {
        .domains = domains,
        .relays = relays,
        .receivers = receivers,
        .authserv_ids = ids,
        .results_below_received =
            json_boolean_value(json_object_get(json, "results_below_received")),
        .verp = verp,
        .recipient_headers = headers,
        .original_headers = kept,
        .rules = rules,
        .rules_cache = json_string_value(json_object_get(json, "rules_cache")),
        .max_recipients = size_from_json(json, "max_recipients"),
        .max_parts = size_from_json(json, "max_parts"),
        .max_depth = size_from_json(json, "max_depth"),
    };

    worker->keep_raw = json_boolean_value(json_object_get(json, "keep_raw"));
    worker->with_digest = json_boolean_value(json_object_get(json, "with_digest"));
    worker->json = g_string_new(NULL);
    worker->keeper = heed_keeper_new(error);
    if (worker->keeper == NULL)
        return false;
    worker->parser = heed_parser_new(&settings, error);
    return worker->parser != NULL && heed_sandbox_enter(error);
}

static bool
start(Worker *worker, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    g_autoptr(json_t) settings = NULL;
    HeedFrame frame;

    if (!heed_channel_receive(&worker->channel, &frame, error))
        return false;
    settings = heed_frame_to_json(&frame, error);
    if (settings == NULL)
        return false;
    if (load(worker, settings, &trouble)) {
        /* At once: whoever dies later has died of a message. */
        heed_channel_send(&worker->channel, heed_frame_empty(HEED_FRAME_READY));
        return heed_channel_flush(&worker->channel, true, error);
    }
    heed_channel_send(&worker->channel, heed_frame_failed(trouble));
    if (heed_channel_flush(&worker->channel, true, error))
        g_propagate_error(error, g_steal_pointer(&trouble));
    return false;
}

/* NULL where there are none, as nearly always. */
static char *
join_lines(const GPtrArray *texts)
{
    GString *lines;

    if (texts == NULL)
        return NULL;
    lines = g_string_new(NULL);
    for (guint i = 0; i < texts->len; i++)
        g_string_append_printf(lines, "%s\n", (const char *)texts->pdata[i]);
    return g_string_free(lines, FALSE);
}

static GBytes *
answer_frame(Worker *worker,
             uint64_t number,
             const uint8_t *digest,
             const HeedReport *report,
             GBytes *compressed)
{
    HeedPack pack;
    g_autofree char *tokens = join_lines(report->tokens);
    g_autofree char *headers = join_lines(report->original_headers);
    size_t length = 0;
    gconstpointer data = compressed != NULL ? g_bytes_get_data(compressed, &length) : NULL;
    bool oversized = worker->json->len + length + ANSWER_HEAD_BYTES > HEED_LIMIT_FRAME_BYTES;

    heed_pack_begin(&pack, HEED_FRAME_PARSED);
    heed_pack_u64(&pack, number);
    heed_pack_u8(&pack, (uint8_t)((report->kind == HEED_KIND_OTHER ? FLAG_OTHER : 0U) |
                                  (oversized ? FLAG_OVERSIZED : 0U)));
    heed_pack_bytes(&pack, digest, HEED_DIGEST_BYTES);
    heed_pack_i64(&pack, report->receiver_date);
    heed_pack_text(&pack, tokens);
    heed_pack_text(&pack, headers);
    heed_pack_bytes(&pack, data, length);
    heed_pack_bytes(&pack, oversized ? NULL : worker->json->str, worker->json->len);
    return heed_pack_end(&pack);
}

static bool
answer(Worker *worker, const HeedFrame *frame, GError **error)
{
    HeedUnpack unpack;
    uint64_t number;
    uint8_t flags;
    g_autofree char *source = NULL;
    const uint8_t *bytes;
    size_t length;
    HeedParseContext context;
    uint8_t digest[HEED_DIGEST_BYTES] = {0};
    g_autoptr(HeedReport) report = NULL;
    g_autoptr(GBytes) compressed = NULL;

    heed_unpack_begin(&unpack, frame);
    number = heed_unpack_u64(&unpack);
    flags = heed_unpack_u8(&unpack);
    source = heed_unpack_text(&unpack, HEED_LIMIT_FRAME_BYTES);
    bytes = heed_unpack_bytes(&unpack, &length);
    if (!heed_unpack_finish(&unpack, error))
        return false;
    HEED_FAULT("worker.before-parse");
    context.closed = (flags & FLAG_CLOSED) != 0;
    context.truncated = (flags & FLAG_TRUNCATED) != 0;
    if (worker->with_digest)
        heed_keeper_digest(worker->keeper, bytes, length, digest);
    report = heed_parser_read(worker->parser, bytes, length, &context);
    g_string_truncate(worker->json, 0);
    heed_report_to_json(report, source, worker->json);
    if (heed_worker_keeps(worker->keep_raw, context.truncated, report->kind))
        compressed = heed_keeper_compress(worker->keeper, bytes, length);
    heed_channel_send(&worker->channel, answer_frame(worker, number, digest, report, compressed));
    HEED_FAULT("worker.after-parse");
    /* Each by itself: the first message without an answer must be the one that a worker dies of. */
    return heed_channel_flush(&worker->channel, true, error);
}

int
heed_worker_main(int fd)
{
    g_auto(Worker) worker = {0};
    g_autoptr(GError) error = NULL;
    HeedFrame frame;

    heed_child_settle();
    heed_channel_init(&worker.channel, fd);
    if (!start(&worker, &error))
        return heed_error_exit_status(error);
    while (heed_channel_receive(&worker.channel, &frame, &error)) {
        if (frame.type != HEED_FRAME_PARSE || !answer(&worker, &frame, &error))
            return heed_error_exit_status(error);
    }
    return 0;
}
