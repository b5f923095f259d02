/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/fields.h"
#include "parsers/typed.h"

#include <string.h>

/* Fields as "name=value|" with "+" before one that begins a group; values unfolded. */
static char *
describe(const char *text, bool header)
{
    size_t length = strlen(text);
    g_autofree char *exact = length > 0 ? g_memdup2(text, length) : g_malloc(1);
    g_autoptr(GString) value = g_string_new(NULL);
    GString *out = g_string_new(NULL);
    HeedFieldCursor cursor;
    HeedField field;

    heed_fields_begin(&cursor, exact, length, header);
    while (heed_fields_next(&cursor, &field)) {
        heed_field_unfold(field.value, value);
        g_string_append_printf(out, "%s%.*s=%s|", field.starts_group ? "+" : "",
                               (int)field.name.length, field.name.at, value->str);
    }
    return g_string_free(out, FALSE);
}

static void
check_fields(void)
{
    static const struct {
        const char *input;
        const char *want;
        bool header;
    } rows[] = {
        {"", "", false},
        {"\n\n", "", false},
        {"A: 1\nB:2\n\nC : 3", "+A=1|B=2|+C=3|", false},
        {"A: 1\r\nB:2\r\n\r\nC : 3\r\n", "+A=1|B=2|+C=3|", false},
        {"A: 1\rB:2\r\rC : 3\r", "+A=1|B=2|+C=3|", false},
        {"A: 1\nB:2\n\nC : 3", "+A=1|B=2|", true},
        {"A: 1\n  2\n\t3\nB: 4", "+A=1 2 3|B=4|", false},
        {"A: 1\n \t\nB: 2", "+A=1|+B=2|", false},
        {"A: 1\n \t\n 2\nB: 3", "+A=1 2|B=3|", false},
        {"A: 1\nnot a field\nB: 2", "+A=1 not a field|B=2|", false},
        {"text before\nA: 1", "+A=1|", false},
        {" indented: 1\nA: 2", "+A=2|", false},
        {":no name\nA:", "+A=|", false},
        {"A:\n\n", "+A=|", false},
        {"A", "", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = describe(rows[i].input, rows[i].header);

        g_assert_cmpstr(got, ==, rows[i].want);
    }
}

static void
check_comments(void)
{
    static const struct {
        const char *input;
        const char *want;
    } rows[] = {
        {"a (b) c", "a  c"},
        {"(a (b)) c", "c"},
        {"\"(a)\" (b)", "\"(a)\""},
        {"a (b\\) c) d", "a  d"},
        {"a ) b", "a ) b"},
        {"a (never closed", "a"},
        {"\"a\\\"(b\" c", "\"a\\\"(b\" c"},
        {"\\", "\\"},
        {"(", ""},
    };

    g_autoptr(GString) out = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        heed_field_strip_comments((HeedSpan){rows[i].input, strlen(rows[i].input)}, out);
        g_assert_cmpstr(out->str, ==, rows[i].want);
    }
}

static void
check_recipients(void)
{
    static const struct {
        const char *input;
        const char *want;
        const char *address;
    } rows[] = {
        {"rfc822; user@example.org", "user@example.org", "user@example.org"},
        {"RFC822;<User@Example.ORG>", "User@Example.ORG", "user@example.org"},
        {"rfc822;rfc822; user@example.org", "user@example.org", "user@example.org"},
        {"rfc822 ;\r\n\tuser@example.org (him)", "user@example.org", "user@example.org"},
        {"user@example.org", "user@example.org", "user@example.org"},
        {"rfc822; A User <user@example.org>", "user@example.org", "user@example.org"},
        {"rfc822; \"a;b (c)\"@example.org", "\"a;b (c)\"@example.org", "\"a;b (c)\"@example.org"},
        {"rfc822; user+2Btag@example.org", "user+2Btag@example.org", "user+2btag@example.org"},
        {"rfc822; user+news@example.org", "user+news@example.org", "user+news@example.org"},
        {"rfc822; user+20news@example.org", "user+20news@example.org", "user+20news@example.org"},
        {"rfc822; user+40example.org", "user@example.org", "user@example.org"},
        {"rfc822; user", "user", NULL},
        {"rfc822;", NULL, NULL},
        {"rfc822;<>", NULL, NULL},
        {"", NULL, NULL},
        {";", NULL, NULL},
        {"utf-8; \\x{6A}\\x{F6}rg@example.org", "j\xc3\xb6rg@example.org",
         "j\xc3\xb6rg@example.org"},
        {"utf-8; j\xc3\xb6rg@b\xc3\xbc"
         "cher.example",
         "j\xc3\xb6rg@b\xc3\xbc"
         "cher.example",
         "j\xc3\xb6rg@xn--bcher-kva.example"},
        {"utf-8; \\x{D800}\\x{}\\x{1\\x{110000}@example.org",
         "\\x{D800}\\x{}\\x{1\\x{110000}@example.org", NULL},
        {"X400; C=de;A=tele;S=muster(a)example.org", "X400;C=de;A=tele;S=muster(a)example.org",
         NULL},
        {"x400; user@example.org", "x400;user@example.org", NULL},
        {"LOCAL;<hmeier>", "LOCAL;<hmeier>", NULL},
        {"x-local; user@example.org", "x-local;user@example.org", "user@example.org"},
        {"system;<>", "system;<>", NULL},
    };

    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GString) scratch = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t length = strlen(rows[i].input);
        g_autofree char *exact = g_malloc(MAX(length, 1));
        g_autofree char *address = NULL;
        const char *got;

        memcpy(exact, rows[i].input, length);
        got = heed_typed_recipient(report, (HeedSpan){exact, length}, scratch);
        g_assert_cmpstr(got, ==, rows[i].want);
        address = heed_typed_normalise(got);
        g_assert_cmpstr(address, ==, rows[i].address);
    }
}

static void
check_hosts(void)
{
    static const struct {
        const char *input;
        const char *want;
    } rows[] = {
        {"dns; mx.example.org", "mx.example.org"},
        {"DNS;mx.example.org. (192.0.2.1, the server for the\r\n domain)", "mx.example.org"},
        {"mx.example.org", "mx.example.org"},
        {"dns; [192.0.2.1]", "192.0.2.1"},
        {"dns; mx.example.org [192.0.2.1]", "mx.example.org"},
        {"x-unknown; 192.0.2.1", "192.0.2.1"},
        {"dns;", NULL},
        {"(none)", NULL},
    };

    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GString) scratch = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(
            heed_typed_host(report, (HeedSpan){rows[i].input, strlen(rows[i].input)}, scratch), ==,
            rows[i].want);
}

/* RFC 3461 4: "+" and two hexadecimal digits. */
static void
check_xtext(void)
{
    static const struct {
        const char *input;
        const char *want; /* NULL: no xtext */
    } rows[] = {
        {"plain", "plain"}, {"a+2Bb+3Dc", "a+b=c"}, {"+40", "@"},    {"a+2b", "a+"},
        {"a+", NULL},       {"a+4", NULL},          {"a+4G", NULL},  {"a+00", NULL},
        {"a+0A", NULL},     {"a+7F", NULL},         {"a++2B", NULL}, {"", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) text = g_string_new(rows[i].input);

        const char *want = rows[i].want != NULL ? rows[i].want : rows[i].input;

        g_assert_true(heed_xtext_decode(text) == (rows[i].want != NULL));
        g_assert_cmpstr(text->str, ==, want);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fields/groups", check_fields);
    g_test_add_func("/fields/comments", check_comments);
    g_test_add_func("/typed/recipients", check_recipients);
    g_test_add_func("/typed/hosts", check_hosts);
    g_test_add_func("/typed/xtext", check_xtext);
    return g_test_run();
}
