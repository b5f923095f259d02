/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exposition.h"

#include <stdarg.h>
#include <stdbool.h>

/* As many bytes as g_ascii_dtostr() needs. */
#define NUMBER_BYTES G_ASCII_DTOSTR_BUF_SIZE

void
heed_exposition_clear(HeedExposition *exposition)
{
    if (exposition->text != NULL)
        (void)g_string_free(exposition->text, TRUE);
    exposition->text = NULL;
}

void
heed_exposition_family(HeedExposition *exposition,
                       const char *name,
                       const char *type,
                       const char *help)
{
    exposition->name = name;
    g_string_append_printf(exposition->text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
                           type);
}

static void
append_label(GString *text, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value != NULL ? value : "", -1);
    size_t letters = 0;

    for (const char *c = valid; *c != '\0' && letters < HEED_EXPOSITION_LABEL_LETTERS;
         c = g_utf8_find_next_char(c, NULL), letters++) {
        if (*c == '\\')
            g_string_append(text, "\\\\");
        else if (*c == '"')
            g_string_append(text, "\\\"");
        else if (*c == '\n')
            g_string_append(text, "\\n");
        else
            g_string_append_unichar(text, g_utf8_get_char(c));
    }
}

void
heed_exposition_sample(HeedExposition *exposition, double value, ...)
{
    char number[NUMBER_BYTES];
    const char *label = NULL;
    bool first = true;
    va_list labels;

    g_string_append(exposition->text, exposition->name);
    va_start(labels, value);
    while ((label = va_arg(labels, const char *)) != NULL) {
        g_string_append_printf(exposition->text, "%c%s=\"", first ? '{' : ',', label);
        append_label(exposition->text, va_arg(labels, const char *));
        g_string_append_c(exposition->text, '"');
        first = false;
    }
    va_end(labels);
    g_string_append_printf(exposition->text, "%s %s\n", first ? "" : "}",
                           g_ascii_formatd(number, sizeof(number), "%.15g", value));
}
