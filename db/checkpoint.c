/* SPDX-License-Identifier: Apache-2.0 */
#include "db/checkpoint.h"

#include "base/error.h"
#include "db/batch.h"

#include <string.h>

/* A row made for a new mailbox, or found; another url starts anew, and says so by its epoch. */
static const char load_sql[] =
    "WITH changed AS ("
    "    DELETE FROM heed_data.mailbox_message AS message USING heed_data.mailbox AS mailbox"
    "    WHERE mailbox.name = $1 AND mailbox.url <> $2"
    "        AND message.mailbox_id = mailbox.mailbox_id"
    ") INSERT INTO heed_data.mailbox AS mailbox (name, url) VALUES ($1, $2)"
    " ON CONFLICT (name) DO UPDATE SET url = excluded.url,"
    "    epoch = CASE WHEN mailbox.url = excluded.url THEN mailbox.epoch ELSE 0 END,"
    "    position = CASE WHEN mailbox.url = excluded.url THEN mailbox.position ELSE 0 END"
    " RETURNING mailbox_id, epoch, position";

bool
heed_checkpoint_load(
    HeedDatabase *database, const char *name, const char *url, HeedCheckpoint *out, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_text(params, name);
    heed_params_text(params, url);
    rows = heed_database_query_row(database, "load the checkpoint", load_sql, params, error);
    if (rows == NULL)
        return false;
    out->mailbox_id = heed_rows_int(rows, 0, 0);
    out->epoch = heed_rows_int(rows, 0, 1);
    out->position = heed_rows_int(rows, 0, 2);
    return true;
}

bool
heed_checkpoint_set_epoch(HeedDatabase *database, int64_t mailbox_id, int64_t epoch, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, mailbox_id);
    heed_params_int(params, epoch);
    return heed_database_run(
        database, "start the mailbox anew",
        "WITH gone AS ("
        "    DELETE FROM heed_data.mailbox_message WHERE mailbox_id = $1 AND epoch <> $2"
        ") UPDATE heed_data.mailbox SET epoch = $2, position = 0"
        " WHERE mailbox_id = $1 AND epoch <> $2",
        params, error);
}

static void
message_free(gpointer data)
{
    HeedKnownMessage *message = data;

    g_free(message->uid);
    g_free(message);
}

/* The query gives uid, disposition and whether it is missed. */
static GPtrArray *
list_messages(
    HeedDatabase *database, const char *what, const char *sql, HeedParams *params, GError **error)
{
    g_autoptr(HeedRows) rows = heed_database_query(database, what, sql, params, error);
    GPtrArray *messages;

    if (rows == NULL)
        return NULL;
    messages = g_ptr_array_new_with_free_func(message_free);
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        HeedKnownMessage *message = g_new0(HeedKnownMessage, 1);

        message->uid = g_strdup(heed_rows_text(rows, i, 0));
        message->disposition = (HeedDisposition)heed_rows_int(rows, i, 1);
        message->missed = heed_rows_bool(rows, i, 2);
        g_ptr_array_add(messages, message);
    }
    return messages;
}

GPtrArray *
heed_checkpoint_open_messages(HeedDatabase *database,
                              const HeedCheckpoint *checkpoint,
                              size_t limit,
                              GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, checkpoint->mailbox_id);
    heed_params_int(params, checkpoint->epoch);
    heed_params_int(params, (int64_t)MIN(limit, (size_t)G_MAXINT));
    return list_messages(database, "look for open messages",
                         "SELECT uid, disposition, missed_since IS NOT NULL"
                         " FROM heed_data.mailbox_message"
                         " WHERE mailbox_id = $1 AND epoch = $2 AND NOT acknowledged"
                         " ORDER BY uid LIMIT $3",
                         params, error);
}

static void
add_uids(HeedParams *params, const GPtrArray *uids)
{
    HeedArrayParam *array = heed_params_text_array(params);
    g_autoptr(GStringChunk) pool = g_string_chunk_new(256);

    for (guint i = 0; i < uids->len; i++)
        heed_array_add_text(array,
                            heed_batch_text(pool, g_ptr_array_index(uids, i), HEED_UID_BYTES));
}

bool
heed_checkpoint_known(HeedDatabase *database,
                      const HeedCheckpoint *checkpoint,
                      const GPtrArray *uids,
                      GArray *out_known,
                      GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, checkpoint->mailbox_id);
    heed_params_int(params, checkpoint->epoch);
    add_uids(params, uids);
    heed_params_int(params, HEED_DISPOSITION_UNREADABLE);
    rows = heed_database_query(
        database, "look for known messages",
        "SELECT EXISTS (SELECT FROM heed_data.mailbox_message AS message"
        "    WHERE message.mailbox_id = $1 AND message.epoch = $2 AND message.uid = asked.uid"
        "        AND message.disposition <> $4)"
        " FROM unnest($3) WITH ORDINALITY AS asked (uid, number) ORDER BY asked.number",
        params, error);
    if (rows == NULL)
        return false;
    g_array_set_size(out_known, 0);
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        bool known = heed_rows_bool(rows, i, 0);

        g_array_append_val(out_known, known);
    }
    return true;
}

static const char note_messages[] =
    "WITH arrival AS MATERIALIZED ("
    "    SELECT DISTINCT ON (epoch, uid) epoch, uid, disposition, kept,"
    "        CASE disposition WHEN 0 THEN $7 WHEN 1 THEN $8 WHEN 2 THEN $9 ELSE false END"
    "            AS nothing_to_do"
    "    FROM unnest($2, $3, $4, $5) WITH ORDINALITY"
    "        AS a (uid, epoch, disposition, kept, number)"
    "    WHERE uid IS NOT NULL ORDER BY epoch, uid, number DESC"
    "), gone AS ("
    "    DELETE FROM heed_data.mailbox_message AS message USING arrival"
    "    WHERE NOT arrival.kept AND message.mailbox_id = $1 AND message.epoch = arrival.epoch"
    "        AND message.uid = arrival.uid"
    ") INSERT INTO heed_data.mailbox_message AS message (mailbox_id, epoch, uid, disposition,"
    "    acknowledged, attempts)"
    " SELECT $1, epoch, uid, disposition, nothing_to_do,"
    "    CASE WHEN disposition = $6 THEN 1 ELSE 0 END"
    " FROM arrival WHERE kept ORDER BY epoch, uid"
    " ON CONFLICT (mailbox_id, epoch, uid) DO UPDATE SET disposition = excluded.disposition,"
    "    acknowledged = excluded.acknowledged, missed_since = NULL,"
    "    attempts = message.attempts + excluded.attempts";

/* An unreadable message gets its row whatever the mailbox does with others: the position moves past
 * it. Read after all, its row goes, or says so. */
static bool
save_messages(HeedDatabase *database,
              int64_t mailbox_id,
              const GPtrArray *arrivals,
              const HeedKeepRow keep[4],
              GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GStringChunk) pool = g_string_chunk_new(256);
    HeedArrayParam *uids = NULL;
    HeedArrayParam *epochs = NULL;
    HeedArrayParam *dispositions = NULL;
    HeedArrayParam *kept = NULL;

    heed_params_int(params, mailbox_id);
    uids = heed_params_text_array(params);
    epochs = heed_params_int_array(params);
    dispositions = heed_params_int_array(params);
    kept = heed_params_bool_array(params);
    for (guint i = 0; i < arrivals->len; i++) {
        const HeedArrival *arrival = g_ptr_array_index(arrivals, i);
        bool unreadable = arrival->disposition == HEED_DISPOSITION_UNREADABLE;

        heed_array_add_text(uids, heed_batch_text(pool, arrival->uid, HEED_UID_BYTES));
        heed_array_add_int(epochs, arrival->epoch);
        heed_array_add_int(dispositions, (int64_t)arrival->disposition);
        heed_array_add_bool(kept, unreadable || keep[arrival->disposition] != HEED_KEEP_ROW_NEVER);
    }
    heed_params_int(params, HEED_DISPOSITION_UNREADABLE);
    heed_params_bool(params, keep[HEED_DISPOSITION_DONE] == HEED_KEEP_ROW_WHILE_THERE);
    heed_params_bool(params, keep[HEED_DISPOSITION_UNRECOGNISED] == HEED_KEEP_ROW_WHILE_THERE);
    heed_params_bool(params, keep[HEED_DISPOSITION_QUARANTINED] == HEED_KEEP_ROW_WHILE_THERE);
    return heed_database_run(database, "note the messages", note_messages, params, error);
}

/*
 * The position moves past the arrivals of the mailbox's own epoch; a poll of one that somebody else
 * has left behind moves nothing. Counted is what was neither passed nor noted: a batch comes again
 * when the answer to its commit was lost.
 */
static const char move_sql[] =
    "WITH arrival AS MATERIALIZED ("
    "    SELECT uid, epoch, position, stored"
    "    FROM unnest($2, $3, $4, $5) AS a (uid, epoch, position, stored)"
    ") UPDATE heed_data.mailbox AS mailbox SET"
    " position = greatest(mailbox.position,"
    "    (SELECT max(arrival.position) FROM arrival WHERE arrival.epoch = mailbox.epoch)),"
    " messages_stored = mailbox.messages_stored + ("
    "    SELECT count(*) FROM arrival"
    "    LEFT JOIN heed_data.mailbox_message AS message ON message.mailbox_id = mailbox.mailbox_id"
    "        AND message.epoch = arrival.epoch AND message.uid = arrival.uid"
    "    WHERE arrival.stored AND coalesce(message.disposition = $6, arrival.epoch <> mailbox.epoch"
    "        OR arrival.position NOT BETWEEN 1 AND mailbox.position)),"
    " last_message_at = CASE WHEN (SELECT bool_or(stored) FROM arrival) THEN now()"
    "    ELSE mailbox.last_message_at END"
    " WHERE mailbox.mailbox_id = $1";

static bool
move(HeedDatabase *database, int64_t mailbox_id, const GPtrArray *arrivals, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GStringChunk) pool = g_string_chunk_new(256);
    HeedArrayParam *uids = NULL;
    HeedArrayParam *epochs = NULL;
    HeedArrayParam *positions = NULL;
    HeedArrayParam *stored = NULL;

    heed_params_int(params, mailbox_id);
    uids = heed_params_text_array(params);
    epochs = heed_params_int_array(params);
    positions = heed_params_int_array(params);
    stored = heed_params_bool_array(params);
    for (guint i = 0; i < arrivals->len; i++) {
        const HeedArrival *arrival = g_ptr_array_index(arrivals, i);

        heed_array_add_text(uids, heed_batch_text(pool, arrival->uid, HEED_UID_BYTES));
        heed_array_add_int(epochs, arrival->epoch);
        heed_array_add_int(positions, arrival->position);
        heed_array_add_bool(stored, arrival->disposition != HEED_DISPOSITION_UNREADABLE);
    }
    heed_params_int(params, HEED_DISPOSITION_UNREADABLE);
    return heed_database_run(database, "move the checkpoint", move_sql, params, error);
}

bool
heed_checkpoint_save(HeedDatabase *database,
                     int64_t mailbox_id,
                     const GPtrArray *arrivals,
                     const HeedKeepRow keep[4],
                     GError **error)
{
    /* The mailbox first: its row is the lock of its messages. */
    return arrivals->len == 0 || (move(database, mailbox_id, arrivals, error) &&
                                  save_messages(database, mailbox_id, arrivals, keep, error));
}

bool
heed_checkpoint_acknowledged(HeedDatabase *database,
                             const HeedCheckpoint *checkpoint,
                             const GPtrArray *uids,
                             bool still_there,
                             GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, checkpoint->mailbox_id);
    heed_params_int(params, checkpoint->epoch);
    add_uids(params, uids);
    return heed_database_run(database, "note what is acknowledged",
                             still_there
                                 ? "UPDATE heed_data.mailbox_message SET acknowledged = true"
                                   " WHERE mailbox_id = $1 AND epoch = $2 AND uid = ANY ($3)"
                                 : "DELETE FROM heed_data.mailbox_message"
                                   " WHERE mailbox_id = $1 AND epoch = $2 AND uid = ANY ($3)",
                             params, error);
}

bool
heed_checkpoint_count_left(HeedDatabase *database,
                           const HeedCheckpoint *checkpoint,
                           int64_t *out_left,
                           int64_t *out_missed,
                           GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, checkpoint->mailbox_id);
    heed_params_int(params, checkpoint->epoch);
    rows = heed_database_query_row(
        database, "count the mail that is left",
        "SELECT count(*), count(missed_since) FROM heed_data.mailbox_message"
        " WHERE mailbox_id = $1 AND epoch = $2 AND acknowledged",
        params, error);
    if (rows == NULL)
        return false;
    *out_left = heed_rows_int(rows, 0, 0);
    *out_missed = heed_rows_int(rows, 0, 1);
    return true;
}

GPtrArray *
heed_checkpoint_left_messages(HeedDatabase *database,
                              const HeedCheckpoint *checkpoint,
                              const char *after,
                              size_t limit,
                              GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, checkpoint->mailbox_id);
    heed_params_int(params, checkpoint->epoch);
    heed_params_text(params, after);
    heed_params_int(params, (int64_t)MIN(limit, (size_t)G_MAXINT));
    return list_messages(database, "look for the mail that is left",
                         "SELECT uid, disposition, missed_since IS NOT NULL"
                         " FROM heed_data.mailbox_message"
                         " WHERE mailbox_id = $1 AND epoch = $2 AND acknowledged"
                         " AND uid > coalesce($3::text, '') ORDER BY uid LIMIT $4",
                         params, error);
}

bool
heed_checkpoint_set_missed(HeedDatabase *database,
                           const HeedCheckpoint *checkpoint,
                           const GPtrArray *uids,
                           bool missed,
                           GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, checkpoint->mailbox_id);
    heed_params_int(params, checkpoint->epoch);
    add_uids(params, uids);
    return heed_database_run(database, "note what is missed",
                             missed ? "UPDATE heed_data.mailbox_message SET missed_since = now()"
                                      " WHERE mailbox_id = $1 AND epoch = $2 AND uid = ANY ($3)"
                                      " AND acknowledged AND missed_since IS NULL"
                                    : "UPDATE heed_data.mailbox_message SET missed_since = NULL"
                                      " WHERE mailbox_id = $1 AND epoch = $2 AND uid = ANY ($3)",
                             params, error);
}

bool
heed_checkpoint_forget_missed(HeedDatabase *database,
                              const HeedCheckpoint *checkpoint,
                              unsigned days,
                              GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, checkpoint->mailbox_id);
    heed_params_int(params, checkpoint->epoch);
    heed_params_int(params, (int64_t)days);
    return heed_database_run(database, "forget what is missed",
                             "DELETE FROM heed_data.mailbox_message"
                             " WHERE mailbox_id = $1 AND epoch = $2 AND acknowledged"
                             " AND missed_since < now() - $3 * interval '1 day'",
                             params, error);
}

bool
heed_checkpoint_finish(HeedDatabase *database,
                       int64_t mailbox_id,
                       const char *error_text,
                       GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, mailbox_id);
    heed_params_text(params, error_text);
    return heed_database_run(database, "note the end of the poll",
                             "UPDATE heed_data.mailbox SET last_poll_at = clock_timestamp(),"
                             " last_error = $2::text,"
                             " last_success_at = CASE WHEN $2::text IS NULL THEN clock_timestamp()"
                             "    ELSE last_success_at END WHERE mailbox_id = $1",
                             params, error);
}

bool
heed_checkpoint_lease(HeedDatabase *database, int64_t mailbox_id, bool *out_mine, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, mailbox_id);
    rows = heed_database_query_row(
        database, "lease the mailbox",
        "SELECT pg_try_advisory_lock(hashtextextended('heed.mailbox.' || $1, 0))", params, error);
    if (rows == NULL)
        return false;
    *out_mine = heed_rows_bool(rows, 0, 0);
    return true;
}
