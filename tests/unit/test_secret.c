/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "ingest/secret.h"
#include "tests/support/source_fixture.h"

#include <sys/stat.h>

/* A file of this content and mode gives this secret, or an error with this text. */
typedef struct FileCase {
    const char *name;
    const char *content;
    unsigned mode;
    const char *secret;
    const char *text;
} FileCase;

static const FileCase file_cases[] = {
    {"plain", "secret\n", 0600, "secret", NULL},
    {"no-newline", "secret", 0400, "secret", NULL},
    {"crlf", "secret\r\nmore\r\n", 0600, "secret", NULL},
    {"spaces-kept", " a b \nrest", 0600, " a b ", NULL},
    {"empty", "", 0600, NULL, "is empty, and should hold a secret"},
    {"empty-line", "\nsecret\n", 0600, NULL, "empty"},
    {"control",
     "se\x01"
     "cret\n",
     0600, NULL, "control characters"},
    {"group-readable", "secret\n", 0640, NULL, "chmod 600"},
    {"others-readable", "secret\n", 0604, NULL, "chmod 600"},
};

static void
test_file(gconstpointer data)
{
    const FileCase *row = data;
    g_auto(Folder) folder = folder_make();
    g_autofree char *path = folder_path_of(&folder, "secret");
    g_autoptr(GError) error = NULL;
    char *secret;

    folder_write(&folder, "secret", row->content);
    g_assert_cmpint(chmod(path, row->mode), ==, 0);
    secret = heed_secret_from_file(path, &error);
    g_assert_cmpstr(secret, ==, row->secret);
    if (row->text != NULL) {
        g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
        g_assert_nonnull(strstr(error->message, row->text));
    } else {
        g_assert_no_error(error);
    }
    heed_secret_free(secret);
}

static void
test_longest(void)
{
    g_auto(Folder) folder = folder_make();
    g_autofree char *path = folder_path_of(&folder, "secret");
    g_autofree char *fits = g_strnfill(HEED_LIMIT_SECRET_BYTES - 1, 'x');
    g_autofree char *too_long = g_strnfill(HEED_LIMIT_SECRET_BYTES, 'x');
    g_autoptr(GError) error = NULL;
    char *secret;

    folder_write(&folder, "secret", fits);
    g_assert_cmpint(chmod(path, 0600), ==, 0);
    secret = heed_secret_from_file(path, &error);
    g_assert_cmpstr(secret, ==, fits);
    heed_secret_free(secret);
    folder_write(&folder, "secret", too_long);
    g_assert_cmpint(chmod(path, 0600), ==, 0);
    g_assert_null(heed_secret_from_file(path, &error));
    g_assert_nonnull(strstr(error->message, "longer than"));
}

static void
test_not_a_file(void)
{
    g_auto(Folder) folder = folder_make();
    g_autoptr(GError) missing = NULL;
    g_autoptr(GError) directory = NULL;

    g_assert_null(heed_secret_from_file("/nonexistent/secret", &missing));
    g_assert_error(missing, HEED_ERROR, HEED_ERROR_CONFIG);
    g_assert_false(heed_secret_check_file(folder.path, &directory));
    g_assert_nonnull(strstr(directory->message, "not a file"));
}

static void
test_other_owner(void)
{
    g_auto(Folder) folder = folder_make();
    g_autofree char *path = folder_path_of(&folder, "secret");
    g_autoptr(GError) error = NULL;

    folder_write(&folder, "secret", "secret\n");
    g_assert_cmpint(chmod(path, 0600), ==, 0);
    /* Only root can give a file away; as anybody else the file is ours and good. */
    if (geteuid() != 0) {
        g_assert_true(heed_secret_check_file(path, &error));
        return;
    }
    g_assert_cmpint(chown(path, 65534, 65534), ==, 0);
    g_assert_false(heed_secret_check_file(path, &error));
    g_assert_nonnull(strstr(error->message, "another user"));
}

static gpointer
write_fifo(gpointer path)
{
    FILE *fifo;

    g_usleep(100000);
    fifo = fopen(path, "w");
    g_assert_nonnull(fifo);
    (void)fputs("from a pipe\n", fifo);
    (void)fclose(fifo);
    return NULL;
}

static void
test_fifo(void)
{
    g_auto(Folder) folder = folder_make();
    g_autofree char *path = folder_path_of(&folder, "fifo");
    g_autoptr(GError) error = NULL;
    GThread *writer;
    char *secret;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    writer = g_thread_new("writer", write_fifo, path);
    secret = heed_secret_from_file(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(secret, ==, "from a pipe");
    heed_secret_free(secret);
    (void)g_thread_join(writer);
}

/* A command's output, or its error. */
typedef struct CommandCase {
    const char *name;
    const char *command;
    const char *secret;
    const char *text;
} CommandCase;

static const CommandCase command_cases[] = {
    {"plain", "echo secret; echo more; echo talk >&2", "secret", NULL},
    {"large-stderr", "head -c 1000000 /dev/zero >&2; echo secret", "secret", NULL},
    {"fails", "echo secret; echo 'no key' >&2; exit 3", NULL, "status 3: no key"},
    {"signal", "kill -9 $$", NULL, "signal 9"},
    {"silent", "true", NULL, "empty"},
    {"endless", "cat /dev/zero", NULL, "prints more than 16384 bytes"},
    {"endless-lines", "yes", NULL, "prints more than 16384 bytes"},
    {"closes-and-stays", "echo secret; exec >&- 2>&-; sleep 0.1", "secret", NULL},
    {"missing", "nonexistent-command-of-heed", NULL, "status 127"},
    {"no-stdin", "cat; echo secret", "secret", NULL},
    {"no-descriptors", "ls /proc/self/fd | wc -l", "4", NULL},
};

static void
test_command(gconstpointer data)
{
    const CommandCase *row = data;
    g_autoptr(GError) error = NULL;
    char *secret = heed_secret_from_command(row->command, &error);

    g_assert_cmpstr(secret, ==, row->secret);
    if (row->text != NULL) {
        g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
        g_assert_nonnull(strstr(error->message, row->text));
        g_assert_null(strstr(error->message, "secret\n"));
    }
    heed_secret_free(secret);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(file_cases); i++) {
        g_autofree char *path = g_strconcat("/secret/file/", file_cases[i].name, NULL);

        g_test_add_data_func(path, &file_cases[i], test_file);
    }
    g_test_add_func("/secret/longest", test_longest);
    g_test_add_func("/secret/not-a-file", test_not_a_file);
    g_test_add_func("/secret/other-owner", test_other_owner);
    g_test_add_func("/secret/fifo", test_fifo);
    for (size_t i = 0; i < G_N_ELEMENTS(command_cases); i++) {
        g_autofree char *path = g_strconcat("/secret/command/", command_cases[i].name, NULL);

        g_test_add_data_func(path, &command_cases[i], test_command);
    }
    return g_test_run();
}
