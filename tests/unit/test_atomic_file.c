/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_TMPFILE */
#include "base/atomic_file.h"

#include "base/error.h"
#include "tests/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <seccomp.h>
#include <sys/stat.h>

typedef struct Folder {
    char *path;
    char *file;
} Folder;

static void
set_up(Folder *folder, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    folder->path = g_dir_make_tmp("heed-XXXXXX", &error);
    g_assert_no_error(error);
    folder->file = g_build_filename(folder->path, "list", NULL);
}

static void
tear_down(Folder *folder, gconstpointer data)
{
    (void)data;
    (void)g_unlink(folder->file);
    g_assert_no_errno(g_rmdir(folder->path)); /* nothing else is in it */
    g_free(folder->file);
    g_free(folder->path);
}

static unsigned
count_names(const Folder *folder)
{
    g_autoptr(GDir) names = g_dir_open(folder->path, 0, NULL);
    unsigned count = 0;

    while (g_dir_read_name(names) != NULL)
        count++;
    return count;
}

static HeedAtomicFile *
write_file(const Folder *folder, const char *content)
{
    g_autoptr(GError) error = NULL;
    HeedAtomicFile *file = heed_atomic_file_open(folder->file, 0644, &error);

    g_assert_no_error(error);
    g_assert_cmpint(fputs(content, file->stream), >=, 0);
    g_assert_cmpint(fflush(file->stream), ==, 0);
    return file;
}

static void
commit(HeedAtomicFile *file)
{
    g_autoptr(GError) error = NULL;

    heed_assert_done(heed_atomic_file_commit(file, &error), error);
    heed_atomic_file_free(file);
}

static void
assert_content(const Folder *folder, const char *want)
{
    g_autofree char *got = NULL;
    struct stat status;

    g_assert_true(g_file_get_contents(folder->file, &got, NULL, NULL));
    g_assert_cmpstr(got, ==, want);
    g_assert_no_errno(stat(folder->file, &status));
    g_assert_cmpuint(status.st_mode & 0777, ==, 0640); /* the mask is 027 */
}

/* What is killed while it writes leaves nothing behind: until then the file has no name. */
static void
test_no_name(Folder *folder, gconstpointer data)
{
    HeedAtomicFile *file = write_file(folder, "new");

    (void)data;
    g_assert_cmpuint(count_names(folder), ==, 0);
    heed_atomic_file_free(file);
    g_assert_cmpuint(count_names(folder), ==, 0);
}

static void
test_replace(Folder *folder, gconstpointer data)
{
    HeedAtomicFile *first = write_file(folder, "first");
    HeedAtomicFile *second = write_file(folder, "second");
    HeedAtomicFile *dropped = write_file(folder, "dropped");

    (void)data;
    commit(second);
    assert_content(folder, "second");
    heed_atomic_file_free(dropped);
    commit(first);
    assert_content(folder, "first");
    g_assert_cmpuint(count_names(folder), ==, 1);
}

static void
test_refused(Folder *folder, gconstpointer data)
{
    g_autofree char *below = g_build_filename(folder->path, "no", "list", NULL);
    const char *const paths[] = {below, ""};

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(heed_atomic_file_open(paths[i], 0644, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE);
    }
}

/* From here on as on a file system whose files must have names. */
static void
forbid_no_name(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    g_assert_nonnull(filter);
    g_assert_cmpint(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(openat), 1,
                                     SCMP_A2(SCMP_CMP_MASKED_EQ, O_TMPFILE, O_TMPFILE)),
                    ==, 0);
    g_assert_cmpint(seccomp_load(filter), ==, 0);
    seccomp_release(filter);
}

/* From here on as where /proc is not mounted: no file of there is found, to be looked at or linked.
 */
static void
set_up_without_proc(Folder *folder, gconstpointer data)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    const int calls[] = {SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(linkat)};

    set_up(folder, data);
    g_assert_nonnull(filter);
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
        g_assert_cmpint(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOENT), calls[i], 0), ==, 0);
    g_assert_cmpint(seccomp_load(filter), ==, 0);
    seccomp_release(filter);
}

static void
set_up_with_name(Folder *folder, gconstpointer data)
{
    set_up(folder, data);
    forbid_no_name();
}

static void
add_tests(const char *where, void (*prepare)(Folder *, gconstpointer))
{
    static const struct {
        const char *name;
        void (*test)(Folder *, gconstpointer);
    } tests[] = {{"replace", test_replace}, {"refused", test_refused}};

    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/atomic-file/", where, "/", tests[i].name, NULL);

        g_test_add(path, Folder, NULL, prepare, tests[i].test, tear_down);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    (void)umask(027);
    g_test_add("/atomic-file/no-name", Folder, NULL, set_up, test_no_name, tear_down);
    add_tests("unnamed", set_up);
    /* The last ones: there is no way back. */
    add_tests("without-proc", set_up_without_proc);
    add_tests("with-name-only", set_up_with_name);
    return g_test_run();
}
