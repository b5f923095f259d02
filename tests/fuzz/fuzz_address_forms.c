/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/address.h"
#include "suppress/address_forms.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What PostgreSQL makes of the pattern, for bytes: to GLib those beyond ASCII are letters. */
static bool
matches(const GPtrArray *forms, const char *bytes, size_t length)
{
    g_autofree char *pattern = heed_forms_pattern(forms);
    g_autoptr(GString) of_bytes = g_string_new(pattern);
    g_autoptr(GString) lowered = g_string_new_len(bytes, (gssize)length);
    g_autoptr(GRegex) regex = NULL;

    (void)g_string_replace(of_bytes, "[:alnum:]", "0-9a-z", 0);
    for (size_t i = 0; i < length; i++)
        lowered->str[i] = g_ascii_tolower(lowered->str[i]);
    regex = g_regex_new(of_bytes->str, G_REGEX_RAW, (GRegexMatchFlags)0, NULL);
    g_assert_nonnull(regex);
    return g_regex_match_full(regex, lowered->str, (gssize)length, 0, (GRegexMatchFlags)0, NULL,
                              NULL);
}

/* An address, a line end, and bytes that may quote it: both ways to look agree, and each form is
 * found where it stands alone. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
    g_autofree char *address = end != NULL ? heed_address_normalise(text, end - text) : NULL;
    g_autoptr(GPtrArray) forms = g_ptr_array_new_with_free_func(g_free);
    size_t length;

    if (address == NULL)
        return 0;
    length = size - (size_t)(end + 1 - text);
    heed_forms_add(forms, address);
    g_assert_cmpuint(forms->len, >=, 2);
    g_assert_true(heed_forms_occur(forms, end + 1, length) == matches(forms, end + 1, length));
    for (guint i = 0; i < forms->len; i++) {
        g_autofree char *quoted = g_strdup_printf("<%s>.", (char *)g_ptr_array_index(forms, i));

        g_assert_true(heed_forms_occur(forms, quoted, strlen(quoted)));
        g_assert_true(matches(forms, quoted, strlen(quoted)));
    }
    return 0;
}
