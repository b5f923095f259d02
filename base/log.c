/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <unistd.h>

static HeedLogLevel shown = HEED_LOG_NOTICE;

void
heed_log_set_level(HeedLogLevel level)
{
    shown = level;
}

HeedLogLevel
heed_log_level(void)
{
    return shown;
}

/* What a server says may hold terminal escapes: nothing below space reaches the terminal but our
 * own newline. */
static void
disarm(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
}

void
heed_log(HeedLogLevel level, const char *format, ...)
{
    g_autoptr(GString) line = g_string_new("heed: ");
    size_t prefix = line->len;
    va_list arguments;

    if (level > shown)
        return;
    va_start(arguments, format);
    g_string_append_vprintf(line, format, arguments);
    va_end(arguments);
    disarm(line->str + prefix);
    g_string_append_c(line, '\n');
    if (write(STDERR_FILENO, line->str, line->len) < 0)
        return; /* nowhere left to say it */
}
