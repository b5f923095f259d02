/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/version.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

void
heed_invocation_clear(HeedInvocation *invocation)
{
    g_clear_pointer(&invocation->argv, g_free);
    g_clear_pointer(&invocation->config, g_free);
    g_clear_pointer(&invocation->data_dir, g_free);
}

/* Prints the help that was asked for. */
static void
print_help_of_command(HeedInvocation *invocation, GOptionContext *context)
{
    g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);

    (void)fputs(text, stdout);
    invocation->helped = true;
}

/* Whether what was read makes sense. */
static bool
check_parsed(const HeedInvocation *invocation, GError **error)
{
    if (invocation->argc > 1) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "'%s' is too much (see heed %s --help)",
                    invocation->argv[1], invocation->command->name);
        return false;
    }
    if (invocation->data_dir != NULL && *invocation->data_dir == '\0') {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--data-dir is empty (see heed %s --help)",
                    invocation->command->name);
        return false;
    }
    return true;
}

bool
heed_invocation_parse(HeedInvocation *invocation, const GOptionEntry *entries, GError **error)
{
    gboolean quiet = FALSE;
    gboolean verbose = FALSE;
    gboolean help = FALSE;
    const GOptionEntry global[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &invocation->config,
         "Read the configuration from FILE", "FILE"},
        {"data-dir", 0, 0, G_OPTION_ARG_FILENAME, &invocation->data_dir,
         "Where the private database lives", "DIR"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing unless something is wrong",
         NULL},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "Say more", NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(invocation->command->arguments);
    g_autoptr(GError) usage = NULL;

    g_option_context_set_summary(context, invocation->command->summary);
    g_option_context_set_description(context, invocation->command->text);
    g_option_context_set_help_enabled(context, FALSE); /* it would exit unchecked */
    if (entries != NULL)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, global, NULL);
    if (!g_option_context_parse(context, &invocation->argc, &invocation->argv, &usage)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "%s (see heed %s --help)", usage->message,
                    invocation->command->name);
        return false;
    }
    if (help) {
        print_help_of_command(invocation, context);
        return false;
    }
    if (!check_parsed(invocation, error))
        return false;
    if (quiet)
        heed_log_set_level(HEED_LOG_WARNING);
    else if (verbose)
        heed_log_set_level(HEED_LOG_DEBUG);
    return true;
}

static void
end_by_sigpipe(void)
{
    (void)signal(SIGPIPE, SIG_DFL);
    (void)raise(SIGPIPE);
}

void
heed_output_end_unread(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};

    if (poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0)
        end_by_sigpipe();
}

bool
heed_output_flush(GError **error)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    if (errno == EPIPE)
        end_by_sigpipe();
    heed_output_end_unread();
    g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write to standard output: %s",
                errno != 0 ? g_strerror(errno) : "a write before this failed");
    return false;
}

static void
print_commands(FILE *out, const char *group)
{
    size_t group_length = strlen(group);
    int width = 0;

    for (const HeedCommand *command = heed_commands; command->name != NULL; command++)
        width = MAX(width, (int)strlen(command->name));
    for (const HeedCommand *command = heed_commands; command->name != NULL; command++)
        if (strncmp(command->name, group, group_length) == 0)
            (void)fprintf(out, "  %-*s  %s\n", width, command->name, command->summary);
}

static int
print_help(void)
{
    (void)puts("Usage: heed COMMAND [OPTION…] [ARG…]\n\n"
               "Feedback loops and bounces in, a suppression list out.\n\nCommands:");
    print_commands(stdout, "");
    (void)puts(
        "\nEvery command has --config FILE, --data-dir DIR, --quiet and --verbose, before or after its "
        "name.\n"
        "heed help COMMAND, or heed COMMAND --help, says more; heed --version says which.");
    return EX_OK;
}

/* The command that the first words name, by two words rather than by one ("undo list", "undo").
 * out_words: how many of them. */
static const HeedCommand *
find(char **words, int count, int *out_words)
{
    const HeedCommand *found = NULL;

    for (const HeedCommand *command = heed_commands; command->name != NULL; command++) {
        const char *space = strchr(command->name, ' ');
        size_t first = space != NULL ? (size_t)(space - command->name) : strlen(command->name);

        if (strlen(words[0]) != first || strncmp(words[0], command->name, first) != 0)
            continue;
        if (space == NULL) {
            *out_words = 1;
            found = command;
        } else if (count >= 2 && strcmp(words[1], space + 1) == 0) {
            *out_words = 2;
            return command;
        }
    }
    return found;
}

static const char *
suggestion(const char *words)
{
    g_autofree const char **names = NULL;
    size_t count = 0;
    int found;

    while (heed_commands[count].name != NULL)
        count++;
    names = g_new(const char *, count);
    for (size_t i = 0; i < count; i++)
        names[i] = heed_commands[i].name;
    found = heed_suggest(words, names, count);
    return found < 0 ? NULL : heed_commands[found].name;
}

/* "heed suppress" alone, "heed suppress --help", "heed suppress ad …", "heed pol". */
static int
no_such_command(char **words, int count)
{
    g_autofree char *group = g_strconcat(words[0], " ", NULL);
    bool is_group = false;
    bool wants_help = count > 1 && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0);
    g_autofree char *typed = NULL;
    const char *meant;

    for (const HeedCommand *command = heed_commands; command->name != NULL; command++)
        is_group = is_group || g_str_has_prefix(command->name, group);
    if (is_group && (wants_help || count < 2)) {
        (void)fprintf(wants_help ? stdout : stderr, "Usage: heed %s COMMAND\n\n", words[0]);
        print_commands(wants_help ? stdout : stderr, group);
        return wants_help ? EX_OK : EX_USAGE;
    }
    typed =
        count > 1 && words[1][0] != '-' ? g_strconcat(group, words[1], NULL) : g_strdup(words[0]);
    meant = suggestion(typed);
    if (meant == NULL && !is_group) {
        g_free(typed);
        typed = g_strdup(words[0]);
        meant = suggestion(typed);
    }
    if (words[0][0] == '-')
        heed_log(HEED_LOG_ERROR,
                 "'%s' is not known before a command; heed help says what may stand there", typed);
    else if (meant != NULL)
        heed_log(HEED_LOG_ERROR, "there is no command '%s'; did you mean 'heed %s'?", typed, meant);
    else
        heed_log(HEED_LOG_ERROR, "there is no command '%s'; heed help lists them", typed);
    return EX_USAGE;
}

static int
run(const HeedCommand *command, int argc, char **argv)
{
    g_auto(HeedInvocation) invocation = {.command = command, .argc = argc + 1};
    g_autofree char *name = g_strconcat("heed ", command->name, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) output = NULL;
    int status;

    g_set_prgname(name);
    invocation.argv = g_new0(char *, (size_t)argc + 2);
    invocation.argv[0] = name;
    for (int i = 0; i < argc; i++)
        invocation.argv[i + 1] = argv[i];
    status = command->run(&invocation, &error);
    if (invocation.helped)
        status = EX_OK;
    if (!heed_output_flush(&output)) {
        /* What went wrong first knows better why. */
        heed_log(HEED_LOG_ERROR, "%s", error != NULL ? error->message : output->message);
        status = heed_exit_status_worse(status, heed_error_exit_status(error));
        status = heed_exit_status_worse(status, EX_IOERR);
    } else if (error != NULL) {
        heed_log(HEED_LOG_ERROR, "%s", error->message);
        status = heed_exit_status_worse(status, heed_error_exit_status(error));
    }
    return status;
}

/* "heed help COMMAND" is "heed COMMAND --help". */
static int
help(char **words, int count)
{
    static char option[] = "--help";
    char *arguments[] = {option, NULL};
    char *group[] = {words[0], option, NULL};
    const HeedCommand *command;
    int used;

    if (count == 0)
        return print_help();
    command = find(words, count, &used);
    return command != NULL ? run(command, 1, arguments)
                           : no_such_command(count > 1 ? words : group, 2);
}

static int
print_version(void)
{
    (void)puts("heed " HEED_VERSION);
    return EX_OK;
}

/* How many of the words before the command are options that every command has, with their values.
 */
static int
count_leading(char **words, int count)
{
    static const char *const flags[] = {"--quiet", "-q", "--verbose", "-v", NULL};
    int i = 0;

    while (i < count && words[i][0] == '-') {
        if (strcmp(words[i], "--config") == 0 || strcmp(words[i], "--data-dir") == 0)
            i += 2;
        else if (g_str_has_prefix(words[i], "--config=") ||
                 g_str_has_prefix(words[i], "--data-dir=") || g_strv_contains(flags, words[i]))
            i++;
        else
            break;
    }
    return MIN(i, count);
}

/* The command, with the options that stood before it put behind it. */
static int
run_words(char **words, int count)
{
    int leading = count_leading(words, count);
    g_autofree char **arguments = g_new0(char *, (size_t)count + 1);
    const HeedCommand *command;
    int used = 0;
    int argc = 0;

    if (leading == count) {
        heed_log(HEED_LOG_ERROR, "which command? heed help lists them");
        return EX_USAGE;
    }
    command = find(words + leading, count - leading, &used);
    if (command == NULL)
        return no_such_command(words + leading, count - leading);
    for (int i = 0; i < leading; i++)
        arguments[argc++] = words[i];
    for (int i = leading + used; i < count; i++)
        arguments[argc++] = words[i];
    return run(command, argc, arguments);
}

int
heed_command_main(int argc, char **argv)
{
    int leading = argc > 1 ? count_leading(argv + 1, argc - 1) : 0;
    const char *first = leading + 1 < argc ? argv[leading + 1] : "";
    g_autoptr(GError) error = NULL;
    int status;

    (void)setlocale(LC_CTYPE, "");
    /* A pipe whose reader has gone is an error where it happens, not the end of the program: our
     * children and servers may go away too. heed_output_flush() has the rest. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (strcmp(first, "help") == 0)
        status = help(argv + leading + 2, argc - leading - 2);
    else if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        status = print_help();
    else if (strcmp(first, "--version") == 0)
        status = print_version();
    else
        return run_words(argv + 1, argc - 1);
    if (!heed_output_flush(&error)) {
        heed_log(HEED_LOG_ERROR, "%s", error->message);
        status = EX_IOERR;
    }
    return status;
}
