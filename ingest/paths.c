/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and folders named on the command line, whatever they are: a message, an mbox (it begins
 * with "From "), a Maildir (new/ and cur/ are read, its own subfolders are not), a folder of any of
 * these (sorted, hidden names left out, links to folders not followed), "-" for standard input. The
 * uid is the path, with "#n" for the nth message of an mbox. What cannot be read is an item without
 * bytes, and the rest goes on.
 */
#include "ingest/source.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "ingest/local_file.h"
#include "ingest/mbox_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_LIMIT 64U /* of folders: beyond it is a loop of mounts or an attack */

/* The names in one folder, still to visit: one block of text and where each begins in it, since a
 * folder may hold hundreds of thousands. */
typedef struct Level {
    char *path;
    GString *text;
    GArray *starts; /* of guint32, sorted by name */
    size_t next;
} Level;

typedef struct PathsSource {
    HeedSource base;
    size_t next_path;       /* of mailbox->paths */
    GPtrArray *levels;      /* of Level *, innermost last */
    HeedMboxReader *reader; /* of the file read last, or NULL */
    char *name;             /* of the file being read, or NULL */
    bool is_mbox;
    unsigned number; /* of the message given last */
} PathsSource;

static void
level_free(gpointer data)
{
    Level *level = data;

    g_free(level->path);
    (void)g_string_free(level->text, TRUE);
    g_array_unref(level->starts);
    g_free(level);
}

static PathsSource *
self(HeedSource *source)
{
    return (PathsSource *)source;
}

static bool
paths_open(HeedSource *source, int64_t *out_epoch, GError **error)
{
    (void)source;
    (void)error;
    *out_epoch = 0;
    return true;
}

/* Local files are named by whoever starts the run: there is nothing to go on from. */
static void
paths_resume(HeedSource *source, const HeedResume *resume)
{
    (void)source;
    (void)resume;
}

static HeedNext
give_unreadable(HeedItem *out, const char *path, int reason)
{
    out->uid = g_strdup(path);
    out->source = g_strdup(path);
    out->received_at = HEED_DATE_UNKNOWN;
    out->detail = g_strdup_printf("cannot read '%s': %s", path, g_strerror(reason));
    return HEED_NEXT_ITEM;
}

static gint
compare_starts(gconstpointer one, gconstpointer other, gpointer text)
{
    return strcmp((const char *)text + *(const guint32 *)one,
                  (const char *)text + *(const guint32 *)other);
}

static bool
is_wanted(const char *name, bool is_maildir)
{
    if (is_maildir)
        return g_str_equal(name, "new") || g_str_equal(name, "cur");
    return *name != '.';
}

static bool
has_folder(const char *path, const char *name)
{
    g_autofree char *below = g_build_filename(path, name, NULL);

    return g_file_test(below, G_FILE_TEST_IS_DIR);
}

/* Opens a folder and makes it the innermost level. False with errno. */
static bool
enter_folder(PathsSource *source, const char *path)
{
    bool is_maildir = has_folder(path, "new") && has_folder(path, "cur");
    DIR *folder = opendir(path);
    const struct dirent *entry;
    Level *level;

    if (folder == NULL)
        return false;
    level = g_new0(Level, 1);
    level->path = g_strdup(path);
    level->text = g_string_new(NULL);
    level->starts = g_array_new(FALSE, FALSE, sizeof(guint32));
    while ((entry = readdir(folder)) != NULL) {
        guint32 start = (guint32)level->text->len;

        if (!is_wanted(entry->d_name, is_maildir))
            continue;
        g_string_append_len(level->text, entry->d_name, (gssize)strlen(entry->d_name) + 1);
        g_array_append_val(level->starts, start);
    }
    (void)closedir(folder);
    g_array_sort_with_data(level->starts, compare_starts, level->text->str);
    g_ptr_array_add(source->levels, level);
    return true;
}

/* The next path to look at, or NULL at the end. A name that a folder gave is not *out_named. */
static char *
next_path(PathsSource *source, bool *out_named)
{
    while (source->levels->len > 0) {
        Level *level = g_ptr_array_index(source->levels, source->levels->len - 1);

        if (level->next < level->starts->len) {
            guint32 start = g_array_index(level->starts, guint32, level->next++);

            *out_named = false;
            return g_build_filename(level->path, level->text->str + start, NULL);
        }
        g_ptr_array_set_size(source->levels, (gint)source->levels->len - 1);
    }
    *out_named = true;
    if (source->base.mailbox->paths == NULL ||
        source->base.mailbox->paths[source->next_path] == NULL)
        return NULL;
    return g_strdup(source->base.mailbox->paths[source->next_path++]);
}

/* Sets up the reader for a file. False with errno. */
static bool
start_file(PathsSource *source, const char *path, bool named)
{
    bool is_stdin = named && g_str_equal(path, "-");
    g_auto(HeedFd) fd =
        is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : heed_local_file_open(path);

    /* A FIFO or device that somebody names is meant: /dev/stdin, <(zcat …). */
    if (fd < 0 && errno == EINVAL && named)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    source->reader = heed_mbox_reader_renew(source->reader, heed_fd_steal(&fd), 0, INT64_MAX);
    source->is_mbox = heed_mbox_reader_at_from_line(source->reader);
    source->name = g_strdup(path);
    source->number = 0;
    return true;
}

/* Visits one path: a folder becomes a level, a file the reader. False with errno. */
static bool
visit(PathsSource *source, const char *path, bool named)
{
    struct stat status;

    if (named && g_str_equal(path, "-"))
        return start_file(source, path, named);
    if ((named ? stat(path, &status) : lstat(path, &status)) < 0)
        return false;
    if (!S_ISDIR(status.st_mode)) {
        if (!named && S_ISLNK(status.st_mode) && stat(path, &status) == 0 &&
            S_ISDIR(status.st_mode))
            return true;
        return start_file(source, path, named);
    }
    if (source->levels->len >= DEPTH_LIMIT) {
        errno = ELOOP;
        return false;
    }
    return enter_folder(source, path);
}

/* The next message of the file being read. */
static HeedNext
next_of_file(PathsSource *source, HeedItem *out)
{
    g_autoptr(GError) trouble = NULL;
    HeedNext next = heed_mbox_reader_next(source->reader, out, &trouble);

    if (next != HEED_NEXT_END) {
        source->number++;
        out->uid = source->is_mbox ? g_strdup_printf("%s#%u", source->name, source->number)
                                   : g_strdup(source->name);
        out->source = g_strdup(out->uid);
        out->position = 0;
    }
    if (next == HEED_NEXT_ERROR)
        out->detail = g_strdup(trouble->message);
    if (next != HEED_NEXT_ITEM)
        g_clear_pointer(&source->name, g_free);
    return next == HEED_NEXT_END ? HEED_NEXT_END : HEED_NEXT_ITEM;
}

static HeedNext
paths_next(HeedSource *source, HeedItem *out, GError **error)
{
    PathsSource *paths = self(source);

    (void)error;
    for (;;) {
        g_autofree char *path = NULL;
        bool named = false;

        if (paths->name != NULL && next_of_file(paths, out) == HEED_NEXT_ITEM)
            return HEED_NEXT_ITEM;
        path = next_path(paths, &named);
        if (path == NULL)
            return HEED_NEXT_END;
        if (!visit(paths, path, named))
            return give_unreadable(out, path, errno);
    }
}

/* Files given on the command line are left alone. */
static bool
paths_acknowledge(HeedSource *source, const HeedAck *acks, size_t count, GError **error)
{
    (void)source;
    (void)acks;
    (void)count;
    (void)error;
    return true;
}

static void
paths_free(HeedSource *source)
{
    g_ptr_array_unref(self(source)->levels);
    heed_mbox_reader_free(self(source)->reader);
    g_free(self(source)->name);
    g_free(source);
}

HeedSource *
heed_paths_source_new(const HeedMailbox *mailbox)
{
    static const HeedSourceOps ops = {
        .open = paths_open,
        .resume = paths_resume,
        .next = paths_next,
        .acknowledge = paths_acknowledge,
        .wait = NULL,
        .free = paths_free,
    };
    PathsSource *source = g_new0(PathsSource, 1);

    source->base = (HeedSource){.ops = &ops, .mailbox = mailbox};
    source->levels = g_ptr_array_new_with_free_func(level_free);
    return &source->base;
}
