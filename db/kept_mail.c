/* SPDX-License-Identifier: Apache-2.0 */
#include "db/kept_mail.h"

/* A slice: at most this many rows, and no further row once so many bytes are in it. The length of a
 * column that is stored EXTERNAL is known without reading it. */
#define SLICE_ROWS  "500"
#define SLICE_BYTES "4194304"

void
heed_kept_mail_free(HeedKeptMail *mail)
{
    if (mail == NULL)
        return;
    g_free(mail->digest);
    g_free(mail->source);
    g_free(mail->mailbox);
    g_free(mail->stream);
    g_clear_pointer(&mail->content, g_bytes_unref);
    g_free(mail);
}

static void
free_mail(gpointer mail)
{
    heed_kept_mail_free(mail);
}

void
heed_kept_cursor_clear(HeedKeptCursor *cursor)
{
    g_clear_pointer(&cursor->arrived_at, g_free);
    g_clear_pointer(&cursor->digest, g_free);
}

/* Columns of both queries, in the order of read_slice(). */
#define COLUMNS                                                                               \
    "encode(digest, 'hex'), quarantine_id, coalesce(mailbox_id, 0), source, stream, closed, " \
    "truncated, extract(epoch FROM received_at)::bigint, size, content, arrived_at::text, "   \
    "(SELECT name FROM heed_data.mailbox AS box WHERE box.mailbox_id = slice.mailbox_id) "

static GPtrArray *
read_slice(const HeedRows *rows, HeedKeptCursor *cursor)
{
    GPtrArray *slice = g_ptr_array_new_with_free_func(free_mail);
    size_t count = heed_rows_count(rows);

    for (size_t row = 0; row < count; row++) {
        HeedKeptMail *mail = g_new0(HeedKeptMail, 1);

        mail->digest = g_strdup(heed_rows_text(rows, row, 0));
        mail->quarantine = heed_rows_int(rows, row, 1);
        mail->mailbox_id = heed_rows_int(rows, row, 2);
        mail->source = g_strdup(heed_rows_text(rows, row, 3));
        mail->stream = g_strdup(heed_rows_text(rows, row, 4));
        mail->closed = heed_rows_bool(rows, row, 5);
        mail->truncated = heed_rows_bool(rows, row, 6);
        mail->received_at = heed_rows_time(rows, row, 7);
        mail->size = (uint64_t)heed_rows_int(rows, row, 8);
        mail->mailbox = g_strdup(heed_rows_text(rows, row, 11));
        mail->content = heed_rows_bytes(rows, row, 9);
        g_ptr_array_add(slice, mail);
    }
    if (count > 0) {
        heed_kept_cursor_clear(cursor);
        cursor->digest = g_strdup(heed_rows_text(rows, count - 1, 0));
        cursor->quarantine = heed_rows_int(rows, count - 1, 1);
        cursor->arrived_at = g_strdup(heed_rows_text(rows, count - 1, 10));
    }
    return slice;
}

GPtrArray *
heed_kept_mail_next_stored(HeedDatabase *database, HeedKeptCursor *cursor, GError **error)
{
    static const char sql[] =
        "SELECT " COLUMNS "FROM ("
        "  SELECT m.digest, 0::bigint AS quarantine_id, r.mailbox_id, r.source, r.stream, r.closed, "
        "         r.truncated, r.received_at, r.size, m.content, m.arrived_at, "
        "         sum(octet_length(m.content)) OVER (ORDER BY m.arrived_at, m.digest) "
        "           - octet_length(m.content) AS before "
        "  FROM heed_data.raw_message m JOIN heed_data.report r USING (arrived_at, digest) "
        "  WHERE (m.arrived_at, m.digest) > ($1::timestamptz, decode($2, 'hex')) "
        "  ORDER BY m.arrived_at, m.digest LIMIT " SLICE_ROWS ") AS slice "
        "WHERE before < " SLICE_BYTES " ORDER BY arrived_at, digest";
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_text(params, cursor->arrived_at != NULL ? cursor->arrived_at : "-infinity");
    heed_params_text(params, cursor->digest != NULL ? cursor->digest : "");
    rows = heed_database_query(database, "read kept mail", sql, params, error);
    return rows == NULL ? NULL : read_slice(rows, cursor);
}

GPtrArray *
heed_kept_mail_next_quarantined(HeedDatabase *database,
                                HeedKeptCursor *cursor,
                                const GArray *ids,
                                GError **error)
{
    static const char sql[] =
        "SELECT " COLUMNS "FROM ("
        "  SELECT *, sum(octet_length(content)) OVER (ORDER BY quarantine_id) "
        "            - octet_length(content) AS before "
        "  FROM heed_data.quarantine "
        "  WHERE quarantine_id > $1::bigint AND resolved_at IS NULL "
        "    AND ($2::boolean OR quarantine_id = ANY ($3)) "
        "  ORDER BY quarantine_id LIMIT " SLICE_ROWS ") AS slice "
        "WHERE before < " SLICE_BYTES " ORDER BY quarantine_id";
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    HeedArrayParam *wanted;

    heed_params_int(params, cursor->quarantine);
    heed_params_bool(params, ids == NULL);
    wanted = heed_params_int_array(params);
    for (size_t i = 0; ids != NULL && i < ids->len; i++)
        heed_array_add_int(wanted, g_array_index(ids, int64_t, i));
    rows = heed_database_query(database, "read mail in quarantine", sql, params, error);
    return rows == NULL ? NULL : read_slice(rows, cursor);
}
