/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_SOURCE_FIXTURE_H
#define HEED_TESTS_SUPPORT_SOURCE_FIXTURE_H

/* Temporary folders with mail in them, for the tests of sources. Failing is a failed assertion. */

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Folder {
    char *path;
} Folder;

static inline void
folder_remove(const char *path)
{
    g_autoptr(GDir) folder =
        g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        folder_remove(below);
    }
    (void)g_remove(path);
}

static inline void
folder_clear(Folder *folder)
{
    if (folder->path != NULL)
        folder_remove(folder->path);
    g_clear_pointer(&folder->path, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Folder, folder_clear)

static inline Folder
folder_make(void)
{
    Folder folder = {.path = g_dir_make_tmp("heed-test-XXXXXX", NULL)};

    g_assert_nonnull(folder.path);
    return folder;
}

static inline char *
folder_path_of(const Folder *folder, const char *below)
{
    return g_build_filename(folder->path, below, NULL);
}

/* Writes a file, making the folders it stands in. */
static inline void
folder_write(const Folder *folder, const char *below, const char *content)
{
    g_autofree char *path = folder_path_of(folder, below);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, content, -1, NULL));
}

#endif
