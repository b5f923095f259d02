/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "db/overview.h"
#include "parsers/report.h"
#include "suppress/guard.h"
#include "suppress/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

typedef struct Overview {
    const HeedConfig *config;
    HeedRows *mailboxes;
    HeedRows *logs;
    HeedRows *kinds;
    HeedRows *suppressions;
    HeedRows *database;
    HeedRows *holds;
    bool stale;
} Overview;

static void
overview_clear(Overview *overview)
{
    g_clear_pointer(&overview->mailboxes, heed_rows_free);
    g_clear_pointer(&overview->logs, heed_rows_free);
    g_clear_pointer(&overview->kinds, heed_rows_free);
    g_clear_pointer(&overview->suppressions, heed_rows_free);
    g_clear_pointer(&overview->database, heed_rows_free);
    g_clear_pointer(&overview->holds, heed_rows_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Overview, overview_clear)

static bool
load(HeedDatabase *database, Overview *out, GError **error)
{
    return (out->mailboxes = heed_overview_mailboxes(database, error)) != NULL &&
           (out->logs = heed_overview_logs(database, error)) != NULL &&
           (out->kinds = heed_overview_kinds(database, error)) != NULL &&
           (out->suppressions = heed_overview_suppressions(database, error)) != NULL &&
           (out->database = heed_overview_database(database, error)) != NULL &&
           (out->holds = heed_guard_list(database, false, error)) != NULL &&
           heed_policy_is_stale(database, &out->stale, error) &&
           (out->stale || heed_policy_differs(database, out->config->policy, &out->stale, error));
}

static int64_t
time_of(const HeedRows *rows, size_t row, size_t column)
{
    return heed_rows_is_null(rows, row, column) ? HEED_DATE_UNKNOWN
                                                : heed_rows_int(rows, row, column);
}

static void
print_mailboxes(const Overview *overview)
{
    static const char *const titles[] = {
        "MAILBOX", "LAST POLL", "LAST SUCCESS", ">MESSAGES", ">OPEN", "LAST ERROR", NULL};
    const HeedRows *rows = overview->mailboxes;
    g_autoptr(HeedTable) table = heed_table_new(titles);

    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        heed_table_text(table, heed_rows_text(rows, row, 0));
        heed_table_date(table, time_of(rows, row, 2));
        heed_table_date(table, time_of(rows, row, 3));
        heed_table_int(table, heed_rows_int(rows, row, 6));
        heed_table_int(table, heed_rows_int(rows, row, 7));
        heed_table_text(table, heed_rows_text(rows, row, 5));
    }
    if (heed_table_rows(table) > 0)
        heed_table_print(table, stdout);
    else
        (void)puts("No mailbox has been polled yet: heed poll");
}

static void
print_logs(const Overview *overview)
{
    static const char *const titles[] = {"LOG",       "LAST LOOK",  "LAST LINE", ">LINES",
                                         ">NOT READ", ">DELIVERED", ">DEFERRED", ">FAILED",
                                         ">BEHIND",   "LAST ERROR", NULL};
    static const size_t numbers[] = {6, 7, 9, 10, 11, 8};
    const HeedRows *rows = overview->logs;
    g_autoptr(HeedTable) table = heed_table_new(titles);

    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        heed_table_text(table, heed_rows_text(rows, row, 0));
        heed_table_date(table, time_of(rows, row, 2));
        heed_table_date(table, time_of(rows, row, 4));
        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
            heed_table_int(table, heed_rows_int(rows, row, numbers[i]));
        heed_table_text(table, heed_rows_text(rows, row, 5));
    }
    if (heed_table_rows(table) == 0)
        return;
    (void)putchar('\n');
    heed_table_print(table, stdout);
}

static void
print_counts(const Overview *overview)
{
    static const char *const kind_titles[] = {"REPORTS", ">SEEN", ">DISTINCT", NULL};
    static const char *const titles[] = {"SUPPRESSED", "VERDICT", "REASON", ">ADDRESSES", NULL};
    g_autoptr(HeedTable) kinds = heed_table_new(kind_titles);
    g_autoptr(HeedTable) table = heed_table_new(titles);
    const HeedRows *rows = overview->suppressions;

    for (size_t row = 0; row < heed_rows_count(overview->kinds); row++) {
        heed_table_text(kinds, heed_rows_text(overview->kinds, row, 0));
        heed_table_int(kinds, heed_rows_int(overview->kinds, row, 1));
        heed_table_int(kinds, heed_rows_int(overview->kinds, row, 2));
    }
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        const char *scope = heed_rows_text(rows, row, 0);

        heed_table_text(table, scope == NULL || *scope == '\0' ? "everywhere" : scope);
        heed_table_text(table, heed_rows_text(rows, row, 1));
        heed_table_text(table, heed_rows_text(rows, row, 2));
        heed_table_int(table, heed_rows_int(rows, row, 3));
    }
    if (heed_table_rows(kinds) > 0) {
        (void)putchar('\n');
        heed_table_print(kinds, stdout);
    }
    (void)putchar('\n');
    if (heed_table_rows(table) > 0)
        heed_table_print(table, stdout);
    else
        (void)puts("Nothing is suppressed.");
}

static void
print_text(const Overview *overview)
{
    g_autofree char *size =
        g_format_size_full((guint64)heed_rows_int(overview->database, 0, 1), G_FORMAT_SIZE_DEFAULT);
    g_autofree char *name = heed_terminal_clean(heed_rows_text(overview->database, 0, 3));
    g_autofree char *version = heed_terminal_clean(heed_rows_text(overview->database, 0, 2));
    int64_t quarantined = heed_rows_int(overview->database, 0, 0);
    int64_t unmatched = heed_rows_int(overview->database, 0, 4);

    print_mailboxes(overview);
    print_logs(overview);
    print_counts(overview);
    if (quarantined > 0)
        (void)printf("\nQuarantine: %" PRId64 " (heed quarantine list)\n", quarantined);
    if (unmatched > 0)
        (void)printf("\nComplaints that name no recipient: %" PRId64
                     " (what is known of them: heed.unmatched_complaint)\n",
                     unmatched);
    if (heed_rows_count(overview->holds) > 0)
        (void)printf("\nSurges of failures that are held: %zu (heed suppress review)\n",
                     heed_rows_count(overview->holds));
    if (overview->stale)
        (void)puts("\nThe policy has changed since: heed suppress rebuild");
    (void)printf("\nDatabase: %s%s, %s, PostgreSQL %s\n", name,
                 overview->config->database == NULL ? " (private)" : "", size, version);
}

static json_t *
cell(const HeedRows *rows, size_t row, size_t column)
{
    const char *text = heed_rows_text(rows, row, column);

    return text == NULL ? json_null() : json_string(text);
}

static json_t *
date_cell(const HeedRows *rows, size_t row, size_t column)
{
    int64_t seconds = time_of(rows, row, column);
    g_autoptr(GDateTime) date =
        seconds == HEED_DATE_UNKNOWN ? NULL : g_date_time_new_from_unix_utc(seconds);
    g_autofree char *text = date == NULL ? NULL : g_date_time_format(date, "%Y-%m-%dT%H:%M:%SZ");

    return text == NULL ? json_null() : json_string(text);
}

static json_t *
number_cell(const HeedRows *rows, size_t row, size_t column)
{
    return json_integer((json_int_t)heed_rows_int(rows, row, column));
}

static json_t *
mailboxes_to_json(const HeedRows *rows)
{
    json_t *list = json_array();

    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        json_t *json = json_object();

        (void)json_object_set_new(json, "name", cell(rows, row, 0));
        (void)json_object_set_new(json, "url", cell(rows, row, 1));
        (void)json_object_set_new(json, "last_poll_at", date_cell(rows, row, 2));
        (void)json_object_set_new(json, "last_success_at", date_cell(rows, row, 3));
        (void)json_object_set_new(json, "last_message_at", date_cell(rows, row, 4));
        (void)json_object_set_new(json, "last_error", cell(rows, row, 5));
        (void)json_object_set_new(json, "messages_stored", number_cell(rows, row, 6));
        (void)json_object_set_new(json, "open", number_cell(rows, row, 7));
        (void)json_array_append_new(list, json);
    }
    return list;
}

static json_t *
logs_to_json(const HeedRows *rows)
{
    json_t *list = json_array();

    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        json_t *json = json_object();

        (void)json_object_set_new(json, "name", cell(rows, row, 0));
        (void)json_object_set_new(json, "path", cell(rows, row, 1));
        (void)json_object_set_new(json, "last_read_at", date_cell(rows, row, 2));
        (void)json_object_set_new(json, "last_success_at", date_cell(rows, row, 3));
        (void)json_object_set_new(json, "last_line_at", date_cell(rows, row, 4));
        (void)json_object_set_new(json, "last_error", cell(rows, row, 5));
        (void)json_object_set_new(json, "lines", number_cell(rows, row, 6));
        (void)json_object_set_new(json, "unread", number_cell(rows, row, 7));
        (void)json_object_set_new(json, "behind", number_cell(rows, row, 8));
        (void)json_object_set_new(json, "delivered", number_cell(rows, row, 9));
        (void)json_object_set_new(json, "deferred", number_cell(rows, row, 10));
        (void)json_object_set_new(json, "failed", number_cell(rows, row, 11));
        (void)json_array_append_new(list, json);
    }
    return list;
}

static void
print_json(const Overview *overview)
{
    g_autoptr(json_t) json = json_object();
    json_t *kinds = json_array();
    json_t *suppressions = json_array();
    json_t *database = json_object();
    g_autofree char *text = NULL;

    for (size_t row = 0; row < heed_rows_count(overview->kinds); row++) {
        json_t *kind = json_object();

        (void)json_object_set_new(kind, "kind", cell(overview->kinds, row, 0));
        (void)json_object_set_new(kind, "seen", number_cell(overview->kinds, row, 1));
        (void)json_object_set_new(kind, "distinct", number_cell(overview->kinds, row, 2));
        (void)json_array_append_new(kinds, kind);
    }
    for (size_t row = 0; row < heed_rows_count(overview->suppressions); row++) {
        json_t *group = json_object();

        (void)json_object_set_new(group, "scope", cell(overview->suppressions, row, 0));
        (void)json_object_set_new(group, "verdict", cell(overview->suppressions, row, 1));
        (void)json_object_set_new(group, "reason", cell(overview->suppressions, row, 2));
        (void)json_object_set_new(group, "addresses", number_cell(overview->suppressions, row, 3));
        (void)json_array_append_new(suppressions, group);
    }
    (void)json_object_set_new(database, "name", cell(overview->database, 0, 3));
    (void)json_object_set_new(database, "private",
                              json_boolean(overview->config->database == NULL));
    (void)json_object_set_new(database, "bytes", number_cell(overview->database, 0, 1));
    (void)json_object_set_new(database, "server_version", cell(overview->database, 0, 2));
    (void)json_object_set_new(json, "mailboxes", mailboxes_to_json(overview->mailboxes));
    (void)json_object_set_new(json, "logs", logs_to_json(overview->logs));
    (void)json_object_set_new(json, "reports", kinds);
    (void)json_object_set_new(json, "suppressions", suppressions);
    (void)json_object_set_new(json, "quarantined", number_cell(overview->database, 0, 0));
    (void)json_object_set_new(json, "unmatched_complaints", number_cell(overview->database, 0, 4));
    (void)json_object_set_new(json, "holds",
                              json_integer((json_int_t)heed_rows_count(overview->holds)));
    (void)json_object_set_new(json, "policy_stale", json_boolean(overview->stale));
    (void)json_object_set_new(json, "database", database);
    text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    (void)puts(text);
}

int
heed_cmd_status(HeedInvocation *invocation, GError **error)
{
    static const char *const formats[] = {"text", "json", NULL};
    g_autofree char *format = NULL;
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &format, "text or json", "FORMAT"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    g_auto(Overview) overview = {0};
    int chosen;

    if (!heed_invocation_parse(invocation, entries, error) ||
        (chosen = heed_cli_choice("format", format, formats, error)) < 0)
        return EX_USAGE;
    config = heed_config_load(invocation->config, error);
    if (config == NULL)
        return EX_CONFIG;
    database = heed_cli_database(invocation, config, HEED_ACCESS_INGEST, error);
    overview.config = config;
    if (database == NULL || !load(database, &overview, error))
        return EX_OK;
    if (chosen == 1)
        print_json(&overview);
    else
        print_text(&overview);
    return EX_OK;
}
