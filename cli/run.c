/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "db/store.h"
#include "parsers/address.h"
#include "suppress/policy.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

static const char *const *
strings(const GPtrArray *list)
{
    return list == NULL ? NULL : (const char *const *)list->pdata;
}

HeedPipelineOptions
heed_cli_pipeline(const HeedConfig *config)
{
    return (HeedPipelineOptions){
        .parser = {.domains = strings(config->domains),
                   .relays = strings(config->relays),
                   .receivers = strings(config->receivers)},
        .workers = config->workers,
        .keep_raw = config->raw_days > 0,
        .stop = heed_cli_catch_signals(),
    };
}

HeedMailbox *
heed_cli_paths_mailbox(char **paths)
{
    HeedMailbox *mailbox = heed_mailbox_new("files");

    mailbox->protocol = HEED_PROTOCOL_PATHS;
    mailbox->paths = g_strdupv(paths);
    return mailbox;
}

static void
report_totals(const HeedRunTotals *totals)
{
    g_autofree char *text = heed_run_totals_text(totals);

    heed_log(HEED_LOG_NOTICE,
             "%s: %" PRIu64 " stored now (%" PRIu64 " %s), %" PRIu64 " known already", text,
             totals->new_reports, totals->recipients,
             totals->recipients == 1 ? "recipient" : "recipients", totals->known);
    if (totals->quarantined > 0)
        heed_log(HEED_LOG_WARNING,
                 "%" PRIu64 " %s could not be read and %s kept: heed quarantine list",
                 totals->quarantined, totals->quarantined == 1 ? "message" : "messages",
                 totals->quarantined == 1 ? "is" : "are");
}

int
heed_cli_store(HeedDatabase *database,
               const HeedConfig *config,
               HeedPipelineOptions *pipeline,
               const HeedCheckpoint *checkpoints,
               GError **error)
{
    HeedStoreSinkOptions options = {.database = database,
                                    .replay = pipeline->local,
                                    .mailboxes = pipeline->mailboxes,
                                    .checkpoints = checkpoints,
                                    .mailbox_count = pipeline->mailbox_count};
    HeedPolicy policy = heed_policy_default();
    g_autoptr(HeedStoreSink) sink = NULL;
    HeedSink functions;
    bool ran;

    if (!heed_store_maintain(database, config->raw_days, error) ||
        !heed_policy_establish(database, &policy, &options.policy_version, error))
        return EX_OK;
    sink = heed_store_sink_new(&options);
    functions = heed_store_sink_functions(sink);
    ran = heed_pipeline_run(pipeline, &functions, error);
    heed_progress_clear();
    report_totals(heed_store_sink_totals(sink));
    if (ran && heed_store_sink_totals(sink)->unreadable > 0)
        return heed_exit_status_worse(heed_store_sink_status(sink),
                                      checkpoints != NULL ? EX_TEMPFAIL : EX_NOINPUT);
    return heed_store_sink_status(sink);
}

int
heed_cli_choice(const char *option, const char *value, const char *const *words, GError **error)
{
    g_autoptr(GString) allowed = g_string_new(NULL);

    if (value == NULL)
        return 0;
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], value) == 0)
            return i;
    for (int i = 0; words[i] != NULL; i++)
        g_string_append_printf(allowed, "%s%s", i > 0 ? ", " : "", words[i]);
    g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--%s '%s': allowed are %s", option, value,
                allowed->str);
    return -1;
}

static bool
add_address(GPtrArray *addresses, const char *word, HeedError code, GError **error)
{
    char *normal = heed_address_normalise(word, -1);

    if (normal == NULL) {
        g_set_error(error, HEED_ERROR, (gint)code, "'%s' is not a mail address", word);
        return false;
    }
    g_ptr_array_add(addresses, normal);
    return true;
}

static bool
add_standard_input(GPtrArray *addresses, GError **error)
{
    char line[HEED_LIMIT_ADDRESS_BYTES + 2];
    unsigned number = 0;

    while (fgets(line, (int)sizeof(line), stdin) != NULL) {
        number++;
        if (*g_strstrip(line) == '\0')
            continue;
        if (!add_address(addresses, line, HEED_ERROR_DATA, error)) {
            g_prefix_error(error, "standard input:%u: ", number);
            return false;
        }
    }
    return true;
}

GPtrArray *
heed_cli_addresses(char **words, GError **error)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        if (strcmp(words[i], "-") == 0 ? !add_standard_input(addresses, error)
                                       : !add_address(addresses, words[i], HEED_ERROR_USAGE, error))
            return NULL;
    if (words == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "which address?");
        return NULL;
    }
    return g_steal_pointer(&addresses);
}
