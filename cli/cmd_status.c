/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "cli/status.h"
#include "db/overview.h"
#include "suppress/guard.h"
#include "suppress/policy.h"

#include <sysexits.h>
#include <time.h>

static void
status_clear(HeedStatus *status)
{
    g_clear_pointer(&status->mailboxes, heed_rows_free);
    g_clear_pointer(&status->logs, heed_rows_free);
    g_clear_pointer(&status->kinds, heed_rows_free);
    g_clear_pointer(&status->suppressions, heed_rows_free);
    g_clear_pointer(&status->database, heed_rows_free);
    g_clear_pointer(&status->holds, heed_rows_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedStatus, status_clear)

static bool
load(HeedDatabase *database, HeedStatus *out, GError **error)
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
    g_auto(HeedStatus) status = {0};
    int chosen;

    if (!heed_invocation_parse(invocation, entries, error) ||
        (chosen = heed_cli_choice("format", format, formats, error)) < 0)
        return EX_USAGE;
    database = heed_cli_database_configured(invocation, HEED_ACCESS_INGEST, &config, error);
    status.config = config;
    status.now = time(NULL);
    if (database == NULL || !load(database, &status, error))
        return EX_OK;
    if (chosen == 1)
        heed_status_print_json(&status);
    else
        heed_status_print_text(&status);
    return EX_OK;
}
