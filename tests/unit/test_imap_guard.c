/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "ingest/imap_guard.h"

#include <string.h>

/* Some octets, then so many "(", and whether that is too much. */
typedef struct Case {
    const char *name;
    const char *before;
    unsigned parentheses;
    bool good;
} Case;

static const Case cases[] = {
    {"few", "* 1 FETCH ", 1000, true},
    {"many", "* 1 FETCH ", 1001, false},
    {"next-line", "* 1 FETCH ((((\r\n* OK\r\n", 1000, true},
    {"in-literal", "* 12 FETCH (BODY[] {5000}\r\n", 4000, true},
    {"in-literal-plus", "* 12 fetch (BODY[] {5000+}\r\n", 4000, true},
    {"literal-without-cr", "* 12 FETCH (BODY[] {5000}\n", 4000, true},
    {"literal-too-short", "* 12 FETCH (BODY[] {500}\r\n", 4000, false},
    {"literal-in-text", "* OK {5000}\r\n", 4000, false},
    {"literal-in-tagged", "1 OK {5000}\r\n", 4000, false},
    {"brace-in-middle", "* 1 FETCH {5000} \r\n", 4000, false},
    {"counts-across-literals", "* LIST ((( {3}\r\n((((", 998, false},
    {"list", "* LIST () \"/\" {2000}\r\n", 1990, true},
    {"overflow", "* 1 FETCH {99999999999999999999999}\r\n", 4000, true},
};

static void
test_parentheses(gconstpointer data)
{
    const Case *row = data;
    g_autofree char *many = g_strnfill(row->parentheses, '(');
    HeedImapGuard guard;
    g_autoptr(GError) error = NULL;
    bool good = true;

    heed_imap_guard_init(&guard);
    /* Octet by octet in front: what arrives is cut anywhere. */
    for (const char *c = row->before; *c != '\0'; c++)
        good = good && heed_imap_guard_inspect(&guard, c, 1, &error);
    g_assert_true(good);
    g_assert_true(heed_imap_guard_inspect(&guard, many, row->parentheses, &error) == row->good);
    if (!row->good)
        g_assert_error(error, HEED_ERROR, HEED_ERROR_LIMIT);
}

static void
test_long_line(void)
{
    g_autofree char *line = g_strnfill(HEED_LIMIT_LINE_BYTES, 'x');
    HeedImapGuard guard;
    g_autoptr(GError) error = NULL;

    heed_imap_guard_init(&guard);
    g_assert_true(heed_imap_guard_inspect(&guard, line, HEED_LIMIT_LINE_BYTES, &error));
    g_assert_false(heed_imap_guard_inspect(&guard, "x", 1, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_LIMIT);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/imap-guard/parentheses/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_parentheses);
    }
    g_test_add_func("/imap-guard/long-line", test_long_line);
    return g_test_run();
}
