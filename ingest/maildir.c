/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Maildir as a source. The uid is the file's unique name, without the flags behind ":". There is
 * no order to remember, so the host is asked which names of a window are stored already; the
 * folder is read as a stream, never listed whole. Files that vanish meanwhile (another program
 * reads the same mailbox) are no trouble.
 */
#include "ingest/source.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "ingest/folder_name.h"
#include "ingest/local_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define WINDOW_NAMES     1000U
#define FOLDER_MODE      0700
#define SECONDS_PER_DAY  86400
#define EARLIEST_SECONDS 631152000 /* 1990: older "times" in a name are counters */

static const char *const subfolders[] = {"new", "cur"};

typedef struct MaildirSource {
    HeedSource base;
    DIR *folder;           /* being read, or NULL */
    size_t subfolder;      /* which of subfolders; their number: all are read */
    GPtrArray *window;     /* of char *: paths below the Maildir still to give out */
    size_t given;          /* of window */
    GHashTable *retry;     /* of char *: uids to read although they are known */
    bool has_looked_twice; /* for those of retry that were not met */
    HeedFd news;           /* inotify on new/, or -1 */
} MaildirSource;

typedef DIR HeedDir;

static void
dir_close(DIR *folder)
{
    if (folder != NULL)
        (void)closedir(folder);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedDir, dir_close)

static MaildirSource *
self(HeedSource *source)
{
    return (MaildirSource *)source;
}

static char *
path_below(const MaildirSource *source, const char *below)
{
    return g_build_filename(source->base.mailbox->folder, below, NULL);
}

/* The unique name of "cur/1700000000.M1P2.host:2,S". */
static char *
uid_of(const char *below)
{
    const char *name = strchr(below, '/') + 1;

    return g_strndup(name, strcspn(name, ":"));
}

static bool
maildir_open(HeedSource *source, int64_t *out_epoch, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(subfolders); i++) {
        g_autofree char *path = path_below(self(source), subfolders[i]);
        g_autoptr(HeedDir) folder = opendir(path);

        if (folder == NULL) {
            g_set_error(error, HEED_ERROR,
                        errno == EACCES ? HEED_ERROR_PERMISSION : HEED_ERROR_NO_INPUT,
                        "cannot read Maildir folder '%s': %s", path, g_strerror(errno));
            return false;
        }
        /* Without inotify, wait() looks again when its time is over. */
        if (i == 0 && (self(source)->news = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) >= 0)
            (void)inotify_add_watch(self(source)->news, path, IN_MOVED_TO | IN_CREATE);
    }
    *out_epoch = 0;
    return true;
}

static void
maildir_resume(HeedSource *source, const HeedResume *resume)
{
    for (size_t i = 0; resume->unreadable != NULL && i < resume->unreadable->len; i++)
        g_hash_table_add(self(source)->retry, g_strdup(g_ptr_array_index(resume->unreadable, i)));
}

/* NULL at the end, and with errno set for trouble. */
static const struct dirent *
read_entry(DIR *folder)
{
    errno = 0;
    return readdir(folder);
}

static void
set_unreadable(GError **error, const char *path)
{
    g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot read Maildir folder '%s': %s", path,
                g_strerror(errno));
}

/* Up to WINDOW_NAMES names of the folders, of any state; fewer than one: all are read. */
static bool
read_names(MaildirSource *source, GPtrArray *names, GError **error)
{
    while (names->len < WINDOW_NAMES && source->subfolder < G_N_ELEMENTS(subfolders)) {
        const char *subfolder = subfolders[source->subfolder];
        g_autofree char *path = path_below(source, subfolder);
        const struct dirent *entry;

        if (source->folder == NULL && (source->folder = opendir(path)) == NULL) {
            set_unreadable(error, path);
            return false;
        }
        while (names->len < WINDOW_NAMES && (entry = read_entry(source->folder)) != NULL)
            if (*entry->d_name != '.')
                g_ptr_array_add(names, g_strconcat(subfolder, "/", entry->d_name, NULL));
        if (names->len < WINDOW_NAMES && errno != 0) {
            set_unreadable(error, path);
            return false;
        }
        if (names->len < WINDOW_NAMES) {
            g_clear_pointer(&source->folder, dir_close);
            source->subfolder++;
        }
    }
    return true;
}

/* Keeps of the names those the store does not have. */
static bool
keep_unknown(MaildirSource *source, GPtrArray *names, GError **error)
{
    g_autoptr(GPtrArray) uids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) known = g_array_new(FALSE, TRUE, sizeof(bool));

    for (size_t i = 0; i < names->len; i++)
        g_ptr_array_add(uids, uid_of(g_ptr_array_index(names, i)));
    if (source->base.host.known != NULL &&
        !source->base.host.known(source->base.host.data, uids, known, error))
        return false;
    g_array_set_size(known, uids->len);
    for (size_t i = 0; i < names->len; i++)
        if (!g_array_index(known, bool, i) ||
            g_hash_table_contains(source->retry, g_ptr_array_index(uids, i)))
            g_ptr_array_add(source->window, g_strdup(g_ptr_array_index(names, i)));
    return true;
}

/* Leaves an empty window only at the end of the mailbox. */
static bool
fill_window(MaildirSource *source, GError **error)
{
    g_ptr_array_set_size(source->window, 0);
    source->given = 0;
    for (;;) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

        if (!read_names(source, names, error))
            return false;
        if (names->len == 0)
            return true;
        if (!keep_unknown(source, names, error))
            return false;
        if (source->window->len > 0)
            return true;
    }
}

/* Deliverers put the time of delivery in front of the name; copying a Maildir changes the file's.
 */
static void
correct_received_at(HeedItem *item)
{
    char *end = NULL;
    gint64 seconds = g_ascii_strtoll(item->uid, &end, 10);
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;

    if (*end == '.' && seconds >= EARLIEST_SECONDS && seconds <= now + SECONDS_PER_DAY)
        item->received_at = seconds;
}

/* Where the files of these uids are now: a table of uid to path below the Maildir, both owned. */
static GHashTable *
find_files(const MaildirSource *source, const HeedAck *acks, size_t count)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < count; i++) {
        g_autofree char *below = g_strconcat("new/", acks[i].uid, NULL);
        g_autofree char *path = path_below(source, below);

        if (access(path, F_OK) == 0)
            g_hash_table_insert(found, g_strdup(acks[i].uid), g_steal_pointer(&below));
        else
            g_hash_table_add(wanted, (gpointer)(uintptr_t)acks[i].uid);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(subfolders) && g_hash_table_size(wanted) > 0; i++) {
        g_autofree char *path = path_below(source, subfolders[i]);
        g_autoptr(HeedDir) folder = opendir(path);
        const struct dirent *entry;

        while (folder != NULL && (entry = readdir(folder)) != NULL) {
            g_autofree char *below = g_strconcat(subfolders[i], "/", entry->d_name, NULL);
            g_autofree char *uid = uid_of(below);

            if (g_hash_table_contains(wanted, uid))
                g_hash_table_insert(found, g_steal_pointer(&uid), g_steal_pointer(&below));
        }
    }
    return found;
}

/* At the end, whoever was not met is gone, unless a second look finds it: a file that is renamed
 * while its folder is read may be missed. */
static void
forget_found(MaildirSource *source)
{
    g_autoptr(GArray) acks = g_array_new(FALSE, FALSE, sizeof(HeedAck));
    g_autoptr(GHashTable) found = NULL;
    GHashTableIter iter;
    gpointer uid;

    if (source->has_looked_twice)
        return;
    source->has_looked_twice = true;
    g_hash_table_iter_init(&iter, source->retry);
    while (g_hash_table_iter_next(&iter, &uid, NULL)) {
        HeedAck ack = {.uid = uid};

        g_array_append_val(acks, ack);
    }
    found = find_files(source, (const HeedAck *)acks->data, acks->len);
    g_hash_table_iter_init(&iter, found);
    while (g_hash_table_iter_next(&iter, &uid, NULL))
        (void)g_hash_table_remove(source->retry, uid);
}

static HeedNext
maildir_next(HeedSource *source, HeedItem *out, GError **error)
{
    MaildirSource *maildir = self(source);

    for (;;) {
        const char *below;
        g_autofree char *path = NULL;

        if (maildir->given == maildir->window->len && !fill_window(maildir, error))
            return HEED_NEXT_ERROR;
        if (maildir->given == maildir->window->len) {
            if (!heed_source_tell_listed(source, error))
                return HEED_NEXT_ERROR;
            forget_found(maildir);
            return heed_source_take_gone(maildir->retry, out) ? HEED_NEXT_ITEM : HEED_NEXT_END;
        }
        below = g_ptr_array_index(maildir->window, maildir->given++);
        path = path_below(maildir, below);
        if (!heed_local_file_load(path, out))
            continue;
        out->uid = uid_of(below);
        out->source = g_steal_pointer(&path);
        (void)g_hash_table_remove(maildir->retry, out->uid);
        if (out->bytes != NULL)
            correct_received_at(out);
        return HEED_NEXT_ITEM;
    }
}

/* The flags behind ":2," (maildir(5)), with one more; they are kept in the order of ASCII. */
static char *
name_with_flags(const char *below, const char *uid, char flag)
{
    const char *flags = strstr(below, ":2,");
    g_autoptr(GString) name = g_string_new(uid);
    bool added = flag == '\0';

    g_string_append(name, ":2,");
    for (flags = flags != NULL ? flags + strlen(":2,") : ""; *flags != '\0'; flags++) {
        if (!added && *flags > flag)
            g_string_append_c(name, flag);
        added = added || *flags >= flag;
        g_string_append_c(name, *flags);
    }
    if (!added)
        g_string_append_c(name, flag);
    return g_string_free(g_steal_pointer(&name), FALSE);
}

/* Maildir++: all folders stand beside each other in the outermost Maildir, as ".Heed.Done". */
static char *
folder_path(const char *maildir, const char *folder)
{
    g_autofree char *encoded = heed_folder_name_encode(folder, '.');
    g_autofree char *dotted = g_strconcat(".", encoded, NULL);
    g_autofree char *last = g_path_get_basename(maildir);
    g_autofree char *parent = g_path_get_dirname(maildir);
    g_autofree char *outer = g_build_filename(parent, "cur", NULL);
    bool is_inner = *last == '.' && last[1] != '\0' && g_file_test(outer, G_FILE_TEST_IS_DIR);

    return g_build_filename(is_inner ? parent : maildir, dotted, NULL);
}

static bool
make_folder(const char *path, GError **error)
{
    static const char *const below[] = {"", "tmp", "new", "cur"};
    g_autofree char *mark = g_build_filename(path, "maildirfolder", NULL);
    g_auto(HeedFd) fd = -1;

    for (size_t i = 0; i < G_N_ELEMENTS(below); i++) {
        g_autofree char *made = g_build_filename(path, below[i], NULL);

        if (mkdir(made, FOLDER_MODE) < 0 && errno != EEXIST) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot make folder '%s': %s",
                        made, g_strerror(errno));
            return false;
        }
    }
    /* The mark of Maildir++ that this is no mailbox of its own. */
    fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return true;
}

static bool
rename_to(const char *from, const char *to, GError **error)
{
    if (rename(from, to) == 0 || errno == ENOENT)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE, "cannot move '%s' to '%s': %s", from, to,
                g_strerror(errno));
    return false;
}

static bool
act(MaildirSource *source,
    const HeedAckAction *action,
    const char *uid,
    const char *below,
    GError **error)
{
    g_autofree char *from = path_below(source, below);
    g_autofree char *name =
        name_with_flags(below, uid, action->what == HEED_ON_DONE_SEEN ? 'S' : '\0');
    g_autofree char *folder = NULL;
    g_autofree char *to = NULL;

    switch (action->what) {
    case HEED_ON_DONE_SEEN:
        to = g_build_filename(source->base.mailbox->folder, "cur", name, NULL);
        return rename_to(from, to, error);
    case HEED_ON_DONE_MOVE:
        folder = folder_path(source->base.mailbox->folder, action->folder);
        to = g_build_filename(folder, "cur", name, NULL);
        return make_folder(folder, error) && rename_to(from, to, error);
    case HEED_ON_DONE_DELETE:
        if (unlink(from) == 0 || errno == ENOENT)
            return true;
        g_set_error(error, HEED_ERROR, HEED_ERROR_PERMISSION, "cannot delete '%s': %s", from,
                    g_strerror(errno));
        return false;
    case HEED_ON_DONE_LEAVE:
    default:
        return true;
    }
}

static bool
maildir_acknowledge(HeedSource *source, const HeedAck *acks, size_t count, GError **error)
{
    g_autoptr(GHashTable) files = find_files(self(source), acks, count);

    for (size_t i = 0; i < count; i++) {
        const char *below = g_hash_table_lookup(files, acks[i].uid);

        if (acks[i].disposition > HEED_DISPOSITION_QUARANTINED || below == NULL)
            continue;
        if (!act(self(source), &source->mailbox->on_done[acks[i].disposition], acks[i].uid, below,
                 error))
            return false;
        HEED_FAULT("maildir.after-action");
    }
    return true;
}

static bool
maildir_wait(HeedSource *source, unsigned seconds, int wake_fd, GError **error)
{
    char events[4096];

    (void)error;
    heed_local_file_sleep(seconds, wake_fd, self(source)->news);
    while (self(source)->news >= 0 && read(self(source)->news, events, sizeof(events)) > 0)
        continue;
    g_clear_pointer(&self(source)->folder, dir_close);
    self(source)->subfolder = 0;
    source->has_told = false;
    return true;
}

static void
maildir_free(HeedSource *source)
{
    dir_close(self(source)->folder);
    g_ptr_array_unref(self(source)->window);
    g_hash_table_unref(self(source)->retry);
    heed_fd_clear(&self(source)->news);
    g_free(source);
}

HeedSource *
heed_maildir_source_new(const HeedMailbox *mailbox)
{
    static const HeedSourceOps ops = {
        .open = maildir_open,
        .resume = maildir_resume,
        .next = maildir_next,
        .acknowledge = maildir_acknowledge,
        .wait = maildir_wait,
        .free = maildir_free,
    };
    MaildirSource *source = g_new0(MaildirSource, 1);

    source->base = (HeedSource){.ops = &ops, .mailbox = mailbox};
    source->window = g_ptr_array_new_with_free_func(g_free);
    source->retry = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    source->news = -1;
    return &source->base;
}
