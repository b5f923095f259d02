/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/clean_lines.h"

#include <glib.h>

static const struct {
    const char *name;
    HeedCleaned cleaned;
    const char *want;
} rows[] = {
    {"one",
     {.lines = 1, .removed = {.suppressed = 1}},
     "'list': 1 line, 0 kept; removed: 1 suppressed, 0 invalid, 0 duplicate"},
    {"several",
     {.lines = 3, .kept = 2, .removed = {.invalid = 1}, .shortened = 1, .taken = {.duplicate = 2}},
     "'list': 3 lines, 2 kept; removed: 0 suppressed, 1 invalid, 0 duplicate\n"
     "'list': addresses taken out of 1 kept line: 0 suppressed, 0 invalid, 2 duplicate"},
    {"unremembered",
     {.lines = 7000000, .kept = 7000000, .unremembered = 290000},
     "'list': 7000000 lines, 7000000 kept; removed: 0 suppressed, 0 invalid, 0 duplicate\n"
     "'list': behind the first 6710000 addresses, duplicates of 290000 others were not looked for"},
};

static void
test_row(gconstpointer data)
{
    size_t row = GPOINTER_TO_SIZE(data);
    g_auto(GStrv) lines = heed_clean_lines("list", &rows[row].cleaned);
    g_autofree char *text = g_strjoinv("\n", lines);

    g_assert_cmpstr(text, ==, rows[row].want);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/clean-lines/", rows[i].name, NULL);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_row);
    }
    return g_test_run();
}
