/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_set.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

/* Rotation by number counts up to some hundred; from here on it is a date. */
#define LEAST_DATE 100000
#define RANK_LIVE  INT64_MAX
/* Dates are brought to so many digits. */
#define DATE_DIGITS 100000000000000000

static const char *const packed_suffixes[] = {".gz", ".xz", ".zst", ".bz2", ".lz4", ".Z"};

void
heed_log_file_free(HeedLogFile *file)
{
    if (file == NULL)
        return;
    g_free(file->path);
    g_free(file->stem);
    g_free(file);
}

/* --- names --- */

/* The length of the name without the end that compression gave it. */
static size_t
unpacked_length(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < G_N_ELEMENTS(packed_suffixes); i++)
        if (g_str_has_suffix(name, packed_suffixes[i]))
            return length - strlen(packed_suffixes[i]);
    return length;
}

/* Where the digits of a rotation begin, with what may stand between those of dates and times, when
 * the name up to length ends in one: at its "." or "-". Else length. */
static size_t
rotation_begin(const char *name, size_t length)
{
    size_t at = length;
    size_t begin = length;

    while (at > 0 && (g_ascii_isdigit(name[at - 1]) || strchr("-._T:", name[at - 1]) != NULL)) {
        at--;
        if ((name[at] == '.' || name[at] == '-') && at + 1 < length &&
            g_ascii_isdigit(name[at + 1]))
            begin = at;
    }
    /* All of it is a date, as KumoMTA names its files. */
    return at == 0 && length > 0 && g_ascii_isdigit(name[0]) ? 0 : begin;
}

/* Digits of dates, with a time or without, make a number that grows; numbers of rotations one that
 * falls with age. */
static int64_t
rank_of(const char *digits, size_t length)
{
    int64_t number = 0;

    for (size_t i = 0; i < length && number < DATE_DIGITS; i++)
        if (g_ascii_isdigit(digits[i]))
            number = number * 10 + (digits[i] - '0');
    if (number < LEAST_DATE)
        return RANK_LIVE / 2 - number;
    while (number < DATE_DIGITS)
        number *= 10;
    return number;
}

/* Takes the name apart: stem and rank. */
static void
read_name(HeedLogFile *file)
{
    const char *slash = strrchr(file->path, '/');
    const char *name = slash == NULL ? file->path : slash + 1;
    size_t folder = (size_t)(name - file->path);
    size_t length = unpacked_length(name);
    size_t begin = rotation_begin(name, length);
    size_t extension = length;

    file->is_packed = name[length] != '\0';
    if (begin == length && length > 0) {
        /* mail-20260101.log, mail.1.log: before the extension. */
        while (extension > 0 && name[extension - 1] != '.')
            extension--;
        extension = extension > 1 ? extension - 1 : length;
        begin = rotation_begin(name, extension);
    }
    if (begin >= extension) {
        file->stem = g_strndup(file->path, folder + length);
        file->rank = RANK_LIVE;
        return;
    }
    file->is_rotated = true;
    file->rank = rank_of(name + begin, extension - begin);
    file->stem = g_strdup_printf("%.*s%.*s", (int)(folder + begin), file->path,
                                 (int)(length - extension), name + extension);
}

/* --- files --- */

static HeedLogFile *
file_new(const char *path)
{
    HeedLogFile *file = g_new0(HeedLogFile, 1);

    file->path = g_strdup(path);
    read_name(file);
    return file;
}

/* NULL where it is gone. */
static HeedLogFile *
look_at(const char *path)
{
    struct stat status;
    HeedLogFile *file;

    if (stat(path, &status) != 0)
        return NULL;
    file = file_new(path);
    file->device = (int64_t)status.st_dev;
    file->inode = (int64_t)status.st_ino;
    file->size = (int64_t)status.st_size;
    file->modified = (int64_t)status.st_mtim.tv_sec * 1000000000 + (int64_t)status.st_mtim.tv_nsec;
    file->is_pipe = !S_ISREG(status.st_mode);
    return file;
}

static gint
by_age(gconstpointer a, gconstpointer b)
{
    const HeedLogFile *one = *(const HeedLogFile *const *)a;
    const HeedLogFile *other = *(const HeedLogFile *const *)b;
    int order = strcmp(one->stem, other->stem);

    if (order == 0)
        order = (one->rank > other->rank) - (one->rank < other->rank);
    if (order == 0)
        order = one->is_packed - other->is_packed;
    return order != 0 ? order : strcmp(one->path, other->path);
}

/* Sorts, and leaves one of each that is there plain and packed. */
static void
arrange(GPtrArray *files)
{
    g_ptr_array_sort(files, by_age);
    for (guint i = files->len; i > 1; i--) {
        const HeedLogFile *file = g_ptr_array_index(files, i - 1);
        const HeedLogFile *before = g_ptr_array_index(files, i - 2);

        if (file->is_packed && !before->is_packed && file->rank == before->rank &&
            strcmp(file->stem, before->stem) == 0)
            g_ptr_array_remove_index(files, i - 1);
    }
}

static GPtrArray *
files_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)heed_log_file_free);
}

static void
add_pattern(GPtrArray *files, const char *pattern)
{
    glob_t found;

    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            HeedLogFile *file = look_at(found.gl_pathv[i]);

            if (file != NULL && !file->is_pipe)
                g_ptr_array_add(files, file);
            else
                heed_log_file_free(file);
        }
    globfree(&found);
}

static bool
add_siblings(GPtrArray *files, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) reason = NULL;
    g_autoptr(GDir) listing = g_dir_open(folder, 0, &reason);
    bool bare = strchr(path, '/') == NULL;
    const char *name;

    if (listing == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "%s", reason->message);
        return false;
    }
    while ((name = g_dir_read_name(listing)) != NULL) {
        g_autofree char *full = bare ? g_strdup(name) : g_build_filename(folder, name, NULL);
        HeedLogFile *file = look_at(full);

        if (file != NULL && strcmp(file->path, path) != 0 && !file->is_pipe &&
            strcmp(file->stem, path) == 0)
            g_ptr_array_add(files, file);
        else
            heed_log_file_free(file);
    }
    return true;
}

GPtrArray *
heed_log_set_find(const char *path, GError **error)
{
    g_autoptr(GPtrArray) files = files_new();
    HeedLogFile *live = strpbrk(path, "*?[") == NULL ? look_at(path) : NULL;

    /* Opening a pipe would wait for whoever writes to it, and hold up all other logs. */
    if (live != NULL && live->is_pipe) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT,
                    "%s: is no ordinary file, and cannot be followed", path);
        heed_log_file_free(live);
        return NULL;
    }
    if (live != NULL) {
        live->is_rotated = false;
        live->rank = RANK_LIVE;
        g_free(live->stem);
        live->stem = g_strdup(path);
        g_ptr_array_add(files, live);
    }
    if (strpbrk(path, "*?[") != NULL)
        add_pattern(files, path);
    else if (!add_siblings(files, path, error))
        return NULL;
    if (files->len == 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "%s: there is no such file", path);
        return NULL;
    }
    arrange(files);
    return g_steal_pointer(&files);
}

GPtrArray *
heed_log_set_named(char *const *paths)
{
    GPtrArray *files = files_new();

    for (; *paths != NULL; paths++) {
        const char *path = strcmp(*paths, "-") == 0 ? "/dev/stdin" : *paths;
        HeedLogFile *file = look_at(path);

        g_ptr_array_add(files, file != NULL ? file : file_new(path));
    }
    arrange(files);
    return files;
}
