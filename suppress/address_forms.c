/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "suppress/address_forms.h"

#include "parsers/address.h"

#include <idn2.h>
#include <string.h>

static void
add_with_domain(GPtrArray *forms, const char *local, const char *domain)
{
    g_ptr_array_add(forms, g_strconcat(local, "@", domain, NULL));
    g_ptr_array_add(forms, g_strconcat(local, "=", domain, NULL));
}

void
heed_forms_add(GPtrArray *forms, const char *address)
{
    const char *domain = heed_address_domain(address);
    g_autofree char *local = g_strndup(address, (gsize)MAX(domain - address - 1, 0));
    char *read = NULL;

    add_with_domain(forms, local, domain);
    if (idn2_to_unicode_8z8z(domain, &read, 0) == IDN2_OK && strcmp(read, domain) != 0)
        add_with_domain(forms, local, read);
    idn2_free(read);
}

/* What stands at the ends of an address is no part of it. */
static bool
stands_alone(const char *bytes, size_t length, size_t from, size_t to)
{
    if (from > 0 && g_ascii_isalnum(bytes[from - 1]))
        return false;
    if (to == length)
        return true;
    if (bytes[to] == '.')
        return to + 1 == length || !g_ascii_isalnum(bytes[to + 1]);
    return bytes[to] != '-' && !g_ascii_isalnum(bytes[to]);
}

static bool
occurs(const char *form, const char *lowered, size_t length)
{
    size_t form_length = strlen(form);
    size_t from = 0;
    const char *found;

    while ((found = memmem(lowered + from, length - from, form, form_length)) != NULL) {
        size_t at = (size_t)(found - lowered);

        if (stands_alone(lowered, length, at, at + form_length))
            return true;
        from = at + 1;
    }
    return false;
}

bool
heed_forms_occur(const GPtrArray *forms, const char *bytes, size_t length)
{
    g_autofree char *lowered = g_malloc(MAX(length, 1));

    for (size_t i = 0; i < length; i++)
        lowered[i] = g_ascii_tolower(bytes[i]);
    for (guint i = 0; i < forms->len; i++)
        if (occurs(g_ptr_array_index(forms, i), lowered, length))
            return true;
    return false;
}

char *
heed_forms_pattern(const GPtrArray *forms)
{
    GString *pattern = g_string_new("(?<![[:alnum:]])(?:");

    for (guint i = 0; i < forms->len; i++) {
        if (i > 0)
            g_string_append_c(pattern, '|');
        for (const char *c = g_ptr_array_index(forms, i); *c != '\0'; c++) {
            if (g_ascii_ispunct(*c))
                g_string_append_c(pattern, '\\');
            g_string_append_c(pattern, *c);
        }
    }
    g_string_append(pattern, ")(?![[:alnum:]-]|\\.[[:alnum:]])");
    return g_string_free(pattern, FALSE);
}
