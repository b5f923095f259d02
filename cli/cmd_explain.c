/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/explain_print.h"
#include "cli/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

typedef struct Explaining {
    HeedRules *rules;
    HeedExplainPrinter *printer;
    const char *server;
    bool skip_blank;
    GString *out;
} Explaining;

static bool
is_blank(const char *text)
{
    return text[strspn(text, " \t")] == '\0';
}

/* One reply; the byte behind it is ours to write. */
static void
explain(Explaining *explaining, char *text, size_t length)
{
    HeedExplanation explanation;

    if (length > 0 && text[length - 1] == '\r')
        length--;
    text[length] = '\0';
    if (explaining->skip_blank && is_blank(text))
        return;
    /* What is behind a NUL is shown, but not read. */
    heed_explain(explaining->rules, text, explaining->server, &explanation);
    heed_explain_print(explaining->printer, &explanation, text, length, explaining->out);
}

static bool
flush(Explaining *explaining, GError **error)
{
    (void)fwrite(explaining->out->str, 1, explaining->out->len, stdout);
    g_string_truncate(explaining->out, 0);
    return heed_output_flush(error);
}

/* Lines of standard input, of which those in the buffer are answered together: a reader of ours who
 * sends one line at a time gets its answer at once. */
static bool
explain_lines(Explaining *explaining, GError **error)
{
    g_autofree char *buffer = g_malloc(HEED_LIMIT_REPLY_LINE_BYTES + 1);
    size_t used = 0;
    bool cut = false; /* the rest of a line whose beginning was answered */
    ssize_t got;

    while ((got = read(STDIN_FILENO, buffer + used, HEED_LIMIT_REPLY_LINE_BYTES - used)) != 0) {
        char *begin = buffer;
        char *end;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot read standard input: %s",
                        g_strerror(errno));
            return false;
        }
        used += (size_t)got;
        while ((end = memchr(begin, '\n', used - (size_t)(begin - buffer))) != NULL) {
            if (!cut)
                explain(explaining, begin, (size_t)(end - begin));
            cut = false;
            begin = end + 1;
        }
        used -= (size_t)(begin - buffer);
        memmove(buffer, begin, used);
        if (used == HEED_LIMIT_REPLY_LINE_BYTES) {
            if (!cut)
                explain(explaining, buffer, used);
            cut = true;
            used = 0;
        }
        if (!flush(explaining, error))
            return false;
    }
    if (used > 0 && !cut)
        explain(explaining, buffer, used);
    return flush(explaining, error);
}

/* Several words are one reply: quotes are easily forgotten. */
static bool
explain_words(Explaining *explaining, char **words, GError **error)
{
    g_autofree char *text = g_strjoinv(" ", words);

    if (explaining->skip_blank && is_blank(text)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "TEXT is empty: nothing to explain");
        return false;
    }
    if (words[1] == NULL && g_file_test(text, G_FILE_TEST_IS_REGULAR))
        heed_log(HEED_LOG_WARNING,
                 "'%s' was taken for a reply; for the lines of the file: heed explain < %s", text,
                 text);
    explain(explaining, text, strlen(text));
    return flush(explaining, error);
}

int
heed_cmd_explain(HeedInvocation *invocation, GError **error)
{
    static const char *const formats[] = {"json", "text", NULL};
    g_autofree char *format = NULL;
    g_autofree char *server = NULL;
    g_auto(GStrv) words = NULL;
    g_auto(GStrv) files = NULL;
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &format,
         "json (a line a reply) or text; text for TEXT and on a terminal", "FORMAT"},
        {"from", 0, 0, G_OPTION_ARG_STRING, &server, "The server or domain that said it", "HOST"},
        {"rules", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files,
         "Classify by the rules in FILE first; may be repeated", "FILE"},
        /* Any bytes, as they come, in any locale. */
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedRules) rules = NULL;
    g_autoptr(HeedExplainPrinter) printer = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    Explaining explaining;
    bool from_words;
    int chosen;

    if (!heed_invocation_parse(invocation, entries, error) ||
        (chosen = heed_cli_choice("format", format, formats, error)) < 0)
        return EX_USAGE;
    config = heed_config_load_given(invocation->config, error);
    if (config == NULL)
        return EX_CONFIG;
    heed_config_add_rules(config, files);
    rules = heed_cli_rules(config, error);
    if (rules == NULL)
        return EX_CONFIG;
    from_words = words != NULL && strcmp(words[0], "-") != 0;
    if (format == NULL)
        chosen = from_words || isatty(STDIN_FILENO);
    printer = heed_explain_printer_new(chosen == 1);
    explaining = (Explaining){.rules = rules,
                              .printer = printer,
                              .server = server,
                              .skip_blank = chosen == 1,
                              .out = out};
    if (from_words)
        (void)explain_words(&explaining, words, error);
    else
        (void)explain_lines(&explaining, error);
    return EX_OK;
}
