/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#ifdef HEED_FAULTS

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In one write, so that the lines of our processes do not mix. */
static void
say(const char *what, const char *step)
{
    char line[256];
    int length = snprintf(line, sizeof(line), "fault: %s %s\n", what, step);

    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        return;
}

void
heed_fault(const char *step)
{
    static unsigned passed;
    const char *wanted = g_getenv("HEED_FAULT");
    size_t length = strlen(step);
    unsigned at = 1;

    if (wanted != NULL && strcmp(wanted, "trace") == 0)
        say("passes", step);
    if (wanted == NULL || !g_str_has_prefix(wanted, step))
        return;
    if (wanted[length] == ':')
        at = (unsigned)g_ascii_strtoull(wanted + length + 1, NULL, 10);
    else if (wanted[length] != '\0')
        return;
    if (++passed == at) {
        say("kills at", step);
        (void)raise(SIGKILL);
    }
}

#else

typedef int HeedFaultIsEmpty; /* ISO C wants a declaration in each translation unit */

#endif
