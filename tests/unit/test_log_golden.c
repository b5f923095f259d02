/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads each tests/fixtures/log/FORMAT-what.log and compares its events and counts, one JSON object
 * a line, with FORMAT-what.jsonl beside it. HEED_UPDATE_GOLDEN=1 writes those files instead: look
 * at the difference before you commit it.
 */
#include "base/cleanup.h"
#include "parsers/log_reader.h"

#include <jansson.h>
#include <string.h>

#define FIXTURES HEED_SOURCE_DIR "/tests/fixtures/log"

/* 2026-01-10T00:00:00Z, when all of them were last written to. */
#define REFERENCE 1768003200

static void
append_json(GString *out, json_t *json)
{
    char *line = json_dumps(json, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));

    g_string_append(out, line);
    g_string_append_c(out, '\n');
    free(line);
    json_decref(json);
}

static void
take(const HeedLogEvent *event, void *data)
{
    append_json(data, heed_log_event_json(event));
}

static json_t *
counts_json(const HeedLogCounts *counts)
{
    json_t *json = json_pack("{sIsIsIsI}", "lines", (json_int_t)counts->lines, "events",
                             (json_int_t)counts->events, "unjoined", (json_int_t)counts->unjoined,
                             "expired_unknown", (json_int_t)counts->expired_unknown);

    for (int i = HEED_LOG_FINE + 1; i < HEED_LOG_TROUBLES; i++) {
        if (counts->troubles[i] == 0)
            continue;
        json_object_set_new(json, heed_log_trouble_words((HeedLogTrouble)i),
                            json_pack("{sIsI}", "lines", (json_int_t)counts->troubles[i], "first",
                                      (json_int_t)counts->first[i]));
    }
    return json;
}

/* Each line in a block of exactly its size: an over-read is seen by a sanitizer. */
static char *
read_log(HeedLogFormat format, const char *bytes, size_t length, const char *line_end)
{
    const HeedLogSettings settings = {.format = format, .reference = REFERENCE};
    g_autoptr(HeedLogReader) reader = heed_log_reader_new(&settings);
    GString *out = g_string_new(NULL);

    heed_log_reader_to(reader, take, out);
    heed_log_reader_begin(reader);
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t size = end == NULL ? length : (size_t)(end - bytes);
        g_autoptr(GString) line = g_string_new_len(bytes, (gssize)size);
        g_autofree char *exact = NULL;

        g_string_append(line, line_end);
        exact = g_memdup2(line->str, line->len);
        (void)heed_log_reader_line(reader, exact, line->len);
        bytes += end == NULL ? size : size + 1;
        length -= end == NULL ? size : size + 1;
    }
    append_json(out, counts_json(heed_log_reader_counts(reader)));
    return g_string_free(out, FALSE);
}

static HeedLogFormat
format_of(const char *name)
{
    g_autofree char *format_name = g_strndup(name, strcspn(name, "-."));
    HeedLogFormat format;

    g_assert_true(heed_log_format_from_name(format_name, &format));
    return format;
}

static void
check_golden(gconstpointer data)
{
    const char *name = data;
    g_autofree char *path = g_build_filename(FIXTURES, name, NULL);
    g_autofree char *golden = g_strdup_printf("%.*s.jsonl", (int)strlen(path) - 4, path);
    g_autofree char *bytes = NULL;
    g_autofree char *got = NULL;
    g_autofree char *crlf = NULL;
    g_autofree char *want = NULL;
    size_t length;

    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    got = read_log(format_of(name), bytes, length, "");
    if (g_getenv("HEED_UPDATE_GOLDEN") != NULL)
        g_assert_true(g_file_set_contents(golden, got, -1, NULL));
    g_assert_true(g_file_get_contents(golden, &want, NULL, NULL));
    g_assert_cmpstr(got, ==, want);
    crlf = read_log(format_of(name), bytes, length, "\r");
    g_assert_cmpstr(crlf, ==, want);
}

/* A log that ends anywhere, and each format read as each other. */
static void
check_harm(gconstpointer data)
{
    const char *name = data;
    g_autofree char *path = g_build_filename(FIXTURES, name, NULL);
    g_autofree char *bytes = NULL;
    size_t length;

    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    for (size_t end = 0; end < length; end++) {
        /* Of what is far behind, nothing depends on where it ends. */
        size_t begin = end > 1500 ? end - 1500 : 0;
        g_autofree char *got = read_log(format_of(name), bytes + begin, end - begin, "");

        g_assert_nonnull(got);
    }
    for (int i = 0; heed_log_format_name((HeedLogFormat)i) != NULL; i++) {
        g_autofree char *got = read_log((HeedLogFormat)i, bytes, length, "");

        g_assert_nonnull(got);
    }
}

int
main(int argc, char **argv)
{
    g_autoptr(GDir) folder = g_dir_open(FIXTURES, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    g_test_init(&argc, &argv, NULL);
    g_assert_nonnull(folder);
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *golden = g_strdup_printf("/log_golden/%s", name);
        g_autofree char *harm = g_strdup_printf("/log_harm/%s", name);

        if (!g_str_has_suffix(name, ".log"))
            continue;
        g_ptr_array_add(names, g_strdup(name));
        g_test_add_data_func(golden, names->pdata[names->len - 1], check_golden);
        g_test_add_data_func(harm, names->pdata[names->len - 1], check_harm);
    }
    g_assert_cmpuint(names->len, >, 0);
    return g_test_run();
}
