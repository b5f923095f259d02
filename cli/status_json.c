/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/json_line.h"
#include "cli/status.h"
#include "db/overview.h"

static json_t *
cell(const HeedRows *rows, size_t row, size_t column)
{
    return heed_json_text(heed_rows_text(rows, row, column));
}

static json_t *
date_cell(const HeedRows *rows, size_t row, size_t column)
{
    return heed_json_date(heed_rows_time(rows, row, column));
}

static json_t *
number_cell(const HeedRows *rows, size_t row, size_t column)
{
    return json_integer((json_int_t)heed_rows_int(rows, row, column));
}

static json_t *
mailboxes_to_json(const HeedStatus *status)
{
    const HeedRows *rows = status->mailboxes;
    json_t *list = json_array();

    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        json_t *json = json_object();

        (void)json_object_set_new(json, "name", cell(rows, row, HEED_MAILBOX_NAME));
        (void)json_object_set_new(json, "url", cell(rows, row, HEED_MAILBOX_URL));
        (void)json_object_set_new(json, "last_poll_at",
                                  date_cell(rows, row, HEED_MAILBOX_LAST_POLL));
        (void)json_object_set_new(json, "last_success_at",
                                  date_cell(rows, row, HEED_MAILBOX_LAST_SUCCESS));
        (void)json_object_set_new(json, "last_message_at",
                                  date_cell(rows, row, HEED_MAILBOX_LAST_MESSAGE));
        (void)json_object_set_new(json, "last_error", cell(rows, row, HEED_MAILBOX_LAST_ERROR));
        (void)json_object_set_new(json, "messages_stored",
                                  number_cell(rows, row, HEED_MAILBOX_MESSAGES));
        (void)json_object_set_new(json, "open", number_cell(rows, row, HEED_MAILBOX_OPEN));
        (void)json_object_set_new(
            json, "configured",
            json_boolean(heed_config_reads_mailbox(status->config,
                                                   heed_rows_text(rows, row, HEED_MAILBOX_NAME))));
        (void)json_array_append_new(list, json);
    }
    return list;
}

static json_t *
logs_to_json(const HeedStatus *status)
{
    const HeedRows *rows = status->logs;
    json_t *list = json_array();

    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        json_t *json = json_object();

        (void)json_object_set_new(json, "name", cell(rows, row, HEED_LOG_COLUMN_NAME));
        (void)json_object_set_new(json, "path", cell(rows, row, HEED_LOG_COLUMN_PATH));
        (void)json_object_set_new(json, "last_read_at",
                                  date_cell(rows, row, HEED_LOG_COLUMN_LAST_READ));
        (void)json_object_set_new(json, "last_success_at",
                                  date_cell(rows, row, HEED_LOG_COLUMN_LAST_SUCCESS));
        (void)json_object_set_new(json, "last_line_at",
                                  date_cell(rows, row, HEED_LOG_COLUMN_LAST_LINE));
        (void)json_object_set_new(json, "last_error", cell(rows, row, HEED_LOG_COLUMN_LAST_ERROR));
        (void)json_object_set_new(json, "lines", number_cell(rows, row, HEED_LOG_COLUMN_LINES));
        (void)json_object_set_new(json, "unread", number_cell(rows, row, HEED_LOG_COLUMN_UNREAD));
        (void)json_object_set_new(json, "behind", number_cell(rows, row, HEED_LOG_COLUMN_BEHIND));
        (void)json_object_set_new(json, "delivered",
                                  number_cell(rows, row, HEED_LOG_COLUMN_DELIVERED));
        (void)json_object_set_new(json, "deferred",
                                  number_cell(rows, row, HEED_LOG_COLUMN_DEFERRED));
        (void)json_object_set_new(json, "failed", number_cell(rows, row, HEED_LOG_COLUMN_FAILED));
        (void)json_object_set_new(
            json, "configured",
            json_boolean(heed_config_reads_log(status->config,
                                               heed_rows_text(rows, row, HEED_LOG_COLUMN_NAME))));
        (void)json_array_append_new(list, json);
    }
    return list;
}

void
heed_status_print_json(const HeedStatus *status)
{
    g_autoptr(json_t) json = json_object();
    json_t *kinds = json_array();
    json_t *suppressions = json_array();
    json_t *database = json_object();

    for (size_t row = 0; row < heed_rows_count(status->kinds); row++) {
        json_t *kind = json_object();

        (void)json_object_set_new(kind, "kind", cell(status->kinds, row, 0));
        (void)json_object_set_new(kind, "seen", number_cell(status->kinds, row, 1));
        (void)json_object_set_new(kind, "distinct", number_cell(status->kinds, row, 2));
        (void)json_object_set_new(kind, "today", number_cell(status->kinds, row, 3));
        (void)json_object_set_new(kind, "last_7_days", number_cell(status->kinds, row, 4));
        (void)json_array_append_new(kinds, kind);
    }
    for (size_t row = 0; row < heed_rows_count(status->suppressions); row++) {
        json_t *group = json_object();

        (void)json_object_set_new(group, "scope", cell(status->suppressions, row, 0));
        (void)json_object_set_new(group, "verdict", cell(status->suppressions, row, 1));
        (void)json_object_set_new(group, "reason", cell(status->suppressions, row, 2));
        (void)json_object_set_new(group, "addresses", number_cell(status->suppressions, row, 3));
        (void)json_array_append_new(suppressions, group);
    }
    (void)json_object_set_new(database, "name", cell(status->database, 0, HEED_STORE_NAME));
    (void)json_object_set_new(database, "private", json_boolean(status->config->database == NULL));
    (void)json_object_set_new(database, "bytes",
                              number_cell(status->database, 0, HEED_STORE_BYTES));
    (void)json_object_set_new(database, "server_version",
                              cell(status->database, 0, HEED_STORE_SERVER_VERSION));
    (void)json_object_set_new(json, "mailboxes", mailboxes_to_json(status));
    (void)json_object_set_new(json, "logs", logs_to_json(status));
    (void)json_object_set_new(json, "reports", kinds);
    (void)json_object_set_new(json, "suppressions", suppressions);
    (void)json_object_set_new(json, "quarantined",
                              number_cell(status->database, 0, HEED_STORE_QUARANTINED));
    (void)json_object_set_new(json, "unmatched_complaints",
                              number_cell(status->database, 0, HEED_STORE_UNMATCHED));
    (void)json_object_set_new(json, "holds",
                              json_integer((json_int_t)heed_rows_count(status->holds)));
    (void)json_object_set_new(json, "policy_stale", json_boolean(status->stale));
    (void)json_object_set_new(json, "database", database);
    heed_json_print(json, stdout);
}
