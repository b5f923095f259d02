/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "suppress/decide.h"
#include "suppress/ledger.h"
#include "suppress/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* A decision is kept whether or not anything follows from it. */
static void
report(unsigned decisions, size_t changes)
{
    g_autofree char *effect = changes == 0
                                  ? g_strdup("nobody's suppression changed")
                                  : g_strdup_printf("the suppression of %zu %s changed", changes,
                                                    changes == 1 ? "address" : "addresses");

    heed_log(HEED_LOG_NOTICE, "%u %s recorded; %s", decisions,
             decisions == 1 ? "decision" : "decisions", effect);
}

static int
decide(HeedInvocation *invocation, HeedDecisionAction action, GError **error)
{
    g_autofree char *scope = NULL;
    g_autofree char *why = NULL;
    g_autofree char *who = heed_cli_account();
    g_auto(GStrv) words = NULL;
    const GOptionEntry entries[] = {
        {"scope", 's', 0, G_OPTION_ARG_FILENAME, &scope, "For this stream only", "SCOPE"},
        {"why", 0, 0, G_OPTION_ARG_FILENAME, &why, "The reason, kept with the decision", "TEXT"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GPtrArray) addresses = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    size_t changes = 0;

    if (!heed_invocation_parse(invocation, entries, error) ||
        !heed_cli_is_text("scope", scope, error) || !heed_cli_is_text("why", why, error))
        return EX_USAGE;
    addresses = heed_cli_addresses(words, error);
    if (addresses == NULL)
        return EX_OK;
    database = heed_cli_database_decide(invocation, error);
    if (database == NULL)
        return EX_OK;
    for (size_t i = 0; i < addresses->len; i++) {
        bool changed = false;

        if (!heed_decide(database, action, scope != NULL ? scope : "", addresses->pdata[i], who,
                         why, &changed, error))
            return EX_OK;
        changes += changed;
    }
    report(addresses->len, changes);
    return EX_OK;
}

int
heed_cmd_suppress_add(HeedInvocation *invocation, GError **error)
{
    return decide(invocation, HEED_DECISION_ADD, error);
}

int
heed_cmd_suppress_remove(HeedInvocation *invocation, GError **error)
{
    return decide(invocation, HEED_DECISION_REMOVE, error);
}

int
heed_cmd_suppress_allow(HeedInvocation *invocation, GError **error)
{
    return decide(invocation, HEED_DECISION_ALLOW, error);
}

int
heed_cmd_suppress_disallow(HeedInvocation *invocation, GError **error)
{
    return decide(invocation, HEED_DECISION_DISALLOW, error);
}

static void
print_decision(const HeedDecision *decision)
{
    g_autofree char *date = heed_terminal_date(decision->at);
    g_autofree char *scope =
        heed_terminal_clean(*decision->scope == '\0' ? "everywhere" : decision->scope);
    g_autofree char *address = heed_terminal_clean(decision->address);
    g_autofree char *who = heed_terminal_clean(decision->who);
    g_autofree char *why = heed_terminal_clean(decision->why != NULL ? decision->why : "");

    (void)printf("%s  %-8s  %-12s  %-32s  %s%s%s\n", date, decision->action, scope, address, who,
                 *why != '\0' ? ": " : "", why);
}

int
heed_cmd_suppress_list(HeedInvocation *invocation, GError **error)
{
    g_autoptr(HeedDatabase) database = NULL;
    int64_t after = 0;
    bool first = true;

    if (!heed_invocation_parse(invocation, NULL, error))
        return EX_USAGE;
    database = heed_cli_database_decide(invocation, error);
    if (database == NULL)
        return EX_OK;
    for (;;) {
        g_autoptr(GPtrArray) page = heed_ledger_page(database, &after, error);

        if (page != NULL && page->len == 0 && first)
            heed_log(HEED_LOG_NOTICE, "nothing was decided by hand");
        if (page == NULL || page->len == 0)
            return EX_OK;
        if (first)
            (void)printf("%-20s  %-8s  %-12s  %-32s  %s\n", "WHEN", "ACTION", "SCOPE", "ADDRESS",
                         "WHO: WHY");
        first = false;
        for (size_t i = 0; i < page->len; i++)
            print_decision(page->pdata[i]);
        if (!heed_output_flush(error))
            return EX_OK;
    }
}

int
heed_cmd_suppress_rebuild(HeedInvocation *invocation, GError **error)
{
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    HeedRebuilt rebuilt = {0};

    if (!heed_invocation_parse(invocation, NULL, error))
        return EX_USAGE;
    database = heed_cli_database_configured(invocation, HEED_ACCESS_INGEST, &config, error);
    if (database == NULL || !heed_policy_establish(database, config->policy, error) ||
        !heed_policy_rebuild(database, config->policy, &rebuilt, error))
        return EX_OK;
    heed_log(HEED_LOG_NOTICE, "%" PRIu64 " addresses folded again, %" PRIu64 " changed",
             rebuilt.addresses, rebuilt.changed);
    return EX_OK;
}
