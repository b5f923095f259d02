/* SPDX-License-Identifier: Apache-2.0 */
#include "db/log_file.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

#define SHA256_BYTES 32U
/* Files whose first bytes were not all there yet when they were last read; of more, the newest. */
#define MOST_SHORT 1000
/* Of the digests up to the end of each line. */
#define LINE_DIGEST_BYTES 16U

void
heed_log_checkpoint_clear(HeedLogCheckpoint *checkpoint)
{
    g_clear_pointer(&checkpoint->state, g_bytes_unref);
}

bool
heed_log_file_unchanged(
    HeedDatabase *database, const HeedLogPlace *places, size_t count, GArray *out, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *columns[] = {heed_params_int_array(params), heed_params_int_array(params),
                                 heed_params_int_array(params), heed_params_int_array(params)};
    g_autoptr(HeedRows) rows = NULL;

    for (size_t i = 0; i < count; i++) {
        heed_array_add_int(columns[0], places[i].device);
        heed_array_add_int(columns[1], places[i].inode);
        heed_array_add_int(columns[2], places[i].size);
        heed_array_add_int(columns[3], places[i].modified);
    }
    g_array_set_size(out, 0);
    rows = heed_database_query(
        database, "look for logs that did not change",
        "SELECT coalesce((SELECT max(log_file_id) FROM heed_data.log_file AS file"
        " WHERE file.device = place.device AND file.inode = place.inode"
        " AND file.size = place.size AND file.modified = place.modified), 0)"
        " FROM unnest($1, $2, $3, $4) WITH ORDINALITY"
        " AS place (device, inode, size, modified, turn) ORDER BY turn",
        params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        int64_t id = heed_rows_int(rows, i, 0);

        g_array_append_val(out, id);
    }
    return true;
}

/* --- the first bytes --- */

typedef struct Head {
    const HeedLogLookUp *look_up;
    uint8_t digest[SHA256_BYTES];
    /* LINE_DIGEST_BYTES for each whole line, and one more for a last line without its end, as it
     * would be with it. Owned. */
    GByteArray *lines;
    GArray *ends; /* owned; of int64_t: where each of these ends */
    size_t whole; /* bytes up to the end of the last whole line */
    guint whole_lines;
} Head;

static void
head_clear(Head *head)
{
    g_clear_pointer(&head->lines, g_byte_array_unref);
    g_clear_pointer(&head->ends, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Head, head_clear)

static void
digest_so_far(const GChecksum *sum, uint8_t out[SHA256_BYTES])
{
    g_autoptr(GChecksum) copy = g_checksum_copy(sum);
    gsize size = SHA256_BYTES;

    g_checksum_get_digest(copy, out, &size);
}

static void
digest_of(const uint8_t *bytes, size_t length, uint8_t out[SHA256_BYTES])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    g_checksum_update(sum, bytes, (gssize)length);
    digest_so_far(sum, out);
}

static void
add_end(Head *head, const GChecksum *sum, size_t end)
{
    int64_t place = (int64_t)end;
    uint8_t digest[SHA256_BYTES];

    digest_so_far(sum, digest);
    g_byte_array_append(head->lines, digest, LINE_DIGEST_BYTES);
    g_array_append_val(head->ends, place);
}

static void
head_init(Head *head, const HeedLogLookUp *look_up)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    const uint8_t *bytes = look_up->head;
    size_t length = look_up->head_length;
    const uint8_t *end;

    *head = (Head){.look_up = look_up,
                   .lines = g_byte_array_new(),
                   .ends = g_array_new(FALSE, FALSE, sizeof(int64_t))};
    while ((end = memchr(bytes + head->whole, '\n', length - head->whole)) != NULL) {
        size_t next = (size_t)(end - bytes) + 1;

        g_checksum_update(sum, bytes + head->whole, (gssize)(next - head->whole));
        add_end(head, sum, next);
        head->whole = next;
    }
    head->whole_lines = head->ends->len;
    if (head->whole < length) {
        g_checksum_update(sum, bytes + head->whole, (gssize)(length - head->whole));
        g_checksum_update(sum, (const guchar *)"\n", 1);
        add_end(head, sum, length);
    }
    digest_of(bytes, length, head->digest);
}

/* The digests from the line of this number on to another. */
static void
add_lines(HeedParams *params, const Head *head, guint from, guint to)
{
    HeedArrayParam *lines = heed_params_bytes_array(params);

    for (guint at = from; at < to; at++)
        heed_array_add_bytes(lines, head->lines->data + at * LINE_DIGEST_BYTES, LINE_DIGEST_BYTES);
}

/* --- finding --- */

#define CHECKPOINT_COLUMNS "log_file_id, position, lines, state_position, state, device, inode"

static void
read_checkpoint(const HeedRows *rows, const HeedLogPlace *place, HeedLogCheckpoint *out)
{
    *out = (HeedLogCheckpoint){
        .log_file_id = heed_rows_int(rows, 0, 0),
        .position = (uint64_t)heed_rows_int(rows, 0, 1),
        .lines = (uint64_t)heed_rows_int(rows, 0, 2),
        .state_position = (uint64_t)heed_rows_int(rows, 0, 3),
        .state = heed_rows_bytes(rows, 0, 4),
        .has_kept = !heed_rows_is_null(rows, 0, 3),
        .same_place = !heed_rows_is_null(rows, 0, 6) &&
                      heed_rows_int(rows, 0, 5) == place->device &&
                      heed_rows_int(rows, 0, 6) == place->inode,
    };
}

bool
heed_log_file_reload(HeedDatabase *database,
                     const HeedLogLookUp *look_up,
                     HeedLogCheckpoint *checkpoint,
                     GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, checkpoint->log_file_id);
    rows = heed_database_query_row(database, "find the log",
                                   "SELECT " CHECKPOINT_COLUMNS
                                   " FROM heed_data.log_file WHERE log_file_id = $1::bigint",
                                   params, error);
    if (rows == NULL)
        return false;
    heed_log_checkpoint_clear(checkpoint);
    read_checkpoint(rows, &look_up->place, checkpoint);
    return true;
}

/* A row from before there were digests of lines gets them. */
static bool
add_missing_lines(HeedDatabase *database, int64_t log_file_id, const Head *head, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, log_file_id);
    add_lines(params, head, 0, head->whole_lines);
    return heed_database_run(database, "know the log by its lines",
                             "UPDATE heed_data.log_file SET head_lines = $2"
                             " WHERE log_file_id = $1::bigint AND head_lines IS NULL",
                             params, error);
}

static bool
find_whole(HeedDatabase *database, const Head *head, HeedLogCheckpoint *out, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_bytes(params, head->digest, SHA256_BYTES);
    rows = heed_database_query(database, "find the log",
                               "SELECT " CHECKPOINT_COLUMNS ", head_lines IS NULL"
                               " FROM heed_data.log_file WHERE head_digest = $1",
                               params, error);
    if (rows == NULL)
        return false;
    if (heed_rows_count(rows) == 0)
        return true;
    read_checkpoint(rows, &head->look_up->place, out);
    return head->look_up->only_look || !heed_rows_bool(rows, 0, 7) ||
           add_missing_lines(database, out->log_file_id, head, error);
}

/* The file as it was when it had fewer bytes: the row whose digest is of the most of its bytes.
 * *out_length is how many. */
static bool
find_shorter(
    HeedDatabase *database, const Head *head, int64_t *out_id, size_t *out_length, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    uint8_t digest[SHA256_BYTES];
    int64_t last = -1;

    heed_params_int(params, (int64_t)head->look_up->head_length);
    heed_params_int(params, MOST_SHORT);
    rows = heed_database_query(
        database, "find the log by less of it",
        "SELECT log_file_id, head_length, head_digest FROM (SELECT * FROM heed_data.log_file"
        " WHERE head_length < $1::bigint ORDER BY read_at DESC LIMIT $2::bigint) AS file"
        " ORDER BY head_length DESC",
        params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows) && *out_id == 0; i++) {
        int64_t length = heed_rows_int(rows, i, 1);
        g_autoptr(GBytes) found = heed_rows_bytes(rows, i, 2);

        if (length != last && length > 0)
            digest_of(head->look_up->head, (size_t)length, digest);
        last = length;
        if (length > 0 && g_bytes_get_size(found) == SHA256_BYTES &&
            memcmp(g_bytes_get_data(found, NULL), digest, SHA256_BYTES) == 0) {
            *out_id = heed_rows_int(rows, i, 0);
            *out_length = (size_t)length;
        }
    }
    return true;
}

/* How far a row begins as a file does. */
typedef struct Alike {
    uint64_t end; /* 0: there is no such row */
    uint64_t lines;
} Alike;

/* The row that begins with the most of its lines, of equals the one that is read farthest: with all
 * of its whole lines, or of a file that lay at this place, and with more than so many bytes. */
static bool
find_alike(HeedDatabase *database,
           const Head *head,
           size_t more_than,
           HeedLogCheckpoint *out,
           Alike *out_alike,
           GError **error)
{
    const HeedLogPlace *place = &head->look_up->place;
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *ends;
    g_autoptr(HeedRows) rows = NULL;

    add_lines(params, head, 0, head->ends->len);
    ends = heed_params_int_array(params);
    for (guint i = 0; i < head->ends->len; i++)
        heed_array_add_int(ends, g_array_index(head->ends, int64_t, i));
    add_lines(params, head, MAX(head->whole_lines, 1) - 1, head->ends->len);
    heed_params_int(params, place->device);
    heed_params_int(params, place->inode);
    heed_params_int(params, (int64_t)more_than);
    rows = heed_database_query(
        database, "find the log by its lines",
        "SELECT " CHECKPOINT_COLUMNS ", alike.place, alike.turn FROM heed_data.log_file"
        " CROSS JOIN LATERAL (SELECT line.place, line.turn"
        "  FROM unnest($1, $2) WITH ORDINALITY AS line (digest, place, turn)"
        "  WHERE line.digest = ANY (head_lines) ORDER BY line.turn DESC LIMIT 1) AS alike"
        " WHERE (head_lines && $3 OR (device = $4::bigint AND inode = $5::bigint))"
        " AND alike.place > $6::bigint"
        " ORDER BY alike.turn DESC, position DESC, log_file_id LIMIT 1",
        params, error);
    if (rows == NULL)
        return false;
    *out_alike = (Alike){0};
    if (heed_rows_count(rows) == 0)
        return true;
    read_checkpoint(rows, place, out);
    *out_alike = (Alike){(uint64_t)heed_rows_int(rows, 0, 7), (uint64_t)heed_rows_int(rows, 0, 8)};
    return true;
}

/* The file as it is where it has more bytes, or as it was before it was cut down in its place and
 * written on. */
static bool
find_other(HeedDatabase *database,
           const Head *head,
           size_t more_than,
           HeedLogCheckpoint *out,
           GError **error)
{
    Alike alike;
    bool part;

    if (!find_alike(database, head, more_than, out, &alike, error))
        return false;
    part = alike.end >= head->whole;
    /* One that is not read as far is read on wherever it lies. */
    if (alike.end == 0 || (part && out->position < alike.end))
        return true;
    if (out->position < alike.end)
        alike = (Alike){out->position, out->lines};
    heed_log_checkpoint_clear(out);
    *out = (HeedLogCheckpoint){
        .position = alike.end, .lines = alike.lines, .same_place = out->same_place, .part = part};
    return true;
}

/* From now on it is known by all the bytes that there are. */
static bool
extend(HeedDatabase *database, int64_t log_file_id, const Head *head, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, log_file_id);
    heed_params_int(params, (int64_t)head->look_up->head_length);
    heed_params_bytes(params, head->digest, SHA256_BYTES);
    add_lines(params, head, 0, head->whole_lines);
    return heed_database_run(
        database, "know the log by more of it",
        "UPDATE heed_data.log_file SET head_length = $2::integer, head_digest = $3,"
        " head_lines = $4"
        " WHERE log_file_id = $1::bigint AND head_length < $2::integer"
        " AND NOT EXISTS (SELECT FROM heed_data.log_file WHERE head_digest = $3)",
        params, error);
}

/* All before position is counted. */
static bool
make(HeedDatabase *database, const Head *head, uint64_t position, uint64_t lines, GError **error)
{
    const HeedLogLookUp *look_up = head->look_up;
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, look_up->log);
    heed_params_text(params, look_up->path);
    heed_params_text(params, look_up->stem);
    heed_params_int(params, (int64_t)look_up->head_length);
    heed_params_bytes(params, head->digest, SHA256_BYTES);
    add_lines(params, head, 0, head->whole_lines);
    heed_params_int(params, (int64_t)position);
    heed_params_int(params, (int64_t)lines);
    return heed_database_run(
        database, "make the log known",
        "INSERT INTO heed_data.log_file"
        " (log, path, stem, head_length, head_digest, head_lines, position, told_to, lines)"
        " VALUES ($1, $2, $3, $4::integer, $5, $6, $7::bigint, $7::bigint, $8::bigint)"
        " ON CONFLICT (head_digest) DO NOTHING",
        params, error);
}

/* Any file whose row has another digest than its first bytes have now. */
static bool
find_changed(HeedDatabase *database, const Head *head, HeedLogCheckpoint *out, GError **error)
{
    size_t length = 0;
    int64_t shorter = 0;

    if (!find_shorter(database, head, &shorter, &length, error) ||
        !find_other(database, head, length, out, error))
        return false;
    if (out->position > 0 || out->log_file_id != 0 || shorter == 0)
        return true;
    out->log_file_id = shorter;
    return (head->look_up->only_look || extend(database, shorter, head, error)) &&
           heed_log_file_reload(database, head->look_up, out, error);
}

/* Two that see a file grow for the first time must not make two of it. */
static bool
find_or_make(HeedDatabase *database, const Head *head, HeedLogCheckpoint *out, GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, error);

    if (transaction == NULL ||
        !heed_database_run(database, "wait for others who look for logs",
                           "SELECT pg_advisory_xact_lock(hashtextextended('heed.log_files', 0))",
                           NULL, error) ||
        !find_whole(database, head, out, error))
        return false;
    if (out->log_file_id == 0 && !find_changed(database, head, out, error))
        return false;
    if (out->log_file_id == 0 && !out->part &&
        (!make(database, head, out->position, out->lines, error) ||
         !find_whole(database, head, out, error)))
        return false;
    return heed_transaction_commit(transaction, error);
}

bool
heed_log_file_find(HeedDatabase *database,
                   const HeedLogLookUp *look_up,
                   HeedLogCheckpoint *out,
                   GError **error)
{
    g_auto(Head) head = {0};

    *out = (HeedLogCheckpoint){0};
    head_init(&head, look_up);
    if (!find_whole(database, &head, out, error))
        return false;
    if (out->log_file_id != 0)
        return true;
    return look_up->only_look ? find_changed(database, &head, out, error)
                              : find_or_make(database, &head, out, error);
}

bool
heed_log_file_split(HeedDatabase *database,
                    const HeedLogLookUp *look_up,
                    HeedLogCheckpoint *checkpoint,
                    GError **error)
{
    g_auto(Head) head = {0};

    head_init(&head, look_up);
    return make(database, &head, checkpoint->position, checkpoint->lines, error) &&
           find_whole(database, &head, checkpoint, error);
}

GBytes *
heed_log_file_state(HeedDatabase *database, int64_t log_file_id, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, log_file_id);
    rows = heed_database_query(database, "find what is under way",
                               "SELECT state FROM heed_data.log_file WHERE log_file_id = $1::bigint"
                               " AND state_position = position",
                               params, error);
    return rows == NULL || heed_rows_count(rows) == 0 ? NULL : heed_rows_bytes(rows, 0, 0);
}

bool
heed_log_file_last(
    HeedDatabase *database, const char *log, const char *stem, int64_t *out_id, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_text(params, log);
    heed_params_text(params, stem);
    rows = heed_database_query(
        database, "find the log's last file",
        "SELECT log_file_id FROM heed_data.log_file WHERE log = $1 AND stem = $2"
        " AND state IS NOT NULL ORDER BY read_at DESC, log_file_id DESC LIMIT 1",
        params, error);
    *out_id = rows == NULL || heed_rows_count(rows) == 0 ? 0 : heed_rows_int(rows, 0, 0);
    return rows != NULL;
}

/* --- leases --- */

static bool
ask_lock(
    HeedDatabase *database, const char *sql, int64_t log_file_id, bool *out_answer, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, log_file_id);
    rows = heed_database_query_row(database, "lease the log", sql, params, error);
    if (rows == NULL)
        return false;
    *out_answer = heed_rows_bool(rows, 0, 0);
    return true;
}

bool
heed_log_file_lease(HeedDatabase *database, int64_t log_file_id, bool *out_mine, GError **error)
{
    return ask_lock(database,
                    "SELECT pg_try_advisory_lock(hashtextextended('heed.log_file.' || $1, 0))",
                    log_file_id, out_mine, error);
}

bool
heed_log_file_release(HeedDatabase *database, int64_t log_file_id, GError **error)
{
    bool was_mine = false;

    return ask_lock(database,
                    "SELECT pg_advisory_unlock(hashtextextended('heed.log_file.' || $1, 0))",
                    log_file_id, &was_mine, error);
}

/* --- moving on --- */

bool
heed_log_file_lock(HeedDatabase *database,
                   int64_t log_file_id,
                   uint64_t *out_position,
                   GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, log_file_id);
    rows = heed_database_query_row(
        database, "lock the log",
        "SELECT position FROM heed_data.log_file WHERE log_file_id = $1::bigint FOR UPDATE", params,
        error);
    if (rows == NULL)
        return false;
    *out_position = (uint64_t)heed_rows_int(rows, 0, 0);
    return true;
}

bool
heed_log_file_save(HeedDatabase *database,
                   int64_t log_file_id,
                   const HeedLogStretch *stretch,
                   GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    gsize length = 0;
    gconstpointer bytes = stretch->state == NULL ? NULL : g_bytes_get_data(stretch->state, &length);

    heed_params_int(params, log_file_id);
    heed_params_int(params, (int64_t)stretch->end);
    heed_params_int(params, (int64_t)stretch->lines);
    heed_params_bytes(params, bytes, length);
    heed_params_bool(params, stretch->told);
    return heed_database_run(
        database, "note how far the log is read",
        "UPDATE heed_data.log_file SET position = $2::bigint, lines = lines + $3::bigint,"
        " state = coalesce($4, state), state_position = CASE WHEN $4::bytea IS NULL"
        " THEN state_position ELSE $2::bigint END,"
        " told_to = CASE WHEN $5::boolean THEN $2::bigint ELSE told_to END, read_at = now()"
        " WHERE log_file_id = $1::bigint",
        params, error);
}

bool
heed_log_file_rewind(HeedDatabase *database, int64_t log_file_id, uint64_t position, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, log_file_id);
    heed_params_int(params, (int64_t)position);
    return heed_database_run(
        database, "note that the log is shorter",
        "UPDATE heed_data.log_file SET position = $2::bigint, state = NULL, state_position = NULL,"
        " lines = CASE WHEN $2::bigint > 0 THEN lines ELSE 0 END,"
        " told_to = least(told_to, $2::bigint)"
        " WHERE log_file_id = $1::bigint AND position > $2::bigint",
        params, error);
}

bool
heed_log_file_finish(HeedDatabase *database,
                     int64_t log_file_id,
                     const HeedLogLookUp *look_up,
                     GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, log_file_id);
    heed_params_int(params, look_up->place.device);
    heed_params_int(params, look_up->place.inode);
    heed_params_int(params, look_up->place.size);
    heed_params_int(params, look_up->place.modified);
    heed_params_text(params, look_up->path);
    heed_params_text(params, look_up->log);
    heed_params_text(params, look_up->stem);
    return heed_database_run(
        database, "note where the log lies",
        "UPDATE heed_data.log_file SET device = $2::bigint, inode = $3::bigint, size = $4::bigint,"
        " modified = $5::bigint, path = $6, log = coalesce($7, log), stem = $8,"
        " read_at = now()"
        " WHERE log_file_id = $1::bigint",
        params, error);
}

bool
heed_log_file_forget_state(HeedDatabase *database, int64_t log_file_id, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, log_file_id);
    return heed_database_run(database, "forget what was under way",
                             "UPDATE heed_data.log_file SET state = NULL"
                             " WHERE log_file_id = $1::bigint AND state IS NOT NULL",
                             params, error);
}

/* --- logs of the configuration --- */

bool
heed_log_begin(
    HeedDatabase *database, const char *name, const char *path, const char *format, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, name);
    heed_params_text(params, path);
    heed_params_text(params, format);
    return heed_database_run(
        database, "note the log",
        "WITH misread AS ("
        "    SELECT name FROM heed_data.log"
        "    WHERE name = $1 AND format <> $3 AND delivered + deferred + failed = 0"
        "), anew AS ("
        "    UPDATE heed_data.log_file"
        "    SET position = told_to, lines = CASE WHEN told_to > 0 THEN lines ELSE 0 END,"
        "        state = NULL, state_position = NULL, size = NULL"
        "    WHERE log IN (SELECT name FROM misread)"
        ")"
        " INSERT INTO heed_data.log AS log (name, path, format) VALUES ($1, $2, $3)"
        " ON CONFLICT (name) DO UPDATE SET path = excluded.path, format = excluded.format,"
        "    lines = CASE WHEN $1 IN (SELECT name FROM misread) THEN 0 ELSE log.lines END,"
        "    unread = CASE WHEN $1 IN (SELECT name FROM misread) THEN 0 ELSE log.unread END"
        " WHERE (log.path, log.format) <> (excluded.path, excluded.format)",
        params, error);
}

bool
heed_log_count(HeedDatabase *database, const char *name, const HeedLogCount *count, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, name);
    heed_params_int(params, (int64_t)count->lines);
    heed_params_int(params, (int64_t)count->unread);
    heed_params_int(params, (int64_t)count->delivered);
    heed_params_int(params, (int64_t)count->deferred);
    heed_params_int(params, (int64_t)count->failed);
    return heed_database_run(
        database, "count the log's lines",
        "UPDATE heed_data.log SET lines = lines + $2::bigint, unread = unread + $3::bigint,"
        " delivered = delivered + $4::bigint, deferred = deferred + $5::bigint,"
        " failed = failed + $6::bigint, last_line_at = now() WHERE name = $1",
        params, error);
}

bool
heed_log_finish(HeedDatabase *database,
                const char *name,
                const char *error_text,
                int64_t behind,
                GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, name);
    heed_params_text(params, error_text);
    heed_params_int(params, behind);
    return heed_database_run(
        database, "note how the log fares",
        "UPDATE heed_data.log SET last_read_at = now(), last_error = $2, behind = $3::bigint,"
        " last_success_at = CASE WHEN $2::text IS NULL THEN now() ELSE last_success_at END"
        " WHERE name = $1",
        params, error);
}
