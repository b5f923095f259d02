/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/dry_run.h"
#include "cli/log_guess.h"
#include "cli/log_watch.h"
#include "cli/replay_source.h"
#include "cli/run.h"
#include "db/store.h"
#include "suppress/policy.h"

#include <string.h>
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

/* What the command line says. */
typedef struct Asked {
    char *kind;
    char *zone;
    char *stream;
    char **paths;
    gboolean dry_run;
    gboolean again;
} Asked;

static void
asked_clear(Asked *asked)
{
    g_free(asked->kind);
    g_free(asked->zone);
    g_free(asked->stream);
    g_strfreev(asked->paths);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

static int
ingest_logs(HeedInvocation *invocation,
            const HeedConfig *config,
            const Asked *asked,
            HeedLogFormat format,
            GError **error)
{
    g_autofree char *zone = asked->zone != NULL ? g_strdup(asked->zone) : heed_config_local_zone();
    HeedLogSection section = {.format = format, .zone = zone, .stream = asked->stream};
    g_autoptr(GPtrArray) logs = g_ptr_array_new();
    g_autoptr(HeedDatabase) database = NULL;
    g_autofree char *why = NULL;
    HeedLogPoll poll = {.config = config,
                        .logs = logs,
                        .paths = asked->paths,
                        .dry_run = asked->dry_run,
                        .stop = heed_cli_pipeline(config).stop};

    g_ptr_array_add(logs, &section);
    if (asked->dry_run)
        heed_cli_database_if_there(invocation, config, &database, &why);
    else
        database = heed_cli_database(invocation, config, HEED_ACCESS_STORE, error);
    if (!asked->dry_run &&
        (database == NULL || !heed_store_maintain(database, &config->retention, error) ||
         !heed_policy_establish(database, config->policy, error)))
        return EX_OK;
    poll.database = database;
    return heed_cli_poll_logs(&poll, error);
}

/* "mail", or a log's format. False with HEED_ERROR_USAGE. */
static bool
read_kind(const Asked *asked, bool *out_log, HeedLogFormat *out_format, GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    const char *name;
    int chosen;

    g_ptr_array_add(words, (char *)(uintptr_t) "mail");
    for (int i = 0; (name = heed_log_format_name((HeedLogFormat)i)) != NULL; i++)
        g_ptr_array_add(words, (char *)(uintptr_t)name);
    g_ptr_array_add(words, NULL);
    chosen = heed_cli_choice("as", asked->kind, (const char *const *)words->pdata, error);
    *out_log = chosen > 0;
    *out_format = (HeedLogFormat)MAX(chosen - 1, 0);
    return chosen >= 0;
}

/* A log would be stored as one senseless message. Who says --as mail is believed. */
static bool
check_no_logs(const Asked *asked, GError **error)
{
    for (char **path = asked->paths; asked->kind == NULL && path != NULL && *path != NULL; path++) {
        bool is_stdin = strcmp(*path, "-") == 0;
        const char *format = heed_log_guess(*path);

        if (format == NULL)
            continue;
        g_set_error(
            error, HEED_ERROR, HEED_ERROR_USAGE,
            "%s%s%s looks like the log of a mail server: say --as %s; or --as mail if it is "
            "mail",
            is_stdin ? "" : "'", is_stdin ? "standard input" : *path, is_stdin ? "" : "'", format);
        return false;
    }
    return true;
}

static bool
check(const Asked *asked, bool is_log, GError **error)
{
    const char *wrong = NULL;

    if (asked->again ? asked->paths != NULL || asked->dry_run || is_log : asked->paths == NULL)
        wrong = asked->again ? "--reparse takes no paths, no log and no --dry-run"
                             : "which files? heed ingest PATH…; - is standard input";
    else if (!is_log && (asked->zone != NULL || asked->stream != NULL))
        wrong = "--timezone and --stream are for logs";
    else if (asked->zone != NULL && !heed_config_is_zone(asked->zone))
        wrong = "--timezone: allowed are names such as Europe/Berlin, UTC, and offsets such as "
                "+02:00";
    if (wrong == NULL)
        return heed_cli_is_text("stream", asked->stream, error);
    g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE, wrong);
    return false;
}

int
heed_cmd_ingest(HeedInvocation *invocation, GError **error)
{
    g_auto(Asked) asked = {0};
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_STRING, &asked.kind,
         "What the files are: mail, or the log of a mail server: postfix, exim, kumomta, powermta, "
         "csv or jsonl",
         "KIND"},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &asked.dry_run,
         "Show what would be stored; change nothing", NULL},
        {"reparse", 0, 0, G_OPTION_ARG_NONE, &asked.again,
         "Instead of files, read all mail that is still kept again, with this program's rules",
         NULL},
        {"timezone", 0, 0, G_OPTION_ARG_STRING, &asked.zone,
         "The zone of a log's times that have none; else this machine's", "ZONE"},
        {"stream", 0, 0, G_OPTION_ARG_STRING, &asked.stream,
         "What the mail of a log belongs to, where nothing else says", "STREAM"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &asked.paths, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    HeedLogFormat format;
    bool is_log = false;

    if (!heed_invocation_parse(invocation, entries, error) ||
        !read_kind(&asked, &is_log, &format, error) || !check(&asked, is_log, error) ||
        !check_no_logs(&asked, error))
        return EX_USAGE;
    config = heed_config_load(invocation->config, error);
    if (config == NULL || !heed_config_require_domains(config, error))
        return EX_CONFIG;
    if (is_log)
        return ingest_logs(invocation, config, &asked, format, error);
    return asked.again ? reparse(invocation, config, error)
                       : ingest(invocation, config, asked.paths, asked.dry_run, error);
}
