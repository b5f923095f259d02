/* SPDX-License-Identifier: Apache-2.0 */
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/report_page.h"
#include "cli/run.h"
#include "suppress/policy.h"

#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#define DEFAULT_DAYS 30

typedef struct Reporting {
    char *output; /* NULL: standard output */
    char *scope;
    int days;
} Reporting;

static void
reporting_clear(Reporting *reporting)
{
    g_free(reporting->output);
    g_free(reporting->scope);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reporting, reporting_clear)

static bool
check(Reporting *reporting, GError **error)
{
    if (reporting->days < 1 || reporting->days > (int)HEED_SUMMARY_DAYS_MAX) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--days is 1 to %u",
                    HEED_SUMMARY_DAYS_MAX);
        return false;
    }
    if (g_strcmp0(reporting->output, "-") == 0)
        g_clear_pointer(&reporting->output, g_free);
    return heed_cli_is_text("scope", reporting->scope, error);
}

static GString *
make_page(HeedInvocation *invocation, const Reporting *reporting, GError **error)
{
    const HeedSummaryQuery query = {.days = (unsigned)reporting->days, .scope = reporting->scope};
    g_autoptr(HeedConfig) config = heed_config_load(invocation->config, error);
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(HeedRules) rules = config == NULL ? NULL : heed_cli_rules(config, error);
    g_autoptr(HeedSummary) summary = NULL;
    HeedReportPage report = {.query = &query, .config = config, .rules = rules, .now = time(NULL)};

    if (rules == NULL)
        return NULL;
    database = heed_cli_database(invocation, config, HEED_ACCESS_INGEST, error);
    if (database == NULL || !heed_policy_is_stale(database, &report.policy_stale, error))
        return NULL;
    if (!report.policy_stale &&
        !heed_policy_differs(database, config->policy, &report.policy_stale, error))
        return NULL;
    summary = heed_summary_read(database, &query, error);
    report.summary = summary;
    return summary == NULL ? NULL : heed_report_page(&report);
}

static bool
write_page(const Reporting *reporting, const GString *page, GError **error)
{
    g_autoptr(HeedAtomicFile) file = NULL;

    if (reporting->output == NULL) {
        (void)fwrite(page->str, 1, page->len,
                     stdout); /* the flush at the end says whether it could */
        return true;
    }
    file = heed_atomic_file_open_output(reporting->output, 0644, error);
    if (file == NULL)
        return false;
    (void)fwrite(page->str, 1, page->len, file->stream); /* as the commit does here */
    if (!heed_atomic_file_commit(file, error))
        return false;
    heed_log(HEED_LOG_NOTICE, "'%s': %d day%s, %zu KB", reporting->output, reporting->days,
             reporting->days == 1 ? "" : "s", (page->len + 999) / 1000);
    return true;
}

int
heed_cmd_report(HeedInvocation *invocation, GError **error)
{
    g_auto(Reporting) reporting = {.days = DEFAULT_DAYS};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &reporting.output,
         "Write FILE, whole or not at all, instead of standard output", "FILE"},
        {"days", 'n', 0, G_OPTION_ARG_INT, &reporting.days,
         "So many days, today being the last; 30", "N"},
        {"scope", 's', 0, G_OPTION_ARG_FILENAME, &reporting.scope, "Mail of this stream alone",
         "SCOPE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GString) page = NULL;

    if (!heed_invocation_parse(invocation, entries, error) || !check(&reporting, error))
        return EX_USAGE;
    page = make_page(invocation, &reporting, error);
    if (page != NULL)
        (void)write_page(&reporting, page, error);
    return EX_OK;
}
