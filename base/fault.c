/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#ifdef HEED_FAULTS

#include <glib.h>
#include <signal.h>
#include <string.h>

void
heed_fault(const char *step)
{
    static unsigned passed;
    const char *wanted = g_getenv("HEED_FAULT");
    size_t length = strlen(step);
    unsigned at = 1;

    if (wanted == NULL || !g_str_has_prefix(wanted, step))
        return;
    if (wanted[length] == ':')
        at = (unsigned)g_ascii_strtoull(wanted + length + 1, NULL, 10);
    else if (wanted[length] != '\0')
        return;
    if (++passed == at)
        (void)raise(SIGKILL);
}

#else

typedef int HeedFaultIsEmpty; /* ISO C wants a declaration in each translation unit */

#endif
