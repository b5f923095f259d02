/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/parse_text.h"
#include "cli/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* How the messages fared. */
typedef struct Printed {
    bool as_text;
    uint64_t read;
    uint64_t crashed;    /* could not be parsed */
    uint64_t unreadable; /* an input that is not there, or cannot be read */
    int status;
} Printed;

static void
print(Printed *printed, const HeedArrival *arrival)
{
    const char *name = arrival->source != NULL ? arrival->source : "standard input";
    const char *why = arrival->detail != NULL ? arrival->detail : arrival->reason;

    if (arrival->disposition == HEED_DISPOSITION_UNREADABLE) {
        printed->unreadable++;
        heed_log(HEED_LOG_ERROR, "%s", why != NULL ? why : "a file cannot be read");
    } else if (arrival->disposition == HEED_DISPOSITION_QUARANTINED) {
        printed->crashed++;
        heed_log(HEED_LOG_ERROR, "'%s': could not be parsed: %s", name, why != NULL ? why : "?");
    } else {
        printed->read++;
        if (printed->as_text && arrival->report != NULL)
            heed_parse_text_print(arrival->report, arrival->source, stdout);
        else if (arrival->json != NULL)
            (void)puts(arrival->json);
    }
}

static bool
commit(void *data, const GPtrArray *arrivals, GError **error)
{
    for (size_t i = 0; i < arrivals->len; i++)
        print(data, arrivals->pdata[i]);
    return heed_output_flush(error);
}

static void
finished(void *data, size_t mailbox, const GError *error)
{
    Printed *printed = data;

    (void)mailbox;
    if (error == NULL)
        return;
    heed_log(HEED_LOG_ERROR, "%s", error->message);
    printed->status = heed_exit_status_worse(printed->status, heed_error_exit_status(error));
}

static int
status_of(const Printed *printed)
{
    int status = printed->status;

    if (printed->unreadable > 0)
        status = heed_exit_status_worse(status, EX_NOINPUT);
    if (printed->crashed > 0 && printed->read == 0)
        status = heed_exit_status_worse(status, EX_DATAERR);
    return status;
}

/* Files and folders alone: reading them makes nobody wait. What is not there counts as one. */
static bool
are_files(char **paths)
{
    struct stat status;

    for (size_t i = 0; paths[i] != NULL; i++)
        if (strcmp(paths[i], "-") == 0 ||
            (stat(paths[i], &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
            return false;
    return true;
}

/* A pipe that brings one message at a time gets its answer at once. */
static bool
is_piped(char **paths)
{
    struct stat status;

    for (size_t i = 0; paths[i] != NULL; i++)
        if (strcmp(paths[i], "-") == 0)
            return fstat(STDIN_FILENO, &status) == 0 && !S_ISREG(status.st_mode);
    return false;
}

/* What the command line asked for. */
typedef struct Asked {
    char *format;
    char **paths; /* NULL: standard input */
    char **rules;
    gboolean in_process;
    int jobs; /* 0: one a core */
} Asked;

static void
asked_clear(Asked *asked)
{
    g_free(asked->format);
    g_strfreev(asked->paths);
    g_strfreev(asked->rules);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

static int
parse_all(const HeedConfig *config,
          const HeedTokenKeys *keys,
          const Asked *asked,
          bool as_text,
          GError **error)
{
    static char input[] = "-";
    char *standard_input[] = {input, NULL};
    g_autoptr(HeedMailbox) mailbox =
        heed_cli_paths_mailbox(asked->paths != NULL ? asked->paths : standard_input);
    const HeedMailbox *const mailboxes[] = {mailbox};
    Printed printed = {.as_text = as_text};
    const HeedSink sink = {.commit = commit, .finished = finished, .data = &printed};
    HeedPipelineOptions pipeline = heed_cli_pipeline(config);

    pipeline.token_keys = keys;
    pipeline.mailboxes = mailboxes;
    pipeline.mailbox_count = 1;
    pipeline.as_json = !as_text;
    pipeline.in_process = asked->in_process;
    pipeline.files_here = are_files(mailbox->paths);
    pipeline.keep_raw = false;
    pipeline.workers = asked->jobs > 0 ? (unsigned)asked->jobs : pipeline.workers;
    pipeline.batch_messages = is_piped(mailbox->paths) ? 1 : 0;
    (void)!heed_pipeline_run(&pipeline, &sink, error);
    return status_of(&printed);
}

int
heed_cmd_parse(HeedInvocation *invocation, GError **error)
{
    static const char *const formats[] = {"json", "text", NULL};
    g_auto(Asked) asked = {0};
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &asked.format, "json (a line a message) or text",
         "FORMAT"},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &asked.jobs, "Use N processes; one a core by default",
         "N"},
        {"rules", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &asked.rules,
         "Classify by the rules in FILE first; may be repeated", "FILE"},
        {"in-process", 0, 0, G_OPTION_ARG_NONE, &asked.in_process,
         "Parse in this process, unguarded", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &asked.paths, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedTokenKeys) keys = NULL;
    int chosen;

    if (!heed_invocation_parse(invocation, entries, error) ||
        (chosen = heed_cli_choice("format", asked.format, formats, error)) < 0)
        return EX_USAGE;
    if (asked.jobs < 0 || asked.jobs > 256) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--jobs: allowed is 1 to 256");
        return EX_USAGE;
    }
    config = heed_config_load_given(invocation->config, error);
    if (config == NULL || !heed_cli_token_keys(config, &keys, error))
        return EX_CONFIG;
    heed_config_add_rules(config, asked.rules);
    return parse_all(config, keys, &asked, chosen == 1, error);
}
