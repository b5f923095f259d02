/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/folder_name.h"

#include <glib.h>
#include <string.h>

#define SIXTET_BITS 6U
#define SIXTET_MASK 0x3fU

/* One run of other characters: "&", base64 of UTF-16 without padding and with "," for "/", "-". */
static const char *
append_shifted(GString *encoded, const char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    guint32 bits = 0;
    unsigned count = 0;

    g_string_append_c(encoded, '&');
    while (*text != '\0' && !g_ascii_isprint(*text)) {
        gunichar character = g_utf8_get_char(text);
        gunichar units[2] = {character, 0};
        size_t length = 1;

        if (character > 0xffff) {
            units[0] = 0xd800 + ((character - 0x10000) >> 10);
            units[1] = 0xdc00 + ((character - 0x10000) & 0x3ff);
            length = 2;
        }
        for (size_t i = 0; i < length; i++) {
            bits = bits << 16 | units[i];
            count += 16;
            for (; count >= SIXTET_BITS; count -= SIXTET_BITS)
                g_string_append_c(encoded, alphabet[bits >> (count - SIXTET_BITS) & SIXTET_MASK]);
            bits &= (1U << count) - 1;
        }
        text += g_utf8_skip[*(const guchar *)text];
    }
    if (count > 0)
        g_string_append_c(encoded, alphabet[bits << (SIXTET_BITS - count) & SIXTET_MASK]);
    g_string_append_c(encoded, '-');
    return text;
}

char *
heed_folder_name_encode(const char *name, char delimiter)
{
    g_autoptr(GString) encoded = g_string_new(NULL);

    while (*name != '\0') {
        if (!g_ascii_isprint(*name)) {
            name = append_shifted(encoded, name);
            continue;
        }
        if (*name == '&')
            g_string_append(encoded, "&-");
        else
            g_string_append_c(encoded, *name == '/' && delimiter != '\0' ? delimiter : *name);
        name++;
    }
    return g_string_free(g_steal_pointer(&encoded), FALSE);
}

/* The name behind INBOX in whatever case, or NULL: it does not begin with that. */
static const char *
behind_inbox(const char *name, char delimiter)
{
    size_t length = strlen("INBOX");

    if (g_ascii_strncasecmp(name, "INBOX", length) != 0)
        return NULL;
    return name[length] == '\0' || name[length] == delimiter ? name + length : NULL;
}

bool
heed_folder_name_is_same(const char *name, const char *other, char delimiter)
{
    const char *below = behind_inbox(name, delimiter);
    const char *other_below = behind_inbox(other, delimiter);

    if (below != NULL && other_below != NULL)
        return g_str_equal(below, other_below);
    return g_str_equal(name, other);
}
