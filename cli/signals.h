/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_SIGNALS_H
#define HEED_CLI_SIGNALS_H

/* SIGINT, SIGTERM and SIGHUP ask long work to finish what is in hand; a second one ends the process
 * at once. */

/* Catches them from now on; the flag is what HeedPipelineOptions.stop wants. */
const int *heed_cli_catch_signals(void);

/* Asks for the same from within, in any thread. */
void heed_cli_stop(void);

#endif
