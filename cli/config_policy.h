/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_CONFIG_POLICY_H
#define HEED_CLI_CONFIG_POLICY_H

/* What the files that read policies and streams share. Private to config_*.c. */

#include "cli/config_read.h"

extern cfg_opt_t heed_config_policy_options[];
extern cfg_opt_t heed_config_rule_options[];
extern cfg_opt_t heed_config_stream_options[];

/* Of policy { … } and the sections of streams. They are read by the two below, when all of the file
 * is known. */
void heed_config_watch_policy(cfg_t *root);

/* What is said, over the defaults that config->policy has; and protects own.domains. */
void heed_config_read_policy(cfg_t *root);

/* Into config->streams, config->original_headers and the exemptions of config->policy. */
void heed_config_read_streams(cfg_t *root);

/* The rule sections of policy { … }: those of a verdict first, since those of a class begin with
 * what its verdict has, whatever their order in the file. 0, or -1 when something was refused. */
int heed_config_read_rules(cfg_t *section, HeedPolicy *policy);

#endif
