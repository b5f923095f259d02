/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_CONFIG_READ_H
#define HEED_CLI_CONFIG_READ_H

/*
 * One reading of a configuration file, for those who know its sections (config_*.c) alone.
 * libconfuse's callbacks carry no data of ours, so what the reading has come to is kept here; files
 * are read one at a time.
 */

#include "cli/config.h"

#include <confuse.h>

/* libconfuse takes the end of the file for the end of a section, and so would take half a file for
 * a whole one. This is put behind the text: inside a section or a comment it is not what it should
 * be. */
#define HEED_CONFIG_END "end-of-file"

/* Path is for messages and for what relative paths are relative to; both borrowed until the end. */
void heed_config_read_begin(HeedConfig *config, const char *path);

/* Reads the text, with or without a byte order mark; what else is refused of it comes between this
 * and the end. */
void heed_config_read_text(cfg_t *root, const char *text);

/* Whether something was refused by now. */
bool heed_config_read_failed(void);

/* False with the first refusal. */
bool heed_config_read_end(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is being filled. */
HeedConfig *heed_config_being_read(void);

/* Refuses, unless something was refused before. Always -1, what callbacks answer then. */
int heed_config_refuse(int line, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Where an option of the section was set; where the section ends when it was not. */
int heed_config_line_of(const cfg_t *section, const char *name);

/* Whether the file sets it. */
bool heed_config_is_set(const cfg_t *section, const char *name);

/* Asks to be told whenever one of the options is set: each is given once. Section NULL: of the file
 * itself; "policy|rule": of a section within one. */
void heed_config_watch(cfg_t *root, const char *section, const cfg_opt_t *options);

/* The end of a section that is given once. */
int heed_config_on_set(cfg_t *section, cfg_opt_t *option);

/* A whole number in the range that holds for an option of this name. */
int heed_config_on_number(cfg_t *section, cfg_opt_t *option, const char *value, void *result);

/* Where something that the file names is: relative to the file's folder, wherever we are started.
 * Caller frees; NULL for NULL. */
char *heed_config_resolve(const char *named);

/* A domain in the normal form in which addresses are compared; NULL: it is none. Caller frees. */
char *heed_config_domain(const char *text);

/* The name of a header field (RFC 5322 2.2), in lower case; NULL: it is none. Caller frees. */
char *heed_config_header(const char *text);

/* Whether it can be the name of a stream. */
bool heed_config_is_stream(const char *name);

/* The sections with a file of their own. */
extern cfg_opt_t heed_config_mailbox_options[];
int heed_config_on_mailbox(cfg_t *root, cfg_opt_t *option);
extern cfg_opt_t heed_config_log_options[];
int heed_config_on_log(cfg_t *root, cfg_opt_t *option);

#endif
