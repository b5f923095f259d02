/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads each tests/fixtures/KIND/NNN-what.eml and compares the report with NNN-what.json beside it.
 * HEED_UPDATE_GOLDEN=1 writes those files instead: look at the difference before you commit it.
 */
#include "base/cleanup.h"
#include "parsers/report_json.h"
#include "tests/support/parser.h"

#include <jansson.h>
#include <string.h>

#define FIXTURES HEED_SOURCE_DIR "/tests/fixtures"

static HeedParser *parser;

static char *
read_pretty(const char *bytes, size_t length, const char *source)
{
    g_autofree char *exact = g_malloc(MAX(length, 1)); /* an over-read is seen by a sanitizer */
    g_autoptr(HeedReport) report = NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(json_t) json = NULL;
    g_autofree char *pretty = NULL;
    char *dumped;

    if (length > 0)
        memcpy(exact, bytes, length);
    report = heed_parser_read(parser, exact, length, NULL);
    heed_report_to_json(report, source, line);
    json = json_loads(line->str, 0, NULL);
    g_assert_nonnull(json);
    dumped = json_dumps(json, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    pretty = g_strconcat(dumped, "\n", NULL);
    free(dumped);
    return g_steal_pointer(&pretty);
}

/* The same message with CRLF line ends. */
static GString *
with_crlf(const char *bytes, size_t length)
{
    GString *out = g_string_sized_new(length + length / 16);

    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n')
            g_string_append_c(out, '\r');
        g_string_append_c(out, bytes[i]);
    }
    return out;
}

static void
check_golden(gconstpointer data)
{
    const char *source = data;
    g_autofree char *path = g_build_filename(FIXTURES, source, NULL);
    g_autofree char *golden = g_strdup_printf("%.*s.json", (int)strlen(path) - 4, path);
    g_autofree char *bytes = NULL;
    g_autofree char *got = NULL;
    g_autofree char *want = NULL;
    size_t length = 0;

    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    got = read_pretty(bytes, length, source);
    if (g_getenv("HEED_UPDATE_GOLDEN") != NULL)
        g_assert_true(g_file_set_contents(golden, got, -1, NULL));
    g_assert_true(g_file_get_contents(golden, &want, NULL, NULL));
    g_assert_cmpstr(got, ==, want);
    if (memchr(bytes, '\r', length) == NULL) {
        g_autoptr(GString) crlf = with_crlf(bytes, length);
        g_autofree char *other = read_pretty(crlf->str, crlf->len, source);

        g_assert_cmpstr(other, ==, want);
    }
}

/* What a worker writes, the store reads: the way back gives the same again. */
static void
check_round_trip(gconstpointer data)
{
    const char *source = data;
    g_autofree char *path = g_build_filename(FIXTURES, source, NULL);
    g_autofree char *bytes = NULL;
    g_autoptr(HeedReport) report = NULL;
    g_autoptr(HeedReport) back = NULL;
    g_autoptr(GString) first = g_string_new(NULL);
    g_autoptr(GString) second = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    size_t length = 0;

    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    report = heed_parser_read(parser, bytes, length, NULL);
    heed_report_to_json(report, source, first);
    back = heed_report_from_json(first->str, first->len, &error);
    g_assert_no_error(error);
    heed_report_to_json(back, source, second);
    g_assert_cmpstr(first->str, ==, second->str);
}

static void
add_folder(const char *kind, GPtrArray *sources)
{
    g_autofree char *path = g_build_filename(FIXTURES, kind, NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    g_assert_nonnull(folder);
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *test = NULL;
        g_autofree char *again = NULL;
        char *source;

        if (!g_str_has_suffix(name, ".eml"))
            continue;
        source = g_build_filename(kind, name, NULL);
        g_ptr_array_add(sources, source);
        test = g_strdup_printf("/golden/%s", source);
        again = g_strdup_printf("/round-trip/%s", source);
        g_test_add_data_func(test, source, check_golden);
        g_test_add_data_func(again, source, check_round_trip);
    }
}

int
main(int argc, char **argv)
{
    static const char *const kinds[] = {"dsn",    "arf",         "auto",     "broken", "other",
                                        "notice", "unsubscribe", "negative", "live"};
    g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(g_free);
    int status;

    g_test_init(&argc, &argv, NULL);
    parser = heed_test_parser_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        add_folder(kinds[i], sources);
    g_assert_cmpuint(sources->len, >, 60);
    status = g_test_run();
    heed_parser_free(parser);
    return status;
}
