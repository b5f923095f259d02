/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/typed.h"

#include "parsers/address.h"

#include <string.h>

#define TYPE_LIMIT 32U

static size_t
type_length(HeedSpan value)
{
    size_t most = MIN(value.length, TYPE_LIMIT);
    size_t length = 0;
    size_t semicolon;

    while (length < most &&
           (g_ascii_isalnum(value.at[length]) || value.at[length] == '-' ||
            value.at[length] == '.' || value.at[length] == '_' || value.at[length] == '/'))
        length++;
    for (semicolon = length; semicolon < most && g_ascii_isspace(value.at[semicolon]); semicolon++)
        continue;
    return semicolon < most && value.at[semicolon] == ';' ? semicolon + 1 : 0;
}

/* Takes the type off; an empty span where there is none. */
static void
split_type(HeedSpan value, HeedSpan *out_type, HeedSpan *out_rest)
{
    size_t length;

    value = heed_span_trim(value);
    *out_type = (HeedSpan){value.at, 0};
    while ((length = type_length(value)) > 0) {
        if (out_type->length == 0)
            *out_type = heed_span_trim((HeedSpan){value.at, length - 1});
        value = heed_span_trim((HeedSpan){value.at + length, value.length - length});
    }
    *out_rest = value;
}

/* The types whose value is a mail address. */
static bool
is_mail_type(HeedSpan type)
{
    static const char *const types[] = {"rfc822",  "utf-8", "utf8",     "unitext", "rfc-822",
                                        "rfc/822", "smtp",  "internet", "email"};

    if (type.length == 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (heed_span_is(type, types[i]))
            return true;
    return false;
}

static int
hex_value(const char *at)
{
    int high = g_ascii_xdigit_value(at[0]);
    int low = high < 0 ? -1 : g_ascii_xdigit_value(at[1]);

    return low < 0 ? -1 : high * 16 + low;
}

bool
heed_xtext_decode(GString *text)
{
    gsize kept = 0;

    for (gsize i = 0; i < text->len; i++) {
        if (text->str[i] != '+')
            continue;
        if (hex_value(text->str + i + 1) < ' ' || hex_value(text->str + i + 1) == 0x7f)
            return false;
    }
    for (gsize i = 0; i < text->len; i++) {
        char c = text->str[i];

        if (c == '+') {
            c = (char)hex_value(text->str + i + 1);
            i += 2;
        }
        text->str[kept++] = c;
    }
    g_string_truncate(text, kept);
    return true;
}

/* The character behind "\x{", with the bytes of the whole escape; 0 bytes when it is none. */
static gsize
read_escape(const char *at, gsize length, gunichar *out_c)
{
    gunichar c = 0;
    gsize i = 3;

    if (length < 5 || memcmp(at, "\\x{", 3) != 0)
        return 0;
    for (; i < length && i < 9 && g_ascii_isxdigit(at[i]); i++)
        c = c * 16 + (gunichar)g_ascii_xdigit_value(at[i]);
    if (i == 3 || i >= length || at[i] != '}' || c < 0x20 || !g_unichar_validate(c))
        return 0;
    *out_c = c;
    return i + 1;
}

/* Undoes RFC 6533's "\x{263A}" in place. What is no such thing stays as it is. */
static void
decode_utf8_address(GString *text)
{
    gsize kept = 0;
    gsize i = 0;

    /* What an escape becomes is never longer than the escape. */
    while (i < text->len) {
        gunichar c;
        gsize bytes = read_escape(text->str + i, text->len - i, &c);

        if (bytes > 0) {
            kept += (gsize)g_unichar_to_utf8(c, text->str + kept);
            i += bytes;
        } else {
            text->str[kept++] = text->str[i++];
        }
    }
    g_string_truncate(text, kept);
}

/* Leaves what stands between the last "<" and the ">" behind it, if anything. */
static void
strip_brackets(GString *text)
{
    char *open = strrchr(text->str, '<');
    char *close = open == NULL ? NULL : strchr(open, '>');

    if (open == NULL)
        return;
    if (close != NULL)
        g_string_truncate(text, (gsize)(close - text->str));
    g_string_erase(text, 0, open + 1 - text->str);
}

/* What has no "@" is no address, unless it is one with its "@" encoded. */
static void
decode_leftover_xtext(GString *text)
{
    g_autoptr(GString) decoded = NULL;

    if (strchr(text->str, '@') != NULL || strchr(text->str, '+') == NULL)
        return;
    decoded = g_string_new_len(text->str, (gssize)text->len);
    if (heed_xtext_decode(decoded) && strchr(decoded->str, '@') != NULL)
        g_string_assign(text, decoded->str);
}

const char *
heed_typed_recipient(HeedReport *report, HeedSpan value, GString *scratch)
{
    HeedSpan type;
    HeedSpan rest;

    split_type(value, &type, &rest);
    if (!is_mail_type(type)) {
        g_autofree char *prefix = g_strdup_printf("%.*s;", (int)type.length, type.at);

        heed_field_unfold(rest, scratch);
        g_string_prepend(scratch, prefix);
        return heed_report_text(report, scratch->str, (gssize)scratch->len);
    }
    heed_field_strip_comments(rest, scratch);
    strip_brackets(scratch);
    if (heed_span_starts(type, "u"))
        decode_utf8_address(scratch);
    else
        decode_leftover_xtext(scratch);
    return heed_report_text(report, scratch->str, (gssize)scratch->len);
}

char *
heed_typed_normalise(const char *recipient)
{
    HeedSpan type;
    HeedSpan rest;

    if (recipient == NULL)
        return NULL;
    split_type((HeedSpan){recipient, strlen(recipient)}, &type, &rest);
    if (heed_span_starts(type, "x400") || heed_span_starts(type, "x.400") ||
        heed_span_starts(type, "x500") || heed_span_starts(type, "x.500"))
        return NULL;
    return heed_address_normalise(rest.at, (gssize)rest.length);
}

const char *
heed_typed_host(HeedReport *report, HeedSpan value, GString *scratch)
{
    HeedSpan type;
    HeedSpan rest;
    gsize length;

    split_type(value, &type, &rest);
    heed_field_strip_comments(rest, scratch);
    length = strcspn(scratch->str, " \t,;");
    while (length > 0 && scratch->str[length - 1] == '.')
        length--;
    if (length > 2 && scratch->str[0] == '[' && scratch->str[length - 1] == ']')
        return heed_report_text(report, scratch->str + 1, (gssize)length - 2);
    return heed_report_text(report, scratch->str, (gssize)length);
}
