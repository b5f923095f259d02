/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/json_line.h"
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
#include <time.h>
#include <unistd.h>

#define MINUTE ((int64_t)60)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* What one screen has room for. */
#define MAILBOXES     6U
#define SCOPES        4U
#define REASONS       4U
#define ERROR_LETTERS 28

/* Why addresses are suppressed, and how many. */
typedef struct Reason {
    const char *name; /* borrowed */
    int64_t count;
} Reason;

typedef struct Overview {
    const HeedConfig *config;
    int64_t now;
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

/* --- text, for a terminal of 80 columns and 24 rows --- */

/* "3 min ago", "5 days ago"; "-" for never. */
static char *
age_text(int64_t then, int64_t now)
{
    int64_t age = then == HEED_DATE_UNKNOWN ? 0 : MAX(now - then, 0);

    if (then == HEED_DATE_UNKNOWN)
        return g_strdup("-");
    if (age < MINUTE)
        return g_strdup("just now");
    if (age < HOUR)
        return g_strdup_printf("%" PRId64 " min ago", age / MINUTE);
    if (age < 2 * DAY)
        return g_strdup_printf("%" PRId64 " h ago", age / HOUR);
    return g_strdup_printf("%" PRId64 " days ago", age / DAY);
}

static bool
is_polled(const Overview *overview, size_t row)
{
    return heed_config_reads_mailbox(overview->config,
                                     heed_rows_text(overview->mailboxes, row, HEED_MAILBOX_NAME));
}

/* Whether a poll went wrong, or none went well for a day. */
static bool
needs_a_look(const Overview *overview, size_t row)
{
    const HeedRows *rows = overview->mailboxes;
    int64_t now = overview->now;
    int64_t success = heed_rows_time(rows, row, HEED_MAILBOX_LAST_SUCCESS);

    if (!is_polled(overview, row))
        return false;
    return !heed_rows_is_null(rows, row, HEED_MAILBOX_LAST_ERROR) || success == HEED_DATE_UNKNOWN ||
           now - success >= DAY;
}

/* On a terminal an error ends where the line does: heed poll says all of it. */
static void
add_error(HeedTable *table, const char *error)
{
    g_autofree char *clean = heed_terminal_clean(error);

    if (isatty(STDOUT_FILENO) == 1 && g_utf8_strlen(clean, -1) > ERROR_LETTERS) {
        g_autofree char *start = g_utf8_substring(clean, 0, ERROR_LETTERS - 1);

        g_free(clean);
        clean = g_strconcat(start, "…", NULL);
    }
    heed_table_text(table, clean);
}

static void
add_mailbox(HeedTable *table, const Overview *overview, size_t row)
{
    const HeedRows *rows = overview->mailboxes;
    g_autofree char *success =
        age_text(heed_rows_time(rows, row, HEED_MAILBOX_LAST_SUCCESS), overview->now);

    heed_table_text(table, heed_rows_text(rows, row, HEED_MAILBOX_NAME));
    heed_table_text(table, success);
    heed_table_int(table, heed_rows_int(rows, row, HEED_MAILBOX_MESSAGES));
    heed_table_int(table, heed_rows_int(rows, row, HEED_MAILBOX_OPEN));
    add_error(table, is_polled(overview, row) ? heed_rows_text(rows, row, HEED_MAILBOX_LAST_ERROR)
                                              : "no longer in the configuration");
}

/* Those that need a look first; of many, that are well, only how many there are. */
static void
print_mailboxes(const Overview *overview)
{
    static const char *const titles[] = {"MAILBOX", "LAST SUCCESS", ">MESSAGES",
                                         ">OPEN",   "LAST ERROR",   NULL};
    size_t count = heed_rows_count(overview->mailboxes);
    size_t hidden = 0;
    g_autoptr(HeedTable) table = heed_table_new(titles);

    if (count == 0) {
        (void)puts("No mailbox has been polled yet: heed poll");
        return;
    }
    for (size_t row = 0; row < count; row++)
        if (needs_a_look(overview, row))
            add_mailbox(table, overview, row);
    for (size_t row = 0; row < count; row++) {
        if (needs_a_look(overview, row))
            continue;
        if (heed_table_rows(table) < MAILBOXES)
            add_mailbox(table, overview, row);
        else
            hidden++;
    }
    heed_table_print(table, stdout);
    if (hidden > 0)
        (void)printf("and %zu more that need no look\n", hidden);
}

static void
print_kinds(const Overview *overview)
{
    static const char *const titles[] = {"REPORTS", ">TODAY", ">7 DAYS", ">ALL", NULL};
    const HeedRows *rows = overview->kinds;
    g_autoptr(HeedTable) table = heed_table_new(titles);

    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        heed_table_text(table, heed_rows_text(rows, row, 0));
        heed_table_int(table, heed_rows_int(rows, row, 3));
        heed_table_int(table, heed_rows_int(rows, row, 4));
        heed_table_int(table, heed_rows_int(rows, row, 1));
    }
    if (heed_table_rows(table) == 0)
        return;
    (void)putchar('\n');
    heed_table_print(table, stdout);
}

static void
print_logs(const Overview *overview)
{
    static const char *const titles[] = {"LOG",       "LAST LINE", ">NOT READ", ">DELIVERED",
                                         ">DEFERRED", ">FAILED",   ">BEHIND",   NULL};
    static const HeedLogColumn numbers[] = {HEED_LOG_COLUMN_UNREAD, HEED_LOG_COLUMN_DELIVERED,
                                            HEED_LOG_COLUMN_DEFERRED, HEED_LOG_COLUMN_FAILED,
                                            HEED_LOG_COLUMN_BEHIND};
    const HeedRows *rows = overview->logs;
    g_autoptr(HeedTable) table = heed_table_new(titles);

    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        g_autofree char *line =
            age_text(heed_rows_time(rows, row, HEED_LOG_COLUMN_LAST_LINE), overview->now);

        heed_table_text(table, heed_rows_text(rows, row, HEED_LOG_COLUMN_NAME));
        heed_table_text(table, line);
        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
            heed_table_int(table, heed_rows_int(rows, row, numbers[i]));
    }
    if (heed_table_rows(table) == 0)
        return;
    (void)putchar('\n');
    heed_table_print(table, stdout);
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        g_autofree char *name =
            heed_terminal_clean(heed_rows_text(rows, row, HEED_LOG_COLUMN_NAME));
        g_autofree char *error =
            heed_terminal_clean(heed_rows_text(rows, row, HEED_LOG_COLUMN_LAST_ERROR));

        if (!heed_config_reads_log(overview->config,
                                   heed_rows_text(rows, row, HEED_LOG_COLUMN_NAME)))
            (void)printf("%s: no longer in the configuration\n", name);
        else if (!heed_rows_is_null(rows, row, HEED_LOG_COLUMN_LAST_ERROR))
            (void)printf("%s: %s\n", name, error);
    }
}

static int
compare_counts(const void *one, const void *other)
{
    const Reason *first = *(const Reason *const *)one;
    const Reason *second = *(const Reason *const *)other;

    return (first->count < second->count) - (first->count > second->count);
}

/* A line a scope: how many, and its most frequent reasons. */
static void
print_scope(const char *scope, GPtrArray *reasons)
{
    g_autofree char *name = heed_terminal_clean(*scope == '\0' ? "everywhere" : scope);
    int64_t total = 0;
    int64_t others = 0;

    g_ptr_array_sort(reasons, compare_counts);
    for (unsigned i = 0; i < reasons->len; i++)
        total += ((const Reason *)reasons->pdata[i])->count;
    (void)printf("Suppressed %s: %" PRId64, name, total);
    for (unsigned i = 0; i < reasons->len; i++) {
        const Reason *reason = reasons->pdata[i];
        g_autofree char *clean = heed_terminal_clean(reason->name);

        if (i >= REASONS)
            others += reason->count;
        else
            (void)printf("%s%s %" PRId64, i == 0 ? " (" : ", ", clean, reason->count);
    }
    if (others > 0)
        (void)printf(", others %" PRId64, others);
    (void)puts(reasons->len > 0 ? ")" : "");
}

/* Rows come by scope. */
static void
print_suppressions(const Overview *overview)
{
    const HeedRows *rows = overview->suppressions;
    size_t scopes = 0;

    (void)putchar('\n');
    for (size_t row = 0; row < heed_rows_count(rows);) {
        const char *scope = heed_rows_text(rows, row, 0);
        g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);

        for (; row < heed_rows_count(rows) && g_strcmp0(heed_rows_text(rows, row, 0), scope) == 0;
             row++) {
            Reason *reason = g_new0(Reason, 1);

            reason->name = heed_rows_text(rows, row, 2);
            reason->count = heed_rows_int(rows, row, 3);
            g_ptr_array_add(reasons, reason);
        }
        if (scopes++ < SCOPES)
            print_scope(scope, reasons);
    }
    if (scopes == 0)
        (void)puts("Nothing is suppressed.");
    else if (scopes > SCOPES)
        (void)printf("and in %zu more streams\n", scopes - SCOPES);
}

static void
print_text(const Overview *overview)
{
    g_autofree char *size = g_format_size_full(
        (guint64)heed_rows_int(overview->database, 0, HEED_STORE_BYTES), G_FORMAT_SIZE_DEFAULT);
    g_autofree char *name =
        heed_terminal_clean(heed_rows_text(overview->database, 0, HEED_STORE_NAME));
    g_autofree char *version =
        heed_terminal_clean(heed_rows_text(overview->database, 0, HEED_STORE_SERVER_VERSION));
    int64_t quarantined = heed_rows_int(overview->database, 0, HEED_STORE_QUARANTINED);
    int64_t unmatched = heed_rows_int(overview->database, 0, HEED_STORE_UNMATCHED);

    print_mailboxes(overview);
    print_kinds(overview);
    print_logs(overview);
    print_suppressions(overview);
    if (quarantined > 0)
        (void)printf("Quarantine: %" PRId64 " (heed quarantine list)\n", quarantined);
    if (unmatched > 0)
        (void)printf("Complaints that name no recipient: %" PRId64
                     " (view heed.unmatched_complaint)\n",
                     unmatched);
    if (heed_rows_count(overview->holds) > 0)
        (void)printf("Surges of failures that are held: %zu (heed suppress review)\n",
                     heed_rows_count(overview->holds));
    if (overview->stale)
        (void)puts("The policy has changed since: heed suppress rebuild");
    (void)printf("Database: %s%s, %s, PostgreSQL %s\n", name,
                 overview->config->database == NULL ? " (private)" : "", size, version);
}

/* --- JSON --- */

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
mailboxes_to_json(const Overview *overview)
{
    const HeedRows *rows = overview->mailboxes;
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
        (void)json_object_set_new(json, "configured", json_boolean(is_polled(overview, row)));
        (void)json_array_append_new(list, json);
    }
    return list;
}

static json_t *
logs_to_json(const Overview *overview)
{
    const HeedRows *rows = overview->logs;
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
            json_boolean(heed_config_reads_log(overview->config,
                                               heed_rows_text(rows, row, HEED_LOG_COLUMN_NAME))));
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

    for (size_t row = 0; row < heed_rows_count(overview->kinds); row++) {
        json_t *kind = json_object();

        (void)json_object_set_new(kind, "kind", cell(overview->kinds, row, 0));
        (void)json_object_set_new(kind, "seen", number_cell(overview->kinds, row, 1));
        (void)json_object_set_new(kind, "distinct", number_cell(overview->kinds, row, 2));
        (void)json_object_set_new(kind, "today", number_cell(overview->kinds, row, 3));
        (void)json_object_set_new(kind, "last_7_days", number_cell(overview->kinds, row, 4));
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
    (void)json_object_set_new(database, "name", cell(overview->database, 0, HEED_STORE_NAME));
    (void)json_object_set_new(database, "private",
                              json_boolean(overview->config->database == NULL));
    (void)json_object_set_new(database, "bytes",
                              number_cell(overview->database, 0, HEED_STORE_BYTES));
    (void)json_object_set_new(database, "server_version",
                              cell(overview->database, 0, HEED_STORE_SERVER_VERSION));
    (void)json_object_set_new(json, "mailboxes", mailboxes_to_json(overview));
    (void)json_object_set_new(json, "logs", logs_to_json(overview));
    (void)json_object_set_new(json, "reports", kinds);
    (void)json_object_set_new(json, "suppressions", suppressions);
    (void)json_object_set_new(json, "quarantined",
                              number_cell(overview->database, 0, HEED_STORE_QUARANTINED));
    (void)json_object_set_new(json, "unmatched_complaints",
                              number_cell(overview->database, 0, HEED_STORE_UNMATCHED));
    (void)json_object_set_new(json, "holds",
                              json_integer((json_int_t)heed_rows_count(overview->holds)));
    (void)json_object_set_new(json, "policy_stale", json_boolean(overview->stale));
    (void)json_object_set_new(json, "database", database);
    heed_json_print(json, stdout);
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
    overview.now = time(NULL);
    if (database == NULL || !load(database, &overview, error))
        return EX_OK;
    if (chosen == 1)
        print_json(&overview);
    else
        print_text(&overview);
    return EX_OK;
}
