/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_COMMANDS_H
#define HEED_CLI_COMMANDS_H

/* What each command runs, for the table in commands.c; each family has a file of its own,
 * cmd_NAME.c. */

#include "cli/command.h"

int heed_cmd_parse(HeedInvocation *invocation, GError **error);
int heed_cmd_explain(HeedInvocation *invocation, GError **error);
int heed_cmd_poll(HeedInvocation *invocation, GError **error);
int heed_cmd_ingest(HeedInvocation *invocation, GError **error);
int heed_cmd_export(HeedInvocation *invocation, GError **error);
int heed_cmd_clean(HeedInvocation *invocation, GError **error);
int heed_cmd_why(HeedInvocation *invocation, GError **error);
int heed_cmd_suppress_add(HeedInvocation *invocation, GError **error);
int heed_cmd_suppress_remove(HeedInvocation *invocation, GError **error);
int heed_cmd_suppress_allow(HeedInvocation *invocation, GError **error);
int heed_cmd_suppress_disallow(HeedInvocation *invocation, GError **error);
int heed_cmd_suppress_list(HeedInvocation *invocation, GError **error);
int heed_cmd_suppress_rebuild(HeedInvocation *invocation, GError **error);
int heed_cmd_suppress_review(HeedInvocation *invocation, GError **error);
int heed_cmd_suppress_release(HeedInvocation *invocation, GError **error);
int heed_cmd_suppress_discard(HeedInvocation *invocation, GError **error);
int heed_cmd_undo(HeedInvocation *invocation, GError **error);
int heed_cmd_undo_list(HeedInvocation *invocation, GError **error);
int heed_cmd_undo_revert(HeedInvocation *invocation, GError **error);
int heed_cmd_forget(HeedInvocation *invocation, GError **error);
int heed_cmd_quarantine_list(HeedInvocation *invocation, GError **error);
int heed_cmd_quarantine_show(HeedInvocation *invocation, GError **error);
int heed_cmd_quarantine_retry(HeedInvocation *invocation, GError **error);
int heed_cmd_token_make(HeedInvocation *invocation, GError **error);
int heed_cmd_token_verify(HeedInvocation *invocation, GError **error);
int heed_cmd_score(HeedInvocation *invocation, GError **error);
int heed_cmd_throttle(HeedInvocation *invocation, GError **error);
int heed_cmd_report(HeedInvocation *invocation, GError **error);
int heed_cmd_status(HeedInvocation *invocation, GError **error);
int heed_cmd_metrics(HeedInvocation *invocation, GError **error);
int heed_cmd_init(HeedInvocation *invocation, GError **error);
int heed_cmd_config_check(HeedInvocation *invocation, GError **error);
int heed_cmd_db_start(HeedInvocation *invocation, GError **error);
int heed_cmd_db_stop(HeedInvocation *invocation, GError **error);
int heed_cmd_db_status(HeedInvocation *invocation, GError **error);
int heed_cmd_db_init(HeedInvocation *invocation, GError **error);
int heed_cmd_db_migrate(HeedInvocation *invocation, GError **error);
int heed_cmd_db_dump(HeedInvocation *invocation, GError **error);
int heed_cmd_db_upgrade(HeedInvocation *invocation, GError **error);

#endif
