/* SPDX-License-Identifier: Apache-2.0 */
#include "db/store_tables.h"

#include "base/limits.h"
#include "parsers/report_json.h"

#include <string.h>

#define MOST_COLUMNS 32U
/* Events of one statement: bounds the memory that one report of many recipients takes. */
#define EVENTS_A_STATEMENT 4000U
#define LONGEST_CODE_BYTES 64U

/*
 * The array parameters of one statement, by letters: t text, i bigint, b boolean, y bytea, d time.
 * The statements unnest them one by one, as columns: unnest() of several in FROM has the server
 * fill a store of tuples with each before it makes rows of them, which took half of such a
 * statement.
 */
static void
make_columns(HeedParams *params, const char *types, HeedArrayParam *out[MOST_COLUMNS])
{
    g_assert(strlen(types) <= MOST_COLUMNS);
    for (size_t i = 0; types[i] != '\0'; i++) {
        switch (types[i]) {
        case 'i':
            out[i] = heed_params_int_array(params);
            break;
        case 'b':
            out[i] = heed_params_bool_array(params);
            break;
        case 'y':
            out[i] = heed_params_bytes_array(params);
            break;
        case 'd':
            out[i] = heed_params_time_array(params);
            break;
        default:
            out[i] = heed_params_text_array(params);
            break;
        }
    }
}

static void
add_id(HeedArrayParam *array, int64_t id)
{
    if (id != 0)
        heed_array_add_int(array, id);
    else
        heed_array_add_null(array);
}

/* A date that mail claims: not after its arrival, and not before there was mail. */
static int64_t
clamp_date(int64_t date, int64_t latest)
{
    return date == HEED_DATE_UNKNOWN ? date : CLAMP(date, 0, latest);
}

bool
heed_store_write_seen(HeedDatabase *database, HeedBatch *batch, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *columns[MOST_COLUMNS];
    g_autoptr(HeedRows) rows = NULL;

    if (batch->reports->len == 0)
        return true;
    make_columns(params, "yti", columns);
    for (guint i = 0; i < batch->reports->len; i++) {
        const HeedBatchReport *report = g_ptr_array_index(batch->reports, i);

        heed_array_add_bytes(columns[0], report->arrival->digest, HEED_DIGEST_BYTES);
        heed_array_add_text(columns[1], report->arrived_at);
        heed_array_add_int(columns[2], (int64_t)report->trust);
    }
    rows = heed_database_query(
        database, "enter the reports",
        "INSERT INTO heed_data.report_seen (digest, arrived_at, trust)"
        " SELECT digest, coalesce(arrived_at::timestamptz, now()), trust"
        " FROM (SELECT unnest($1) AS digest, unnest($2) AS arrived_at, unnest($3) AS trust)"
        " AS arrival ORDER BY digest"
        " ON CONFLICT (digest) DO NOTHING RETURNING digest",
        params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        g_autoptr(GBytes) digest = heed_rows_bytes(rows, i, 0);
        HeedBatchReport *report = heed_batch_find(batch, g_bytes_get_data(digest, NULL));

        g_assert(report != NULL);
        report->is_new = true;
    }
    return true;
}

/* The rows of report_seen are the locks; those who hold one write the others. In a statement of its
 * own: nearly always nothing is raised, and then nothing else is looked at. */
static HeedRows *
lock_raised(HeedDatabase *database, HeedParams *copies, GError **error)
{
    return heed_database_query(
        database, "look for reports that are believed more now",
        /* A walk of the index for each, in order; the planner would rather read a young table. */
        "SELECT seen.digest, seen.arrived_at, greatest(seen.trust, copy.trust), copy.closed"
        " FROM (SELECT * FROM unnest($1, $2, $3) AS c (digest, trust, closed) ORDER BY digest)"
        " AS copy"
        " CROSS JOIN LATERAL (SELECT digest, arrived_at, trust FROM heed_data.report_seen AS seen"
        "    WHERE seen.digest = copy.digest AND (seen.trust < copy.trust OR copy.closed)"
        "    OFFSET 0 FOR UPDATE) AS seen",
        copies, error);
}

static HeedRows *
raise_locked(HeedDatabase *database, const HeedRows *raised, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *columns[MOST_COLUMNS];

    make_columns(params, "ytib", columns);
    for (size_t i = 0; i < heed_rows_count(raised); i++) {
        g_autoptr(GBytes) digest = heed_rows_bytes(raised, i, 0);

        heed_array_add_bytes(columns[0], g_bytes_get_data(digest, NULL), HEED_DIGEST_BYTES);
        heed_array_add_text(columns[1], heed_rows_text(raised, i, 1));
        heed_array_add_int(columns[2], heed_rows_int(raised, i, 2));
        heed_array_add_bool(columns[3], heed_rows_bool(raised, i, 3));
    }
    return heed_database_query(
        database, "raise the trust of known reports",
        "WITH raised AS MATERIALIZED ("
        "    SELECT digest, arrived_at::timestamptz AS arrived_at, trust, closed"
        "    FROM unnest($1, $2, $3, $4) AS copy (digest, arrived_at, trust, closed)"
        "), seen AS ("
        "    UPDATE heed_data.report_seen AS seen SET trust = raised.trust FROM raised"
        "    WHERE seen.digest = raised.digest AND seen.trust < raised.trust"
        "), report AS ("
        "    UPDATE heed_data.report AS report"
        "    SET trust = raised.trust, closed = report.closed OR raised.closed FROM raised"
        "    WHERE report.arrived_at = raised.arrived_at AND report.digest = raised.digest"
        "        AND (report.trust < raised.trust OR report.closed < raised.closed)"
        "), event AS ("
        "    UPDATE heed_data.event AS event"
        "    SET trust = raised.trust, closed = event.closed OR raised.closed FROM raised"
        "    WHERE event.arrived_at = raised.arrived_at AND event.digest = raised.digest"
        "        AND (event.trust < raised.trust OR event.closed < raised.closed)"
        "    RETURNING event.address"
        ") SELECT address FROM event WHERE address IS NOT NULL",
        params, error);
}

bool
heed_store_raise_trust(HeedDatabase *database,
                       const HeedBatch *batch,
                       GPtrArray *out_addresses,
                       GError **error)
{
    g_autoptr(HeedParams) copies = heed_params_new();
    HeedArrayParam *columns[MOST_COLUMNS];
    g_autoptr(HeedRows) raised = NULL;
    g_autoptr(HeedRows) rows = NULL;
    size_t known = 0;

    make_columns(copies, "yib", columns);
    for (guint i = 0; i < batch->reports->len; i++) {
        const HeedBatchReport *report = g_ptr_array_index(batch->reports, i);

        if (report->is_new)
            continue;
        heed_array_add_bytes(columns[0], report->arrival->digest, HEED_DIGEST_BYTES);
        heed_array_add_int(columns[1], (int64_t)report->trust);
        heed_array_add_bool(columns[2], report->closed);
        known++;
    }
    if (known == 0)
        return true;
    raised = lock_raised(database, copies, error);
    if (raised == NULL)
        return false;
    if (heed_rows_count(raised) == 0)
        return true;
    rows = raise_locked(database, raised, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(out_addresses, g_strdup(heed_rows_text(rows, i, 0)));
    return true;
}

static char *
join_warnings(const GPtrArray *warnings)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < warnings->len; i++) {
        const char *warning = g_ptr_array_index(warnings, i);

        if (i > 0)
            g_string_append_c(text, '\n');
        for (const char *c = warning; *c != '\0'; c++)
            g_string_append_c(text, *c == '\n' ? ' ' : *c);
    }
    return g_utf8_make_valid(text->str, (gssize)text->len);
}

#define REPORT_COLUMNS "tydditttbtitttttttttttdttiib"

static const char report_sql[] =
    "INSERT INTO heed_data.report (arrived_at, digest, received_at, reported_at, mailbox_id, source,"
    " stream, format, closed, kind, trust, message_id, reporter_mta, reporter_from,"
    " original_message_id, original_envelope_id, original_queue_id, original_from,"
    " original_return_path, original_subject, original_list_id, original_feedback_id, original_date,"
    " feedback, warnings, recipient_count, size, truncated)"
    " SELECT coalesce(arrived_at::timestamptz, now()), digest, received_at, reported_at, mailbox_id,"
    " source, stream, format, closed, kind::heed_data.kind, trust, message_id, reporter_mta,"
    " reporter_from, original_message_id, original_envelope_id, original_queue_id, original_from,"
    " original_return_path, original_subject, original_list_id, original_feedback_id, original_date,"
    " feedback::jsonb, string_to_array(warnings, E'\\n'), recipient_count, size,"
    " truncated"
    " FROM (SELECT unnest($1) AS arrived_at, unnest($2) AS digest, unnest($3) AS"
    " received_at, unnest($4) AS reported_at, unnest($5) AS mailbox_id, unnest($6) AS"
    " source, unnest($7) AS stream, unnest($8) AS format, unnest($9) AS closed, unnest($10)"
    " AS kind, unnest($11) AS trust, unnest($12) AS message_id, unnest($13) AS"
    " reporter_mta, unnest($14) AS reporter_from, unnest($15) AS original_message_id,"
    " unnest($16) AS original_envelope_id, unnest($17) AS original_queue_id, unnest($18) AS"
    " original_from, unnest($19) AS original_return_path, unnest($20) AS original_subject,"
    " unnest($21) AS original_list_id, unnest($22) AS original_feedback_id, unnest($23) AS"
    " original_date, unnest($24) AS feedback, unnest($25) AS warnings, unnest($26) AS"
    " recipient_count, unnest($27) AS size, unnest($28) AS truncated) AS arrival";

static void
add_report(HeedArrayParam **column, const HeedBatchReport *report, GStringChunk *pool)
{
    const HeedArrival *arrival = report->arrival;
    const HeedReport *said = arrival->report;
    bool tell = !report->names_forgotten;
    const char *const names[] = {
        said->message_id,
        said->reporter_mta,
        tell ? said->reporter_from : NULL,
        said->original.message_id,
        said->original.envelope_id,
        said->original.queue_id,
        said->original.from,
        tell ? said->original.return_path : NULL,
        tell ? said->original.subject : NULL,
        said->original.list_id,
        said->original.feedback_id,
    };
    g_autofree char *warnings = tell ? join_warnings(said->warnings) : g_strdup("");
    g_autoptr(GString) json = g_string_new(NULL);

    if (said->feedback != NULL && tell)
        heed_report_feedback_to_json(said, json);
    heed_array_add_text(*column++, report->arrived_at);
    heed_array_add_bytes(*column++, arrival->digest, HEED_DIGEST_BYTES);
    heed_array_add_time(*column++, report->received_at);
    heed_array_add_time(*column++, clamp_date(said->date, report->received_at));
    add_id(*column++, arrival->mailbox_id);
    heed_array_add_text(*column++,
                        heed_batch_text(pool, arrival->source, HEED_LIMIT_FIELD_VALUE_BYTES));
    heed_array_add_text(*column++,
                        heed_batch_text(pool, arrival->stream, HEED_STORE_LONGEST_NAME_BYTES));
    heed_array_add_text(*column++, heed_batch_text(pool, said->format, LONGEST_CODE_BYTES));
    heed_array_add_bool(*column++, report->closed);
    heed_array_add_text(*column++, heed_kind_name(said->kind));
    heed_array_add_int(*column++, (int64_t)report->trust);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        heed_array_add_text(*column++,
                            heed_batch_text(pool, names[i], HEED_STORE_LONGEST_NAME_BYTES));
    heed_array_add_time(*column++, clamp_date(said->original.date, report->received_at));
    heed_array_add_text(*column++, json->len > 0 ? json->str : NULL);
    heed_array_add_text(*column++, warnings);
    heed_array_add_int(*column++, said->recipients->len);
    heed_array_add_int(*column++, (int64_t)MIN(arrival->size, (uint64_t)INT64_MAX));
    heed_array_add_bool(*column++, arrival->truncated);
}

static bool
write_raw(HeedDatabase *database, const HeedBatch *batch, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *columns[MOST_COLUMNS];
    size_t count = 0;

    make_columns(params, "tyy", columns);
    for (guint i = 0; i < batch->reports->len; i++) {
        const HeedBatchReport *report = g_ptr_array_index(batch->reports, i);
        gsize length = 0;
        const void *bytes = NULL;

        if (!report->is_new || report->names_forgotten || report->arrival->compressed == NULL)
            continue;
        bytes = g_bytes_get_data(report->arrival->compressed, &length);
        heed_array_add_text(columns[0], report->arrived_at);
        heed_array_add_bytes(columns[1], report->arrival->digest, HEED_DIGEST_BYTES);
        heed_array_add_bytes(columns[2], bytes != NULL ? bytes : "", length);
        count++;
    }
    /* It may be there already: a report that is read again from it. */
    return count == 0 ||
           heed_database_run(database, "keep the mail",
                             "INSERT INTO heed_data.raw_message (arrived_at, digest, content)"
                             " SELECT coalesce(arrived_at::timestamptz, now()), digest, content"
                             " FROM (SELECT unnest($1) AS arrived_at, unnest($2) AS digest,"
                             " unnest($3) AS content) AS arrival"
                             " ON CONFLICT DO NOTHING",
                             params, error);
}

bool
heed_store_write_reports(HeedDatabase *database, const HeedBatch *batch, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GStringChunk) pool = g_string_chunk_new(4096);
    HeedArrayParam *columns[MOST_COLUMNS];
    size_t count = 0;

    make_columns(params, REPORT_COLUMNS, columns);
    for (guint i = 0; i < batch->reports->len; i++) {
        const HeedBatchReport *report = g_ptr_array_index(batch->reports, i);

        if (!report->is_new)
            continue;
        add_report(columns, report, pool);
        count++;
    }
    return count == 0 ||
           (heed_database_run(database, "store the reports", report_sql, params, error) &&
            write_raw(database, batch, error));
}

/* By failure, the most trusted event of each first. */
static gint
by_failure(gconstpointer a, gconstpointer b)
{
    const HeedBatchEvent *one = *(const HeedBatchEvent *const *)a;
    const HeedBatchEvent *other = *(const HeedBatchEvent *const *)b;
    int order = memcmp(one->failure_key, other->failure_key, HEED_KEY_BYTES);

    return order != 0 ? order : (int)other->report->trust - (int)one->report->trust;
}

static GPtrArray *
distinct_failures(HeedBatch *batch)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_sized_new(batch->events->len);
    guint kept = 0;

    for (guint i = 0; i < batch->events->len; i++)
        g_ptr_array_add(sorted, &g_array_index(batch->events, HeedBatchEvent, i));
    g_ptr_array_sort(sorted, by_failure);
    for (guint i = 0; i < sorted->len; i++) {
        HeedBatchEvent *event = g_ptr_array_index(sorted, i);
        const HeedBatchEvent *last = kept > 0 ? g_ptr_array_index(sorted, kept - 1) : NULL;

        if (last == NULL || memcmp(last->failure_key, event->failure_key, HEED_KEY_BYTES) != 0)
            g_ptr_array_index(sorted, kept++) = event;
    }
    g_ptr_array_set_size(sorted, (gint)kept);
    return g_steal_pointer(&sorted);
}

static gint
key_of_event(gconstpointer key, gconstpointer element)
{
    const HeedBatchEvent *event = *(const HeedBatchEvent *const *)element;

    return memcmp(key, event->failure_key, HEED_KEY_BYTES);
}

/* Marks those that are the first to tell of their failures. */
static bool
count_failures(
    HeedDatabase *database, const GPtrArray *failures, guint first, guint count, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *columns[MOST_COLUMNS];
    g_autoptr(HeedRows) rows = NULL;

    make_columns(params, "yyit", columns);
    for (guint i = first; i < first + count; i++) {
        const HeedBatchEvent *event = g_ptr_array_index(failures, i);

        heed_array_add_bytes(columns[0], event->failure_key, HEED_KEY_BYTES);
        heed_array_add_bytes(columns[1], event->report->arrival->digest, HEED_DIGEST_BYTES);
        heed_array_add_int(columns[2], event->ordinal);
        heed_array_add_text(columns[3], event->report->arrived_at);
    }
    rows = heed_database_query(
        database, "count the failures",
        "INSERT INTO heed_data.failure (failure_key, digest, ordinal, arrived_at)"
        " SELECT failure_key, digest, ordinal, coalesce(arrived_at::timestamptz, now())"
        " FROM (SELECT unnest($1) AS failure_key, unnest($2) AS digest, unnest($3) AS ordinal,"
        " unnest($4) AS arrived_at) AS event ORDER BY failure_key ON CONFLICT (failure_key) DO NOTHING RETURNING failure_key",
        params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        g_autoptr(GBytes) key = heed_rows_bytes(rows, i, 0);
        HeedBatchEvent **found = bsearch(g_bytes_get_data(key, NULL), failures->pdata,
                                         failures->len, sizeof(gpointer), key_of_event);

        g_assert(found != NULL);
        (*found)->counted = true;
    }
    return true;
}

#define EVENT_COLUMNS "tyidtbittttttttttttttttyy"

static const char event_sql[] =
    "INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, stream, closed, trust,"
    " kind, action, class, verdict, address_source, address, domain, original_recipient,"
    " final_recipient, status, code, diagnostic, remote_mta, provider, rule, reporter_mta,"
    " original_key, failure_key)"
    " SELECT coalesce(arrived_at::timestamptz, now()), digest, ordinal, occurred_at, stream, closed,"
    " trust, kind::heed_data.kind, action::heed_data.action, class::heed_data.class,"
    " verdict::heed_data.verdict, address_source::heed_data.address_source, address, domain,"
    " original_recipient, final_recipient, status, code, diagnostic, remote_mta, provider, rule,"
    " reporter_mta, original_key, failure_key"
    " FROM (SELECT unnest($1) AS arrived_at, unnest($2) AS digest, unnest($3) AS ordinal,"
    " unnest($4) AS occurred_at, unnest($5) AS stream, unnest($6) AS closed, unnest($7) AS"
    " trust, unnest($8) AS kind, unnest($9) AS action, unnest($10) AS class, unnest($11) AS"
    " verdict, unnest($12) AS address_source, unnest($13) AS address, unnest($14) AS"
    " domain, unnest($15) AS original_recipient, unnest($16) AS final_recipient,"
    " unnest($17) AS status, unnest($18) AS code, unnest($19) AS diagnostic, unnest($20) AS"
    " remote_mta, unnest($21) AS provider, unnest($22) AS rule, unnest($23) AS"
    " reporter_mta, unnest($24) AS original_key, unnest($25) AS failure_key) AS event";

static void
add_event(HeedArrayParam **column, const HeedBatchEvent *event, GStringChunk *pool)
{
    const HeedBatchReport *report = event->report;
    const HeedRecipient *recipient = &event->recipient;

    const struct {
        const char *text;
        size_t limit;
    } texts[] = {
        {heed_kind_name(event->kind), LONGEST_CODE_BYTES},
        {heed_action_name(recipient->action), LONGEST_CODE_BYTES},
        {heed_class_name(recipient->class_), LONGEST_CODE_BYTES},
        {heed_verdict_name(recipient->verdict), LONGEST_CODE_BYTES},
        {heed_address_source_name(recipient->address_source), LONGEST_CODE_BYTES},
        {recipient->address, HEED_LIMIT_ADDRESS_BYTES},
        {heed_batch_domain(pool, recipient->address), HEED_STORE_LONGEST_NAME_BYTES},
        {recipient->original_recipient, HEED_LIMIT_ADDRESS_BYTES},
        {recipient->final_recipient, HEED_LIMIT_ADDRESS_BYTES},
        {recipient->status, LONGEST_CODE_BYTES},
        {recipient->code, LONGEST_CODE_BYTES},
        {recipient->diagnostic, HEED_LIMIT_FIELD_VALUE_BYTES},
        {recipient->remote_mta, HEED_STORE_LONGEST_NAME_BYTES},
        {recipient->provider, HEED_STORE_LONGEST_NAME_BYTES},
        {recipient->rule, HEED_STORE_LONGEST_NAME_BYTES},
        {report->arrival->report->reporter_mta, HEED_STORE_LONGEST_NAME_BYTES},
    };

    heed_array_add_text(*column++, report->arrived_at);
    heed_array_add_bytes(*column++, report->arrival->digest, HEED_DIGEST_BYTES);
    heed_array_add_int(*column++, event->ordinal);
    heed_array_add_time(*column++, report->received_at);
    heed_array_add_text(
        *column++, heed_batch_text(pool, report->arrival->stream, HEED_STORE_LONGEST_NAME_BYTES));
    heed_array_add_bool(*column++, report->closed);
    heed_array_add_int(*column++, (int64_t)report->trust);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        heed_array_add_text(*column++, heed_batch_text(pool, texts[i].text, texts[i].limit));
    heed_array_add_bytes(*column++, event->has_original_key ? event->original_key : NULL,
                         HEED_KEY_BYTES);
    heed_array_add_bytes(*column, event->failure_key, HEED_KEY_BYTES);
}

static bool
write_events(
    HeedDatabase *database, const HeedBatch *batch, guint first, guint count, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GStringChunk) pool = g_string_chunk_new(65536);
    HeedArrayParam *columns[MOST_COLUMNS];

    make_columns(params, EVENT_COLUMNS, columns);
    for (guint i = first; i < first + count; i++)
        add_event(columns, &g_array_index(batch->events, HeedBatchEvent, i), pool);
    return heed_database_run(database, "store the events", event_sql, params, error);
}

bool
heed_store_write_events(HeedDatabase *database, HeedBatch *batch, GError **error)
{
    g_autoptr(GPtrArray) failures = distinct_failures(batch);

    for (guint i = 0; i < failures->len; i += EVENTS_A_STATEMENT)
        if (!count_failures(database, failures, i, MIN(EVENTS_A_STATEMENT, failures->len - i),
                            error))
            return false;
    for (guint i = 0; i < batch->events->len; i += EVENTS_A_STATEMENT)
        if (!write_events(database, batch, i, MIN(EVENTS_A_STATEMENT, batch->events->len - i),
                          error))
            return false;
    return true;
}

const char *
heed_store_sender_domain(GStringChunk *pool,
                         const char *from,
                         const char *return_path,
                         const char *mail_from)
{
    const char *domain = heed_batch_domain(pool, from);

    if (domain == NULL)
        domain = heed_batch_domain(pool, return_path);
    return domain != NULL ? domain : heed_batch_domain(pool, mail_from);
}

void
heed_store_count(const HeedBatch *batch, HeedRollup *rollup)
{
    for (guint i = 0; i < batch->events->len; i++) {
        const HeedBatchEvent *event = &g_array_index(batch->events, HeedBatchEvent, i);
        const HeedReport *said = event->report->arrival->report;
        g_autoptr(GStringChunk) pool = g_string_chunk_new(256);
        const HeedRollupKey key = {
            .occurred_at = event->report->received_at,
            .stream = event->report->arrival->stream,
            .domain = heed_batch_domain(pool, event->recipient.address),
            .provider = event->recipient.provider,
            /* Of the names as they are stored, so that what is read again is found in the counts.
             */
            .sender_domain = heed_store_sender_domain(
                pool, heed_batch_text(pool, said->original.from, HEED_STORE_LONGEST_NAME_BYTES),
                heed_batch_text(pool, said->original.return_path, HEED_STORE_LONGEST_NAME_BYTES),
                said->feedback != NULL ? said->feedback->original_mail_from : NULL),
            .source_ip = said->feedback != NULL ? said->feedback->source_ip : NULL,
            .kind = heed_kind_name(event->kind),
            .class_ = heed_class_name(event->recipient.class_),
            .verdict = heed_verdict_name(event->recipient.verdict),
        };

        heed_rollup_add(rollup, &key, event->counted ? 1 : 0, 1);
    }
}
