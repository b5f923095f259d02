/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_INIT_FILE_H
#define HEED_CLI_INIT_FILE_H

/* The commented configuration that `heed init` writes. */

#include <glib.h>
#include <stdbool.h>

typedef struct HeedInitAnswers {
    char *url;      /* all owned */
    char *password; /* the file or the command; NULL: none is needed */
    bool password_in_file;
    bool plaintext; /* the url asks for no TLS */
    char *domains;  /* separated by commas or spaces */
    char *database; /* "private" or a connection string */
} HeedInitAnswers;

/* Frees the answers; zeroed ones are fine. */
void heed_init_answers_clear(HeedInitAnswers *answers);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedInitAnswers, heed_init_answers_clear)

/* The domains of an answer. Caller frees. */
char **heed_init_domains(const char *answer);

/* The file's text. Caller frees. Whether it is right is heed_config_parse()'s to say. */
char *heed_init_file(const HeedInitAnswers *answers);

#endif
