/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/run.h"
#include "parsers/rules_check.h"

#include <stdio.h>
#include <sysexits.h>

static int
check_config(const HeedConfig *config, GError **error)
{
    g_autoptr(HeedRules) rules = NULL;
    g_autoptr(HeedTokenKeys) keys = NULL;

    if (!heed_config_require_domains(config, error) || !heed_config_check_files(config, error) ||
        !heed_cli_token_keys(config, &keys, error))
        return EX_CONFIG;
    rules = heed_cli_rules(config, error);
    if (rules == NULL)
        return EX_CONFIG;
    (void)printf("%s: ok: %u %s, %u %s, %u of own.domains, %s\n", config->path,
                 config->mailboxes->len, config->mailboxes->len == 1 ? "mailbox" : "mailboxes",
                 config->logs->len, config->logs->len == 1 ? "log" : "logs",
                 config->domains->len - 1,
                 config->database == NULL ? "the private database" : "a database of your own");
    return EX_OK;
}

/* The rules: that each can win, and wins for its own examples. */
static int
check_rules(const HeedConfig *config, GError **error)
{
    g_autoptr(HeedRules) rules = heed_cli_rules(config, error);
    g_autoptr(GString) wrong = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;
    unsigned count = 0;

    if (rules == NULL)
        return EX_CONFIG;
    while (heed_rules_get(rules, count) != NULL)
        count++;
    if (heed_rules_check(rules, wrong) == 0) {
        (void)printf("%u rules: ok\n", count);
        return EX_OK;
    }
    lines = g_strsplit(wrong->str, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++)
        if (*lines[i] != '\0')
            heed_log(HEED_LOG_ERROR, "%s", lines[i]);
    return EX_CONFIG;
}

int
heed_cmd_config_check(HeedInvocation *invocation, GError **error)
{
    g_auto(GStrv) paths = NULL;
    gboolean of_rules = FALSE;
    const GOptionEntry entries[] = {
        {"rules", 0, 0, G_OPTION_ARG_NONE, &of_rules,
         "Check the rules instead: the built-in ones, the configured ones and FILE…", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    const char *file;

    if (!heed_invocation_parse(invocation, entries, error))
        return EX_USAGE;
    file = paths != NULL && !of_rules ? paths[0] : invocation->config;
    /* Files of rules that are named are checked wherever there is no configuration to go with. */
    config = of_rules && paths != NULL && file == NULL ? heed_config_new()
                                                       : heed_config_load(file, error);
    if (config == NULL)
        return EX_CONFIG;
    if (!of_rules)
        return check_config(config, error);
    heed_config_add_rules(config, paths);
    return check_rules(config, error);
}
