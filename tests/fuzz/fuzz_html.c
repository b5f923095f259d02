/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exposition.h"
#include "cli/html.h"
#include "cli/terminal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What text has become is nothing but text, wherever it is put. */
static void
check_text(const char *text)
{
    static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_null(strpbrk(text, "<>\"'\t\r\n"));
    for (const char *c = text; *c != '\0'; c = g_utf8_find_next_char(c, NULL)) {
        bool known = *c != '&';

        g_assert_true(heed_terminal_is_harmless(g_utf8_get_char(c)));
        for (size_t i = 0; i < G_N_ELEMENTS(references); i++)
            known = known || g_str_has_prefix(c, references[i]);
        g_assert_true(known);
    }
}

/* A sample stays one line, and its label ends where it should. */
static void
check_sample(const char *text)
{
    const char *c = strchr(text, '"') + 1;

    while (*c != '"')
        c += *c == '\\' ? 2 : 1;
    g_assert_cmpstr(c, ==, "\"} 1\n");
    g_assert_cmpuint(strcspn(text, "\n"), ==, strlen(text) - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GString) page = g_string_new(NULL);
    g_auto(HeedExposition) out = {.text = g_string_new(NULL), .name = "x"};

    heed_html_text(page, text, HEED_HTML_LETTERS);
    check_text(page->str);
    heed_exposition_sample(&out, 1, "label", text, NULL);
    check_sample(out.text->str);
    return 0;
}
