/* SPDX-License-Identifier: Apache-2.0 */
/* Names in a folder, in any order, and the order in which a log's files are read. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "ingest/log_set.h"

typedef struct Row {
    const char *name;
    const char *there; /* names of files */
    const char *path;
    const char *want; /* the oldest first; "!": refused */
} Row;

static const Row rows[] = {
    {"alone", "mail.log mail.logx other.log", "mail.log", "mail.log"},
    {"numbers", "mail.log mail.log.1 mail.log.10.gz mail.log.2.gz", "mail.log",
     "mail.log.10.gz mail.log.2.gz mail.log.1 mail.log"},
    {"dates", "mail.log mail.log-20260102 mail.log-20260101.xz mail.log-20251231-1735600000.zst",
     "mail.log",
     "mail.log-20251231-1735600000.zst mail.log-20260101.xz mail.log-20260102 mail.log"},
    {"iso-dates", "mail.log mail.log.2026-01-02.gz mail.log.2025-12-31.gz", "mail.log",
     "mail.log.2025-12-31.gz mail.log.2026-01-02.gz mail.log"},
    {"before-extension", "mail.log mail-20260102.log mail-20260101.log.gz mail.1.log", "mail.log",
     "mail-20260101.log.gz mail-20260102.log mail.1.log mail.log"},
    {"exim", "mainlog mainlog.1 mainlog.2.gz rejectlog.1", "mainlog",
     "mainlog.2.gz mainlog.1 mainlog"},
    {"no-live-one", "mail.log.1 mail.log.2", "mail.log", "mail.log.2 mail.log.1"},
    {"being-compressed", "mail.log mail.log.1 mail.log.1.gz mail.log.2.gz mail.log.2.xz",
     "mail.log", "mail.log.2.gz mail.log.2.xz mail.log.1 mail.log"},
    {"dates-in-the-live-name", "log20260101 log20260101.1", "log20260101",
     "log20260101.1 log20260101"},
    {"pattern", "20260102-101500 20260101-101500 20260101-091500", "2026*",
     "20260101-091500 20260101-101500 20260102-101500"},
    {"nothing", "other.log", "mail.log", "!"},
    {"no-such-pattern", "other.log", "mail*", "!"},
    {"no-ordinary-file", "mail.log", ".", "!"},
};

static char *
names_of(const GPtrArray *files)
{
    GString *names = g_string_new(NULL);

    for (guint i = 0; i < files->len; i++) {
        const HeedLogFile *file = g_ptr_array_index(files, i);

        g_string_append_printf(names, "%s%s", i > 0 ? " " : "", strrchr(file->path, '/') + 1);
    }
    return g_string_free(names, FALSE);
}

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    g_autofree char *folder = g_dir_make_tmp("heed-log-set.XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, row->path, NULL);
    g_auto(GStrv) there = g_strsplit(row->there, " ", -1);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) files = NULL;

    for (size_t i = 0; there[i] != NULL; i++) {
        g_autofree char *file = g_build_filename(folder, there[i], NULL);

        g_assert_true(g_file_set_contents(file, "x", 1, NULL));
    }
    files = heed_log_set_find(path, &error);
    if (strcmp(row->want, "!") == 0) {
        g_assert_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT);
    } else {
        g_autofree char *names = NULL;

        g_assert_no_error(error);
        names = names_of(files);
        g_assert_cmpstr(names, ==, row->want);
    }
    for (size_t i = 0; there[i] != NULL; i++) {
        g_autofree char *file = g_build_filename(folder, there[i], NULL);

        (void)g_unlink(file);
    }
    (void)g_rmdir(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/log-set/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    return g_test_run();
}
