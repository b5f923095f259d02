/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/terminal.h"
#include "parsers/report.h"

#include <stdlib.h>

static void
test_clean(void)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {NULL, "-"},
        {"", ""},
        {"plain", "plain"},
        {"a\tb\r\nc", "a b  c"},
        {"\033[31mred\033[0m", "?[31mred?[0m"},
        {"bell\a del\x7f", "bell? del?"},
        {"c1 \xc2\x9b", "c1 ?"},
        {"gr\xc3\xbc\xc3\x9f", "grüß"},
        {"bad \xff", "bad \xef\xbf\xbd"},
        {"turned \xe2\x80\xae here", "turned ? here"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = heed_terminal_clean(rows[i].text);

        g_assert_cmpstr(got, ==, rows[i].want);
    }
}

static void
test_width(void)
{
    g_assert_cmpuint(heed_terminal_width(""), ==, 0);
    g_assert_cmpuint(heed_terminal_width("abc"), ==, 3);
    g_assert_cmpuint(heed_terminal_width("grüß"), ==, 4);
    g_assert_cmpuint(heed_terminal_width("漢字"), ==, 4);
    g_assert_cmpuint(heed_terminal_width("e\xcc\x81"), ==, 1);
}

static void
test_date(void)
{
    g_autofree char *date = heed_terminal_date(1767323045);
    g_autofree char *unknown = heed_terminal_date(HEED_DATE_UNKNOWN);
    g_autofree char *absurd = heed_terminal_date(INT64_MAX);

    g_assert_cmpstr(date, ==, "2026-01-02 03:04:05Z");
    g_assert_cmpstr(unknown, ==, "-");
    g_assert_cmpstr(absurd, ==, "-");
}

static void
test_table(void)
{
    static const char *const titles[] = {"NAME", ">COUNT", "TEXT", NULL};
    g_autoptr(HeedTable) table = heed_table_new(titles);
    char *printed = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&printed, &length);

    heed_table_text(table, "漢字");
    heed_table_int(table, 7);
    heed_table_text(table, "short");
    heed_table_text(table, "longer name");
    heed_table_int(table, 1234567);
    heed_table_text(table, NULL);
    g_assert_cmpuint(heed_table_rows(table), ==, 2);
    heed_table_print(table, out);
    (void)fclose(out);
    g_assert_cmpstr(printed, ==,
                    "NAME           COUNT  TEXT\n"
                    "漢字               7  short\n"
                    "longer name  1234567  -\n");
    free(printed);
}

static void
test_table_folded(void)
{
    static const char *const titles[] = {"NAME", "WHY", NULL};

    static const struct {
        size_t room;
        const char *want;
    } rows[] = {
        {0, "NAME    WHY\nab      one two three four five six seven eight\nlonger  -\n"},
        {47, "NAME    WHY\nab      one two three four five six seven eight\nlonger  -\n"},
        {36, "NAME    WHY\nab      one two three four five six\n        seven eight\nlonger  -\n"},
        {31,
         "NAME    WHY\nab      \n    one two three four five six\n    seven eight\nlonger  -\n"},
        {3, "NAME    WHY\nab      \n    one\n    two\n    three\n    four\n    five\n    six\n"
            "    seven\n    eight\nlonger  \n    -\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(HeedTable) table = heed_table_new(titles);
        char *printed = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&printed, &length);

        heed_table_text(table, "ab");
        heed_table_text(table, "one two three four five six seven eight");
        heed_table_text(table, "longer");
        heed_table_text(table, NULL);
        heed_table_print_within(table, rows[i].room, out);
        (void)fclose(out);
        g_assert_cmpstr(printed, ==, rows[i].want);
        free(printed);
    }
}

static void
test_suggest(void)
{
    static const char *const names[] = {"poll", "parse", "suppress add", "why"};

    static const struct {
        const char *word;
        int want;
    } rows[] = {
        {"pol", 0},
        {"plol", 0},
        {"prase", 1},
        {"suppres add", 2},
        {"wy", 3},
        {"frobnicate", -1},
        {"", -1},
        {"x", -1},
        {"a word that is longer than any command of ours could be", -1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(heed_suggest(rows[i].word, names, G_N_ELEMENTS(names)), ==, rows[i].want);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/terminal/clean", test_clean);
    g_test_add_func("/terminal/width", test_width);
    g_test_add_func("/terminal/date", test_date);
    g_test_add_func("/terminal/table", test_table);
    g_test_add_func("/terminal/table_folded", test_table_folded);
    g_test_add_func("/suggest", test_suggest);
    return g_test_run();
}
