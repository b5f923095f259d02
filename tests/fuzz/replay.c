/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over the files and folders named, for compilers without libFuzzer: a
 * regression test of seeds. */
#include <glib.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void
replay_file(const char *path)
{
    g_autofree char *content = NULL;
    g_autofree uint8_t *exact = NULL;
    size_t length = 0;

    g_assert_true(g_file_get_contents(path, &content, &length, NULL));
    exact = g_malloc(length); /* no NUL behind it: an over-read is seen by a sanitizer */
    if (length > 0)
        memcpy(exact, content, length);
    (void)LLVMFuzzerTestOneInput(exact, length);
}

static void
replay(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    if (folder == NULL) {
        replay_file(path);
        return;
    }
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        replay(below);
    }
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    return 0;
}
