/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/dry_run.h"
#include "cli/run.h"

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

/* Those named, each once, or all. */
static GPtrArray *
choose(const HeedConfig *config, char **names, GError **error)
{
    g_autoptr(GPtrArray) chosen = g_ptr_array_new();

    for (size_t i = 0; names == NULL && i < config->mailboxes->len; i++)
        g_ptr_array_add(chosen, config->mailboxes->pdata[i]);
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        HeedMailbox *mailbox = find_mailbox(config, names[i]);

        if (mailbox == NULL) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "%s has no mailbox '%s'", config->path,
                        names[i]);
            return NULL;
        }
        if (!g_ptr_array_find(chosen, mailbox, NULL))
            g_ptr_array_add(chosen, mailbox);
    }
    if (chosen->len > 0)
        return g_steal_pointer(&chosen);
    g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                "%s has no mailbox: mailbox \"NAME\" { url = \"imaps://USER@HOST/FOLDER\" … }",
                config->path);
    return NULL;
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

static int
poll_dry(HeedInvocation *invocation,
         const HeedConfig *config,
         HeedPipelineOptions *pipeline,
         GError **error)
{
    g_autoptr(HeedDatabase) database = NULL;
    g_autofree char *why = NULL;

    heed_cli_database_if_there(invocation, config, &database, &why);
    if (database == NULL)
        heed_log(HEED_LOG_NOTICE, "%s: everything in the mailboxes is shown as new", why);
    return heed_cli_dry_run(database, config, pipeline, error);
}

static int
poll_store(HeedInvocation *invocation,
           const HeedConfig *config,
           const GPtrArray *chosen,
           HeedPipelineOptions *pipeline,
           GError **error)
{
    g_autoptr(HeedDatabase) database =
        heed_cli_database(invocation, config, HEED_ACCESS_STORE, error);
    g_auto(Polled) polled = {0};
    int status;

    if (database == NULL || !take_all(database, chosen, &polled, error))
        return polled.status;
    if (polled.mailboxes->len == 0)
        return polled.status;
    pipeline->mailboxes = (const HeedMailbox *const *)polled.mailboxes->pdata;
    pipeline->mailbox_ids = (const int64_t *)(void *)polled.ids->data;
    pipeline->mailbox_count = polled.mailboxes->len;
    status = heed_cli_store(database, config, pipeline,
                            (const HeedCheckpoint *)(void *)polled.checkpoints->data, error);
    return heed_exit_status_worse(status, polled.status);
}

int
heed_cmd_poll(HeedInvocation *invocation, GError **error)
{
    g_auto(GStrv) names = NULL;
    gboolean dry_run = FALSE;
    gboolean watch = FALSE;
    const GOptionEntry entries[] = {
        {"mailbox", 'm', 0, G_OPTION_ARG_STRING_ARRAY, &names,
         "Only this mailbox; may be given several times", "NAME"},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
         "Show what would be stored; change nothing anywhere", NULL},
        {"watch", 'w', 0, G_OPTION_ARG_NONE, &watch, "Stay and wait for new mail", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedTokenKeys) keys = NULL;
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(GPtrArray) chosen = NULL;
    HeedPipelineOptions pipeline;

    if (!heed_invocation_parse(invocation, entries, error))
        return EX_USAGE;
    if (dry_run && watch) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE,
                    "--dry-run and --watch exclude each other");
        return EX_USAGE;
    }
    config = heed_config_load(invocation->config, error);
    if (config == NULL || !heed_config_require_domains(config, error))
        return EX_CONFIG;
    chosen = choose(config, names, error);
    if (chosen == NULL || !heed_cli_token_keys(config, &keys, error))
        return EX_OK;
    pipeline = heed_cli_pipeline(config);
    pipeline.token_keys = keys;
    pipeline.mailboxes = (const HeedMailbox *const *)chosen->pdata;
    pipeline.mailbox_count = chosen->len;
    pipeline.watch = watch;
    pipeline.watch_seconds = POLL_WATCH_SECONDS;
    return dry_run ? poll_dry(invocation, config, &pipeline, error)
                   : poll_store(invocation, config, chosen, &pipeline, error);
}
