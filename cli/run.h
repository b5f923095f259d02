/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_RUN_H
#define HEED_CLI_RUN_H

/* What the commands that read mail have in common. */

#include "cli/config.h"
#include "cli/database.h"
#include "cli/store_sink.h"
#include "ingest/pipeline.h"
#include "parsers/rules.h"

/* The pipeline's options as the configuration has them, without mailboxes; borrows from it. */
HeedPipelineOptions heed_cli_pipeline(const HeedConfig *config);

/* The keys of own.token-key-file into *out, NULL where there is no such file. The caller frees
 * them. HEED_ERROR_CONFIG. */
bool heed_cli_token_keys(const HeedConfig *config, HeedTokenKeys **out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The rules that replies are classified by. HEED_ERROR_CONFIG for a file of the user's that is
 * wrong. */
HeedRules *heed_cli_rules(const HeedConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A mailbox of what was named on the command line; copies. */
HeedMailbox *heed_cli_paths_mailbox(char **paths);

/*
 * One run from opened database to summary: what `poll` and `ingest` do once they know their
 * mailboxes. Checkpoints NULL: none are kept. With pipeline->local that mail is read again and what
 * is stored of it replaced. Makes partitions and drops old raw mail before. Returns the exit
 * status; error for what ended the run.
 */
int heed_cli_store(HeedDatabase *database,
                   const HeedConfig *config,
                   HeedPipelineOptions *pipeline,
                   const HeedCheckpoint *checkpoints,
                   GError **error);

/* "json", "text", …: the index in words (NULL-terminated), -1 with HEED_ERROR_USAGE naming the
 * option and what is allowed. NULL is the first. */
int
heed_cli_choice(const char *option, const char *value, const char *const *words, GError **error);

/*
 * The addresses of the command line, "-" replaced by the lines of standard input, in normal form
 * (char *). HEED_ERROR_USAGE or HEED_ERROR_DATA for one that is none,
 * HEED_ERROR_IO.
 */
GPtrArray *heed_cli_addresses(char **words, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Who decides: the name of the account, for the ledger. Caller frees. */
char *heed_cli_account(void);

/* Whether two files that are to be written or read are in one place, where the second would take
 * the first's. NULL is none; "-" is a place too. */
bool heed_cli_is_same_file(const char *one, const char *other);

/* What goes to the database as text; NULL is nothing. HEED_ERROR_USAGE, naming the option, for what
 * is not UTF-8 or longer than 1024 bytes. */
bool heed_cli_is_text(const char *option, const char *value, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
