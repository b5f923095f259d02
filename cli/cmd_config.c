/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/config.h"

#include <stdio.h>
#include <sysexits.h>

int
heed_cmd_config_check(HeedInvocation *invocation, GError **error)
{
    g_auto(GStrv) paths = NULL;
    const GOptionEntry entries[] = {
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;

    if (!heed_invocation_parse(invocation, entries, error))
        return EX_USAGE;
    config = heed_config_load(paths != NULL ? paths[0] : invocation->config, error);
    if (config == NULL || !heed_config_require_domains(config, error) ||
        !heed_config_check_files(config, error))
        return EX_CONFIG;
    (void)printf("%s: ok: %u %s, %u of own.domains, %s\n", config->path, config->mailboxes->len,
                 config->mailboxes->len == 1 ? "mailbox" : "mailboxes", config->domains->len - 1,
                 config->database == NULL ? "the private database" : "a database of your own");
    return EX_OK;
}
