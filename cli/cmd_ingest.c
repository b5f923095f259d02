/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/dry_run.h"
#include "cli/replay_source.h"
#include "cli/run.h"

#include <sysexits.h>

static int
reparse(HeedInvocation *invocation, const HeedConfig *config, GError **error)
{
    g_autoptr(HeedDatabase) database =
        heed_cli_database(invocation, config, HEED_ACCESS_STORE, error);
    HeedPipelineOptions pipeline = heed_cli_pipeline(config);
    g_autoptr(HeedTokenKeys) keys = NULL;
    g_autoptr(HeedSource) source = NULL;

    if (database == NULL || !heed_cli_token_keys(config, &keys, error))
        return EX_OK;
    source = heed_replay_source_new(database, HEED_REPLAY_STORED, NULL);
    pipeline.token_keys = keys;
    pipeline.local = source;
    pipeline.keep_raw = false; /* it is kept already */
    return heed_cli_store(database, config, &pipeline, NULL, error);
}

static int
ingest(HeedInvocation *invocation,
       const HeedConfig *config,
       char **paths,
       bool dry_run,
       GError **error)
{
    g_autoptr(HeedMailbox) mailbox = heed_cli_paths_mailbox(paths);
    const HeedMailbox *const mailboxes[] = {mailbox};
    HeedPipelineOptions pipeline = heed_cli_pipeline(config);
    g_autoptr(HeedTokenKeys) keys = NULL;
    g_autoptr(HeedDatabase) database = NULL;

    if (!heed_cli_token_keys(config, &keys, error))
        return EX_OK;
    pipeline.token_keys = keys;
    pipeline.mailboxes = mailboxes;
    pipeline.mailbox_count = 1;
    if (dry_run)
        return heed_cli_dry_run(NULL, config, &pipeline, error);
    database = heed_cli_database(invocation, config, HEED_ACCESS_STORE, error);
    if (database == NULL)
        return EX_OK;
    return heed_cli_store(database, config, &pipeline, NULL, error);
}

int
heed_cmd_ingest(HeedInvocation *invocation, GError **error)
{
    static const char *const kinds[] = {"mail", NULL};
    g_autofree char *kind = NULL;
    g_auto(GStrv) paths = NULL;
    gboolean dry_run = FALSE;
    gboolean again = FALSE;
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_STRING, &kind, "What the files are: mail", "KIND"},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
         "Show what would be stored; change nothing", NULL},
        {"reparse", 0, 0, G_OPTION_ARG_NONE, &again,
         "Instead of files, read all mail that is still kept again, with this program's rules",
         NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;

    if (!heed_invocation_parse(invocation, entries, error) ||
        heed_cli_choice("as", kind, kinds, error) < 0)
        return EX_USAGE;
    if (again ? paths != NULL || dry_run : paths == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE,
                    again ? "--reparse takes no paths and no --dry-run"
                          : "which files? heed ingest PATH…; - is standard input");
        return EX_USAGE;
    }
    config = heed_config_load(invocation->config, error);
    if (config == NULL || !heed_config_require_domains(config, error))
        return EX_CONFIG;
    return again ? reparse(invocation, config, error)
                 : ingest(invocation, config, paths, dry_run, error);
}
