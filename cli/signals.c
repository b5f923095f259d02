/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include <signal.h>
#include <string.h>

static int stop;

void
heed_cli_stop(void)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
}

static void
on_signal(int number)
{
    (void)number;
    heed_cli_stop();
}

const int *
heed_cli_catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};

    action.sa_flags = (int)SA_RESETHAND;
    (void)sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        (void)sigaction(numbers[i], &action, 0);
    return &stop;
}
