/* SPDX-License-Identifier: Apache-2.0 */
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/dry_run.h"
#include "cli/init_file.h"
#include "cli/run.h"
#include "db/connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define INIT_ANSWER_BYTES 4096U

/* Asks one question; the answer, or the proposal for an empty one. NULL: no more answers. On
 * standard error, so that a script sees only what is asked for. */
static char *
ask(const char *question, const char *proposal, GError **error)
{
    char line[INIT_ANSWER_BYTES];
    char *end;

    (void)fprintf(stderr, "%s%s%s%s: ", question, proposal != NULL ? " [" : "",
                  proposal != NULL ? proposal : "", proposal != NULL ? "]" : "");
    (void)fflush(stderr);
    if (fgets(line, (int)sizeof(line), stdin) == NULL) {
        (void)fputc('\n', stderr);
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "no answer to '%s': nothing is written",
                    question);
        return NULL;
    }
    end = line + strlen(line);
    if (end > line && end[-1] != '\n' && strlen(line) + 1 == sizeof(line)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "that answer is too long");
        return NULL;
    }
    (void)g_strstrip(line);
    return g_strdup(*line == '\0' && proposal != NULL ? proposal : line);
}

/* Asks until the answer makes sense; where nobody sits, the first bad one ends it. */
static char *
ask_until(const char *question,
          const char *proposal,
          bool (*accept)(const char *answer, GError **error),
          GError **error)
{
    for (;;) {
        g_autofree char *answer = ask(question, proposal, error);
        g_autoptr(GError) reason = NULL;

        if (answer == NULL)
            return NULL;
        if (accept(answer, &reason))
            return g_steal_pointer(&answer);
        if (isatty(STDIN_FILENO) != 1) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return NULL;
        }
        (void)fprintf(stderr, "  %s\n", reason->message);
    }
}

/* The mailbox that a url means; one without TLS is asked for by its scheme here. */
static HeedMailbox *
mailbox_of(const char *url, GError **error)
{
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("reports");

    if (g_str_has_prefix(url, "imap:") || g_str_has_prefix(url, "pop3:"))
        mailbox->tls = HEED_TLS_NONE;
    return heed_mailbox_set_url(mailbox, url, error) ? g_steal_pointer(&mailbox) : NULL;
}

static bool
accept_url(const char *answer, GError **error)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of(answer, error);

    return mailbox != NULL;
}

static bool
accept_secret_way(const char *answer, GError **error)
{
    if (strcmp(answer, "file") == 0 || strcmp(answer, "command") == 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "allowed are file and command");
    return false;
}

static bool
accept_something(const char *answer, GError **error)
{
    if (*answer != '\0')
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "an answer is needed here");
    return false;
}

static bool
accept_domains(const char *answer, GError **error)
{
    g_auto(GStrv) domains = heed_init_domains(answer);

    for (size_t i = 0; domains[i] != NULL; i++) {
        g_autofree char *domain = heed_config_own_domain(domains[i]);

        if (domain == NULL) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "'%s' is not " HEED_CONFIG_OWN_DOMAIN,
                        domains[i]);
            return false;
        }
    }
    return accept_something(domains[0] != NULL ? domains[0] : "", error);
}

static bool
accept_yes_or_no(const char *answer, GError **error)
{
    if (strcmp(answer, "yes") == 0 || strcmp(answer, "no") == 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "allowed are yes and no");
    return false;
}

static bool
accept_database(const char *answer, GError **error)
{
    if (strcmp(answer, "private") == 0 || heed_database_is_conninfo(answer))
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE,
                "allowed are private and connection strings such as postgresql://HOST/NAME");
    return false;
}

static bool
ask_secret(HeedInitAnswers *answers, GError **error)
{
    g_autoptr(HeedMailbox) mailbox = mailbox_of(answers->url, error);
    g_autofree char *way = NULL;

    if (mailbox == NULL)
        return false;
    if (mailbox->protocol == HEED_PROTOCOL_MAILDIR || mailbox->protocol == HEED_PROTOCOL_MBOX)
        return true;
    way = ask_until("Where is its password: in a file, or does a command print it (file, command)?",
                    "file", accept_secret_way, error);
    if (way == NULL)
        return false;
    answers->password_in_file = strcmp(way, "file") == 0;
    answers->password =
        ask_until(answers->password_in_file ? "The file (chmod 600, only the password in it)"
                                            : "The command (for example: pass show fbl)",
                  NULL, accept_something, error);
    answers->plaintext = mailbox->tls == HEED_TLS_NONE;
    return answers->password != NULL;
}

static bool
ask_all(HeedInitAnswers *answers, GError **error)
{
    return (answers->url = ask_until("Mailbox (imaps://USER@HOST/FOLDER, pop3s://USER@HOST, "
                                     "maildir:PATH, mbox:PATH)",
                                     NULL, accept_url, error)) != NULL &&
           ask_secret(answers, error) &&
           (answers->domains = ask_until("Domains that you send from (example.com, example.net)",
                                         NULL, accept_domains, error)) != NULL &&
           (answers->database =
                ask_until("Database: private, or a connection string (postgresql://HOST/NAME)",
                          "private", accept_database, error)) != NULL;
}

/* Before all questions, so that no answers are lost: what can be known then. */
static bool
may_write(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *question = NULL;
    g_autofree char *answer = NULL;
    bool exists = g_file_test(path, G_FILE_TEST_EXISTS);
    bool is_link = g_file_test(path, G_FILE_TEST_IS_SYMLINK); /* written where it leads to */

    errno = g_file_test(path, G_FILE_TEST_IS_DIR) ? EISDIR : 0;
    /* A file that is there is replaced by one that is made beside it. */
    if (errno != 0 || (!is_link && access(folder, W_OK | X_OK) < 0)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot create '%s': %s", path,
                    g_strerror(errno));
        return false;
    }
    if (!exists)
        return true;
    question = g_strdup_printf("'%s' is there already; replace it (yes, no)?", path);
    answer = ask_until(question, "no", accept_yes_or_no, error);
    if (answer == NULL)
        return false;
    if (strcmp(answer, "yes") == 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "'%s' stays as it is", path);
    return false;
}

static HeedConfig *
write_file(const char *path, const HeedInitAnswers *answers, GError **error)
{
    g_autofree char *text = heed_init_file(answers);
    g_autoptr(HeedConfig) config = heed_config_parse(text, path, error);
    g_autoptr(HeedAtomicFile) file = NULL;

    if (config == NULL)
        return NULL;
    file = heed_atomic_file_open_output(path, 0600, error);
    if (file == NULL)
        return NULL;
    (void)fputs(text, file->stream);
    return heed_atomic_file_commit(file, error) ? g_steal_pointer(&config) : NULL;
}

/* Says how one trial went; false when it failed. */
static bool
report(const char *what, const GError *error)
{
    if (error != NULL)
        heed_log(HEED_LOG_ERROR, "%s: %s", what, error->message);
    else
        heed_log(HEED_LOG_NOTICE, "%s: works", what);
    return error == NULL;
}

/* Logs in and looks at the first message, if there is one, without changing anything. */
static int
try_mailbox(const HeedConfig *config)
{
    HeedPipelineOptions pipeline = heed_cli_pipeline(config);
    g_autoptr(GError) error = NULL;
    int status;

    pipeline.mailboxes = (const HeedMailbox *const *)config->mailboxes->pdata;
    pipeline.mailbox_count = config->mailboxes->len;
    status = heed_cli_try(&pipeline, &error);
    if (status != EX_OK && error == NULL)
        return status; /* it has said so itself */
    (void)report("mailbox", error);
    return heed_exit_status_worse(status, heed_error_exit_status(error));
}

static int
try_database(const HeedInvocation *invocation, const HeedConfig *config)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedDatabase) database =
        config->database == NULL ? heed_cli_database(invocation, config, HEED_ACCESS_INGEST, &error)
                                 : heed_cli_database_bare(invocation, config, &error);
    unsigned version = 0;

    if (database != NULL && config->database != NULL &&
        heed_migrate_version(database, &version, &error) && version == 0)
        heed_log(HEED_LOG_NOTICE, "database: reachable; next: heed db init");
    else
        (void)report("database", error);
    return heed_error_exit_status(error);
}

int
heed_cmd_init(HeedInvocation *invocation, GError **error)
{
    g_autofree char *output = NULL;
    gboolean no_try = FALSE;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The file to write; ./heed.conf",
         "FILE"},
        {"no-try", 0, 0, G_OPTION_ARG_NONE, &no_try, "Only write the file", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(HeedInitAnswers) answers = {0};
    g_autoptr(HeedConfig) config = NULL;
    const char *path;
    int status = EX_OK;

    if (!heed_invocation_parse(invocation, entries, error))
        return EX_USAGE;
    path = output != NULL ? output : invocation->config != NULL ? invocation->config : "heed.conf";
    if (!may_write(path, error) || !ask_all(&answers, error))
        return EX_OK;
    config = write_file(path, &answers, error);
    if (config == NULL)
        return EX_OK;
    heed_log(HEED_LOG_NOTICE, "'%s' is written", path);
    if (no_try)
        return EX_OK;
    status = heed_exit_status_worse(try_mailbox(config), try_database(invocation, config));
    heed_log(HEED_LOG_NOTICE,
             status == EX_OK ? "next: heed poll --config %s"
                             : "mend that, then: heed poll --config %s",
             path);
    return status;
}
