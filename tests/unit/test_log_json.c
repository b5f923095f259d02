/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_json.h"

#include <glib.h>
#include <string.h>

/* What a walk over the text finds: its members as "kind name=text", then "bad" where it broke off;
 * NULL where there is nothing to walk over. */
typedef struct Row {
    const char *name;
    const char *text;
    const char *want;
} Row;

static const Row rows[] = {
    {"empty-object", "{}", ""},
    {"blanks", " { \"a\" : 1 , \"b\" : [ ] } ", "number a=1, array b=[ ]"},
    {"kinds", "{\"a\":\"x\",\"b\":-1.5e3,\"c\":null,\"d\":{\"e\":[1]},\"f\":[{}]}",
     "string a=x, number b=-1.5e3, word c=null, object d={\"e\":[1]}, array f=[{}]"},
    {"array", "[1,\"x\",[2]]", "number =1, string =x, array =[2]"},
    {"escapes", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "string a=\"\\/     "},
    {"unicode", "{\"a\":\"\\u00e9\\ud83d\\ude00\"}", "string a=\xC3\xA9\xF0\x9F\x98\x80"},
    {"not-in-a-line", "{\"a\":\"x\\u0000\\u000a\\u000dy\"}", "string a=x   y"},
    {"lone-surrogates", "{\"a\":\"\\ud83dx\\ude00\\ud83d\\u0041\"}", "string a= x  A"},
    {"cut-escape", "{\"a\":\"\\u00\"}", "string a= 00"},
    {"brackets-in-strings", "{\"a\":{\"b\":\"}]\\\"}\"},\"c\":1}",
     "object a={\"b\":\"}]\\\"}\"}, number c=1"},
    {"name-twice", "{\"a\":1,\"a\":2}", "number a=1, number a=2"},
    {"comma-at-the-end", "{\"a\":1,}", "number a=1"},
    {"cut-in-string", "{\"a\":1,\"b\":\"x", "number a=1, bad"},
    {"cut-in-escape", "{\"a\":\"x\\", "bad"},
    {"cut-in-nested", "{\"a\":[1,{", "bad"},
    {"cut-behind-value", "{\"a\":1", "number a=1, bad"},
    {"cut-behind-comma", "{\"a\":1,", "number a=1, bad"},
    {"cut-at-once", "{", "bad"},
    {"no-colon", "{\"a\" 1}", "bad"},
    {"no-value", "{\"a\":}", "bad"},
    {"no-name", "{1}", "bad"},
    {"no-comma", "{\"a\":1 \"b\":2}", "number a=1, bad"},
    {"other-bracket", "{\"a\":1]", "number a=1, bad"},
    {"control-character", "{\"a\":\"x\ty\"}", "bad"},
    {"something-behind", "{\"a\":1} x", "number a=1, bad"},
    {"no-object", "\"a\"", NULL},
    {"nothing", "", NULL},
};

static char *
walk_text(const char *text, size_t length)
{
    static const char *const kinds[] = {"string", "number", "word", "object", "array"};
    g_autoptr(GString) scratch = g_string_sized_new(1000);
    g_autoptr(GString) out = g_string_new(NULL);
    HeedLogJsonWalk walk;
    HeedLogJsonMember member;

    if (!heed_log_json_open((HeedSpan){text, length}, &walk))
        return NULL;
    while (heed_log_json_next(&walk, &member)) {
        HeedSpan value = member.kind == HEED_LOG_JSON_STRING ? heed_log_json_text(&member, scratch)
                                                             : member.text;

        g_string_append_printf(out, "%s%s %.*s=%.*s", out->len > 0 ? ", " : "", kinds[member.kind],
                               (int)member.name.length, member.name.at, (int)value.length,
                               value.at);
    }
    g_assert_false(heed_log_json_next(&walk, &member));
    if (walk.bad)
        g_string_append(out, out->len > 0 ? ", bad" : "bad");
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    size_t length = strlen(row->text);
    /* A block of exactly its size: an over-read is seen by a sanitizer. */
    g_autofree char *text = g_memdup2(row->text, length);
    g_autofree char *got = walk_text(text, length);

    g_assert_cmpstr(got, ==, row->want);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/log_json/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    return g_test_run();
}
