/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
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

/* What a server says may hold terminal escapes: no control character reaches the terminal but our
 * own newline. C1 (U+0080 to U+009F) holds those of one letter, and terminals without UTF-8 take
 * them from bytes that are none. */
static void
append_disarmed(GString *line, const char *text)
{
    while (*text != '\0') {
        gunichar letter = g_utf8_get_char_validated(text, -1);
        bool valid = letter < (gunichar)-2;

        if (valid && !g_unichar_iscntrl(letter))
            g_string_append_unichar(line, letter);
        else
            g_string_append_c(line, '?');
        text += valid ? g_unichar_to_utf8(letter, NULL) : 1;
    }
}

void
heed_log(HeedLogLevel level, const char *format, ...)
{
    g_autoptr(GString) line = g_string_new("heed: ");
    g_autofree char *message = NULL;
    va_list arguments;

    if (level > shown)
        return;
    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    append_disarmed(line, message);
    g_string_append_c(line, '\n');
    if (write(STDERR_FILENO, line->str, line->len) < 0)
        return; /* nowhere left to say it */
}
