/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/init_file.h"

#include <string.h>

void
heed_init_answers_clear(HeedInitAnswers *answers)
{
    g_clear_pointer(&answers->url, g_free);
    g_clear_pointer(&answers->password, g_free);
    g_clear_pointer(&answers->domains, g_free);
    g_clear_pointer(&answers->database, g_free);
}

/* In double quotes, with what libconfuse would take for itself escaped: the quote, the backslash
 * and the dollar of an environment variable. */
static void
append_quoted(GString *file, const char *text)
{
    g_string_append_c(file, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr("\"\\$", *c) != NULL)
            g_string_append_c(file, '\\');
        g_string_append_c(file, *c);
    }
    g_string_append_c(file, '"');
}

char **
heed_init_domains(const char *answer)
{
    g_autoptr(GStrvBuilder) domains = g_strv_builder_new();
    g_auto(GStrv) words = g_strsplit_set(answer, ", \t", -1);

    for (size_t i = 0; words[i] != NULL; i++)
        if (*words[i] != '\0')
            g_strv_builder_add(domains, words[i]);
    return g_strv_builder_end(domains);
}

static void
append_domains(GString *file, const char *answer)
{
    g_auto(GStrv) domains = heed_init_domains(answer);

    for (size_t i = 0; domains[i] != NULL; i++) {
        if (i > 0)
            g_string_append(file, ", ");
        append_quoted(file, domains[i]);
    }
}

char *
heed_init_file(const HeedInitAnswers *answers)
{
    GString *file =
        g_string_new("# Written by heed init. All that can be said here is in heed.conf.example;\n"
                     "# heed config check says whether it is right.\n\n");

    g_string_append(file, "# Where events and suppressions are kept. Left out: a PostgreSQL of "
                          "Heed's own.\n");
    if (g_strcmp0(answers->database, "private") == 0) {
        g_string_append(file, "# database = \"postgresql:///heed\"\n");
    } else {
        g_string_append(file, "database = ");
        append_quoted(file, answers->database);
        g_string_append_c(file, '\n');
    }
    g_string_append(file, "\n# A mailbox that bounces and complaints come to.\nmailbox \"reports\" "
                          "{\n    url = ");
    append_quoted(file, answers->url);
    if (answers->plaintext)
        g_string_append(file, "\n    tls = \"none\"    # the password can be read on the way");
    if (answers->password != NULL) {
        g_string_append(file, answers->password_in_file ? "\n    password-file = "
                                                        : "\n    password-command = ");
        append_quoted(file, answers->password);
    }
    g_string_append(file,
                    "\n    # What happens on the server to what is stored: leave, seen, "
                    "move:FOLDER, delete.\n    on-done = \"leave\"\n}\n\n"
                    "# Whose mail a report must be about to be believed: the domains you send "
                    "from.\nown {\n    domains = {");
    append_domains(file, answers->domains);
    g_string_append(
        file,
        "}\n    # Your sending servers (their own bounces are authentic) and your receiving ones\n"
        "    # (their Received and Authentication-Results are believed). Without them a hard\n"
        "    # bounce counts only with the second one.\n"
        "    # relays = {\"out1.example.com\", \"192.0.2.1\"}\n"
        "    # receivers = {\"mx.example.com\"}\n}\n");
    return g_string_free(file, FALSE);
}
