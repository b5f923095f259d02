/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status.h"
#include "cli/terminal.h"
#include "db/overview.h"
#include "parsers/report.h"

#include <inttypes.h>
#include <stdio.h>
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
is_polled(const HeedStatus *status, size_t row)
{
    return heed_config_reads_mailbox(status->config,
                                     heed_rows_text(status->mailboxes, row, HEED_MAILBOX_NAME));
}

/* Whether a poll went wrong, or none went well for a day. */
static bool
needs_a_look(const HeedStatus *status, size_t row)
{
    const HeedRows *rows = status->mailboxes;
    int64_t now = status->now;
    int64_t success = heed_rows_time(rows, row, HEED_MAILBOX_LAST_SUCCESS);

    if (!is_polled(status, row))
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
add_mailbox(HeedTable *table, const HeedStatus *status, size_t row)
{
    const HeedRows *rows = status->mailboxes;
    g_autofree char *success =
        age_text(heed_rows_time(rows, row, HEED_MAILBOX_LAST_SUCCESS), status->now);

    heed_table_text(table, heed_rows_text(rows, row, HEED_MAILBOX_NAME));
    heed_table_text(table, success);
    heed_table_int(table, heed_rows_int(rows, row, HEED_MAILBOX_MESSAGES));
    heed_table_int(table, heed_rows_int(rows, row, HEED_MAILBOX_OPEN));
    add_error(table, is_polled(status, row) ? heed_rows_text(rows, row, HEED_MAILBOX_LAST_ERROR)
                                            : "no longer in the configuration");
}

/* Those that need a look first; of many, that are well, only how many there are. */
static void
print_mailboxes(const HeedStatus *status)
{
    static const char *const titles[] = {"MAILBOX", "LAST SUCCESS", ">MESSAGES",
                                         ">OPEN",   "LAST ERROR",   NULL};
    size_t count = heed_rows_count(status->mailboxes);
    size_t hidden = 0;
    g_autoptr(HeedTable) table = heed_table_new(titles);

    if (count == 0) {
        (void)puts("No mailbox has been polled yet: heed poll");
        return;
    }
    for (size_t row = 0; row < count; row++)
        if (needs_a_look(status, row))
            add_mailbox(table, status, row);
    for (size_t row = 0; row < count; row++) {
        if (needs_a_look(status, row))
            continue;
        if (heed_table_rows(table) < MAILBOXES)
            add_mailbox(table, status, row);
        else
            hidden++;
    }
    heed_table_print(table, stdout);
    if (hidden > 0)
        (void)printf("and %zu more that need no look\n", hidden);
}

static void
print_kinds(const HeedStatus *status)
{
    static const char *const titles[] = {"REPORTS", ">TODAY", ">7 DAYS", ">ALL", NULL};
    const HeedRows *rows = status->kinds;
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
print_logs(const HeedStatus *status)
{
    static const char *const titles[] = {"LOG",       "LAST LINE", ">NOT READ", ">DELIVERED",
                                         ">DEFERRED", ">FAILED",   ">BEHIND",   NULL};
    static const HeedLogColumn numbers[] = {HEED_LOG_COLUMN_UNREAD, HEED_LOG_COLUMN_DELIVERED,
                                            HEED_LOG_COLUMN_DEFERRED, HEED_LOG_COLUMN_FAILED,
                                            HEED_LOG_COLUMN_BEHIND};
    const HeedRows *rows = status->logs;
    g_autoptr(HeedTable) table = heed_table_new(titles);

    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        g_autofree char *line =
            age_text(heed_rows_time(rows, row, HEED_LOG_COLUMN_LAST_LINE), status->now);

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

        if (!heed_config_reads_log(status->config, heed_rows_text(rows, row, HEED_LOG_COLUMN_NAME)))
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
print_suppressions(const HeedStatus *status)
{
    const HeedRows *rows = status->suppressions;
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

void
heed_status_print_text(const HeedStatus *status)
{
    g_autofree char *size = g_format_size_full(
        (guint64)heed_rows_int(status->database, 0, HEED_STORE_BYTES), G_FORMAT_SIZE_DEFAULT);
    g_autofree char *name =
        heed_terminal_clean(heed_rows_text(status->database, 0, HEED_STORE_NAME));
    g_autofree char *version =
        heed_terminal_clean(heed_rows_text(status->database, 0, HEED_STORE_SERVER_VERSION));
    int64_t quarantined = heed_rows_int(status->database, 0, HEED_STORE_QUARANTINED);
    int64_t unmatched = heed_rows_int(status->database, 0, HEED_STORE_UNMATCHED);

    print_mailboxes(status);
    print_kinds(status);
    print_logs(status);
    print_suppressions(status);
    if (quarantined > 0)
        (void)printf("Quarantine: %" PRId64 " (heed quarantine list)\n", quarantined);
    if (unmatched > 0)
        (void)printf("Complaints that name no recipient: %" PRId64
                     " (view heed.unmatched_complaint)\n",
                     unmatched);
    if (heed_rows_count(status->holds) > 0)
        (void)printf("Surges of failures that are held: %zu (heed suppress review)\n",
                     heed_rows_count(status->holds));
    if (status->stale)
        (void)puts("The policy has changed since: heed suppress rebuild");
    (void)printf("Database: %s%s, %s, PostgreSQL %s\n", name,
                 status->config->database == NULL ? " (private)" : "", size, version);
}
