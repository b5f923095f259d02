/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/replay_source.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "db/store.h"
#include "ingest/secret.h"
#include "parsers/address.h"
#include "suppress/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* With an address it stands in an index, whose rows have 2704 bytes. */
#define LONGEST_TEXT_BYTES 1024U
/* Of a word that is refused, what the message shows. */
#define SHOWN_BYTES 200
/* An address with some space around it. */
#define LONGEST_LINE_BYTES (2U * HEED_LIMIT_ADDRESS_BYTES)

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
                   .receivers = strings(config->receivers),
                   .authserv_ids = strings(config->authserv_ids),
                   .results_below_received = config->results_below_received,
                   .verp = strings(config->verp),
                   .recipient_headers = strings(config->recipient_headers),
                   .original_headers = strings(config->original_headers),
                   .rules = strings(config->rules),
                   .rules_cache = config->rules_cache},
        .workers = config->workers,
        .keep_raw = config->retention.raw_days > 0,
        .stop = heed_cli_catch_signals(),
    };
}

bool
heed_cli_token_keys(const HeedConfig *config, HeedTokenKeys **out, GError **error)
{
    char *text;

    *out = NULL;
    if (config->token_key_file == NULL)
        return true;
    text = heed_secret_whole_file(config->token_key_file, error);
    if (text != NULL)
        *out = heed_token_keys_parse(text, config->token_key_file, error);
    heed_secret_free(text);
    return *out != NULL;
}

HeedRules *
heed_cli_rules(const HeedConfig *config, GError **error)
{
    const HeedRulesOptions options = {.files = strings(config->rules),
                                      .cache_folder = config->rules_cache};

    return heed_rules_load(&options, error);
}

HeedMailbox *
heed_cli_paths_mailbox(char **paths)
{
    HeedMailbox *mailbox = heed_mailbox_new("files");

    mailbox->protocol = HEED_PROTOCOL_PATHS;
    mailbox->paths = g_strdupv(paths);
    return mailbox;
}

/* Again: it is mail that was stored before. */
static void
report_totals(const HeedRunTotals *totals, bool again)
{
    g_autofree char *text = heed_run_totals_text(totals);
    bool one = totals->quarantined == 1;

    heed_log(HEED_LOG_NOTICE,
             "%s: %" PRIu64 " stored now (%" PRIu64 " %s), %" PRIu64 " known already", text,
             totals->new_reports, totals->recipients,
             totals->recipients == 1 ? "recipient" : "recipients", totals->known);
    if (totals->quarantined > 0 && again)
        heed_log(HEED_LOG_WARNING,
                 "%" PRIu64 " %s could not be read again: what is stored of %s stays",
                 totals->quarantined, one ? "message" : "messages", one ? "it" : "them");
    else if (totals->quarantined > 0)
        heed_log(HEED_LOG_WARNING,
                 "%" PRIu64 " %s could not be read and %s kept: heed quarantine list",
                 totals->quarantined, one ? "message" : "messages", one ? "is" : "are");
}

int
heed_cli_store(HeedDatabase *database,
               const HeedConfig *config,
               HeedPipelineOptions *pipeline,
               const HeedCheckpoint *checkpoints,
               GError **error)
{
    HeedStoreSinkOptions options = {.database = database,
                                    .policy = config->policy,
                                    .guard = &config->guard,
                                    .streams = config->streams,
                                    .configured = config->mailboxes,
                                    .replay = pipeline->local,
                                    .mailboxes = pipeline->mailboxes,
                                    .checkpoints = checkpoints,
                                    .mailbox_count = pipeline->mailbox_count};
    g_autoptr(HeedStoreSink) sink = NULL;
    HeedSink functions;
    bool ran;

    if (!heed_store_maintain(database, &config->retention, error) ||
        !heed_policy_establish(database, config->policy, error))
        return EX_OK;
    sink = heed_store_sink_new(&options);
    functions = heed_store_sink_functions(sink);
    ran = heed_pipeline_run(pipeline, &functions, error);
    heed_progress_clear();
    report_totals(heed_store_sink_totals(sink),
                  pipeline->local != NULL && heed_replay_source_is_of_stored(pipeline->local));
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
        g_set_error(error, HEED_ERROR, (gint)code, "'%.*s' is not a mail address", SHOWN_BYTES,
                    word);
        return false;
    }
    g_ptr_array_add(addresses, normal);
    return true;
}

/* The next line without its end, as far as LONGEST_LINE_BYTES; false at the end. */
static bool
next_line(GString *line, bool *out_too_long)
{
    int c = getc(stdin);

    g_string_truncate(line, 0);
    *out_too_long = false;
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = getc(stdin)) {
        if (line->len < LONGEST_LINE_BYTES)
            g_string_append_c(line, (char)c);
        else
            *out_too_long = true;
    }
    return true;
}

static bool
add_standard_input(GPtrArray *addresses, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    bool too_long;

    for (unsigned number = 1; next_line(line, &too_long); number++) {
        if (too_long || strlen(line->str) != line->len) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                        "standard input:%u: is not a mail address", number);
            return false;
        }
        if (*g_strstrip(line->str) != '\0' &&
            !add_address(addresses, line->str, HEED_ERROR_DATA, error)) {
            g_prefix_error(error, "standard input:%u: ", number);
            return false;
        }
    }
    if (ferror(stdin)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot read standard input: %s",
                    g_strerror(errno));
        return false;
    }
    return true;
}

bool
heed_cli_is_same_file(const char *one, const char *other)
{
    g_autofree char *first = one != NULL ? g_canonicalize_filename(one, NULL) : NULL;
    g_autofree char *second = other != NULL ? g_canonicalize_filename(other, NULL) : NULL;

    return first != NULL && g_strcmp0(first, second) == 0;
}

bool
heed_cli_is_text(const char *option, const char *value, GError **error)
{
    if (value == NULL)
        return true;
    if (strlen(value) > LONGEST_TEXT_BYTES)
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--%s: is longer than %u bytes", option,
                    LONGEST_TEXT_BYTES);
    else if (!g_utf8_validate(value, -1, NULL))
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--%s: is not UTF-8", option);
    else
        return true;
    return false;
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
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "which address? (see %s --help)",
                    g_get_prgname());
        return NULL;
    }
    return g_steal_pointer(&addresses);
}

char *
heed_cli_account(void)
{
    const struct passwd *entry = getpwuid(getuid());

    return entry != NULL ? g_strdup(entry->pw_name)
                         : g_strdup_printf("uid %lu", (unsigned long)getuid());
}
