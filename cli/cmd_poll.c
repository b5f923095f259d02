/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/dry_run.h"
#include "cli/log_watch.h"
#include "cli/run.h"
#include "db/store.h"
#include "suppress/policy.h"

#include <string.h>
#include <sysexits.h>

/* Without IDLE, how often --watch looks again. */
#define POLL_WATCH_SECONDS 60U

/* The mailboxes of a run, with the checkpoints and leases of those that are ours to poll. */
typedef struct Polled {
    GPtrArray *mailboxes; /* of const HeedMailbox *, borrowed from the configuration */
    GArray *checkpoints;  /* of HeedCheckpoint, one for each */
    GArray *ids;          /* of int64_t, one for each */
    int status;
} Polled;

static void
polled_clear(Polled *polled)
{
    g_clear_pointer(&polled->mailboxes, g_ptr_array_unref);
    g_clear_pointer(&polled->checkpoints, g_array_unref);
    g_clear_pointer(&polled->ids, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Polled, polled_clear)

static HeedMailbox *
find_mailbox(const HeedConfig *config, const char *name)
{
    for (size_t i = 0; i < config->mailboxes->len; i++) {
        HeedMailbox *mailbox = config->mailboxes->pdata[i];

        if (strcmp(mailbox->name, name) == 0)
            return mailbox;
    }
    return NULL;
}

static HeedLogSection *
find_log(const HeedConfig *config, const char *name)
{
    for (size_t i = 0; i < config->logs->len; i++) {
        HeedLogSection *log = config->logs->pdata[i];

        if (strcmp(log->name, name) == 0)
            return log;
    }
    return NULL;
}

/* Finds a section by its name. */
typedef void *(*Find)(const HeedConfig *config, const char *name);

static void *
find_any_mailbox(const HeedConfig *config, const char *name)
{
    return find_mailbox(config, name);
}

static void *
find_any_log(const HeedConfig *config, const char *name)
{
    return find_log(config, name);
}

/* Those named, each once; or all, where nothing is named at all. */
static GPtrArray *
choose(const HeedConfig *config, char **names, const GPtrArray *all, Find find, GError **error)
{
    g_autoptr(GPtrArray) chosen = g_ptr_array_new();

    for (size_t i = 0; all != NULL && i < all->len; i++)
        g_ptr_array_add(chosen, all->pdata[i]);
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        void *section = find(config, names[i]);

        if (section == NULL) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "%s has no %s '%s'", config->path,
                        find == find_any_log ? "log" : "mailbox", names[i]);
            return NULL;
        }
        if (!g_ptr_array_find(chosen, section, NULL))
            g_ptr_array_add(chosen, section);
    }
    return g_steal_pointer(&chosen);
}

/* What the command line says. */
typedef struct Asked {
    char **mailboxes;
    char **logs;
    gboolean dry_run;
    gboolean watch;
} Asked;

/* What a run is about. */
typedef struct Chosen {
    GPtrArray *mailboxes; /* of HeedMailbox *, borrowed from the configuration */
    GPtrArray *logs;      /* of HeedLogSection *, so too */
} Chosen;

static void
asked_clear(Asked *asked)
{
    g_strfreev(asked->mailboxes);
    g_strfreev(asked->logs);
}

static void
chosen_clear(Chosen *chosen)
{
    g_clear_pointer(&chosen->mailboxes, g_ptr_array_unref);
    g_clear_pointer(&chosen->logs, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Chosen, chosen_clear)

static bool
choose_all(const HeedConfig *config, const Asked *asked, Chosen *out, GError **error)
{
    bool all = asked->mailboxes == NULL && asked->logs == NULL;

    out->mailboxes =
        choose(config, asked->mailboxes, all ? config->mailboxes : NULL, find_any_mailbox, error);
    if (out->mailboxes == NULL)
        return false;
    out->logs = choose(config, asked->logs, all ? config->logs : NULL, find_any_log, error);
    if (out->logs == NULL)
        return false;
    if (out->mailboxes->len > 0 || out->logs->len > 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                "%s has no mailbox: mailbox \"NAME\" { url = \"imaps://USER@HOST/FOLDER\" … }",
                config->path);
    return false;
}

/* Takes the lease before it reads the checkpoint, so that it is the one the last poller left. */
static bool
take(HeedDatabase *database, HeedMailbox *mailbox, Polled *polled, GError **error)
{
    g_autofree char *url = heed_mailbox_url(mailbox);
    HeedCheckpoint checkpoint = {0};
    bool mine = false;

    if (!heed_checkpoint_load(database, mailbox->name, url, &checkpoint, error) ||
        !heed_checkpoint_lease(database, checkpoint.mailbox_id, &mine, error))
        return false;
    if (!mine) {
        heed_log(HEED_LOG_WARNING, "mailbox '%s' is being polled by another process",
                 mailbox->name);
        polled->status = heed_exit_status_worse(polled->status, EX_TEMPFAIL);
        return true;
    }
    if (!heed_checkpoint_load(database, mailbox->name, url, &checkpoint, error))
        return false;
    g_ptr_array_add(polled->mailboxes, mailbox);
    g_array_append_val(polled->checkpoints, checkpoint);
    g_array_append_val(polled->ids, checkpoint.mailbox_id);
    return true;
}

static bool
take_all(HeedDatabase *database, const GPtrArray *chosen, Polled *polled, GError **error)
{
    polled->mailboxes = g_ptr_array_new();
    polled->checkpoints = g_array_new(FALSE, TRUE, sizeof(HeedCheckpoint));
    polled->ids = g_array_new(FALSE, TRUE, sizeof(int64_t));
    for (size_t i = 0; i < chosen->len; i++)
        if (!take(database, chosen->pdata[i], polled, error))
            return false;
    return true;
}

/* What the functions below share. */
typedef struct Run {
    const HeedConfig *config;
    const Chosen *chosen;
    HeedPipelineOptions *pipeline;
    HeedLogPoll logs;
} Run;

static int
poll_dry(HeedInvocation *invocation, Run *run, GError **error)
{
    g_autoptr(HeedDatabase) database = NULL;
    g_autofree char *why = NULL;
    int status = EX_OK;

    heed_cli_database_if_there(invocation, run->config, &database, &why);
    if (database == NULL)
        heed_log(HEED_LOG_NOTICE, "%s: everything is shown as new", why);
    run->logs.database = database;
    if (run->chosen->mailboxes->len > 0)
        status = heed_cli_dry_run(database, run->config, run->pipeline, error);
    if (run->chosen->logs->len > 0 && *error == NULL)
        status = heed_exit_status_worse(status, heed_cli_poll_logs(&run->logs, error));
    return status;
}

static int
poll_mailboxes(HeedDatabase *database, Run *run, GError **error)
{
    g_auto(Polled) polled = {0};
    HeedPipelineOptions *pipeline = run->pipeline;
    int status;

    if (!take_all(database, run->chosen->mailboxes, &polled, error) || polled.mailboxes->len == 0)
        return polled.status;
    pipeline->mailboxes = (const HeedMailbox *const *)polled.mailboxes->pdata;
    pipeline->mailbox_ids = (const int64_t *)(void *)polled.ids->data;
    pipeline->mailbox_count = polled.mailboxes->len;
    status = heed_cli_store(database, run->config, pipeline,
                            (const HeedCheckpoint *)(void *)polled.checkpoints->data, error);
    return heed_exit_status_worse(status, polled.status);
}

/* Mailboxes and then logs; or, where both are watched, side by side. */
static int
poll_store(HeedInvocation *invocation, Run *run, GError **error)
{
    const HeedConfig *config = run->config;
    g_autoptr(HeedDatabase) database =
        heed_cli_database(invocation, config, HEED_ACCESS_STORE, error);
    bool beside = run->logs.watch && run->chosen->mailboxes->len > 0 && run->chosen->logs->len > 0;
    HeedLogBeside *logs = NULL;
    int status = EX_OK;

    if (database == NULL)
        return EX_OK;
    run->logs.database = database;
    if (run->chosen->logs->len > 0 &&
        (!heed_store_maintain(database, &config->retention, error) ||
         !heed_policy_establish(database, config->policy, error) ||
         (beside && (logs = heed_cli_begin_logs(&run->logs, error)) == NULL)))
        return EX_OK;
    if (run->chosen->mailboxes->len > 0)
        status = poll_mailboxes(database, run, error);
    if (beside)
        return heed_exit_status_worse(status, heed_cli_end_logs(logs, error));
    if (run->chosen->logs->len > 0 && *error == NULL)
        status = heed_exit_status_worse(status, heed_cli_poll_logs(&run->logs, error));
    return status;
}

int
heed_cmd_poll(HeedInvocation *invocation, GError **error)
{
    g_auto(Asked) asked = {0};
    const GOptionEntry entries[] = {
        {"mailbox", 'm', 0, G_OPTION_ARG_STRING_ARRAY, &asked.mailboxes,
         "Only this mailbox; may be given several times", "NAME"},
        {"log", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &asked.logs,
         "Only this log; may be given several times, and beside --mailbox", "NAME"},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &asked.dry_run,
         "Show what would be stored; change nothing anywhere", NULL},
        {"watch", 'w', 0, G_OPTION_ARG_NONE, &asked.watch, "Stay and wait for new mail", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedTokenKeys) keys = NULL;
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(GError) reason = NULL;
    g_auto(Chosen) chosen = {0};
    HeedPipelineOptions pipeline;
    Run run = {.chosen = &chosen, .pipeline = &pipeline};
    int status;

    if (!heed_invocation_parse(invocation, entries, error))
        return EX_USAGE;
    if (asked.dry_run && asked.watch) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE,
                    "--dry-run and --watch exclude each other");
        return EX_USAGE;
    }
    config = heed_config_load(invocation->config, error);
    if (config == NULL || !heed_config_require_domains(config, error))
        return EX_CONFIG;
    if (!choose_all(config, &asked, &chosen, error) || !heed_cli_token_keys(config, &keys, error))
        return EX_OK;
    pipeline = heed_cli_pipeline(config);
    pipeline.token_keys = keys;
    pipeline.mailboxes = (const HeedMailbox *const *)chosen.mailboxes->pdata;
    pipeline.mailbox_count = chosen.mailboxes->len;
    pipeline.watch = asked.watch;
    pipeline.watch_seconds = POLL_WATCH_SECONDS;
    run.config = config;
    run.logs = (HeedLogPoll){.config = config,
                             .logs = chosen.logs,
                             .dry_run = asked.dry_run,
                             .watch = asked.watch,
                             .stop = pipeline.stop};
    status =
        asked.dry_run ? poll_dry(invocation, &run, &reason) : poll_store(invocation, &run, &reason);
    if (reason != NULL)
        g_propagate_error(error, g_steal_pointer(&reason));
    return status;
}
