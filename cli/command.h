/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_COMMAND_H
#define HEED_CLI_COMMAND_H

/*
 * A command of `heed` and its command line. Each command is one function that reads its options
 * with heed_invocation_parse(), does its work through the rooms and answers with an exit status;
 * what failed for good is a GError, which main() reports and maps (base/error.h).
 *
 * Data goes to standard output, talk to standard error through base/log.h.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct HeedInvocation HeedInvocation;

typedef struct HeedCommand {
    const char *name;      /* one word, or two: "suppress add" */
    const char *arguments; /* for the usage line: "ADDRESS…" */
    const char *summary;   /* one line for the list of commands */
    const char *text;      /* further help, or NULL */
    /* The exit status; or an error, and then the result counts only where it is more lasting. */
    int (*run)(HeedInvocation *invocation, GError **error);
} HeedCommand;

/* All commands, ended by a row whose name is NULL. */
extern const HeedCommand heed_commands[];

/* One call of a command, with the options that every command has. */
struct HeedInvocation {
    const HeedCommand *command;
    int argc;       /* what follows the command's name; argv[0] is "heed NAME" */
    char **argv;    /* NULL-terminated; the array is owned, its strings are not */
    char *config;   /* owned; --config, or NULL */
    char *data_dir; /* owned; --data-dir, or NULL */
    bool helped;    /* --help was asked for and is printed: all is done */
};

void heed_invocation_clear(HeedInvocation *invocation);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedInvocation, heed_invocation_clear)

/*
 * Reads the options of a command (entries end with G_OPTION_ENTRY_NULL or are NULL) and the global
 * ones. Words that are not options go to the entry G_OPTION_REMAINING; without one they are
 * refused. False with HEED_ERROR_USAGE; or with no error when --help was asked for, and then the
 * command just returns.
 */
bool heed_invocation_parse(HeedInvocation *invocation, const GOptionEntry *entries, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What `heed` does with its command line, from argv[1] on. */
int heed_command_main(int argc, char **argv);

/*
 * Flushes standard output. When it has failed: HEED_ERROR_IO, except for a reader that has gone
 * away (`heed export | head`), where the process ends by SIGPIPE as other tools do. Commands that
 * print much call it to notice early; heed_command_main() calls it at the end.
 */
bool heed_output_flush(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the process by SIGPIPE where the reader of standard output has gone away: for what a child
 * writes there, which heed_output_flush() knows nothing of. */
void heed_output_end_unread(void);

/*
 * The index in names (count of them) of the word that the user most likely meant, or -1: at most a
 * third of its letters mistyped, swapped, missing or too many.
 */
int heed_suggest(const char *word, const char *const *names, size_t count);

#endif
