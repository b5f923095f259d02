/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_SOURCE_FIXTURE_H
#define HEED_TESTS_SUPPORT_SOURCE_FIXTURE_H

/* Temporary folders with mail in them, and what sources give, for the tests of sources. Failing is
 * a failed assertion. */

#include "ingest/source.h"

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

static inline void
source_item_free(gpointer item)
{
    heed_item_clear(item);
    g_free(item);
}

/* Everything that a source gives until its end, of HeedItem *. */
static inline GPtrArray *
source_drain(HeedSource *source)
{
    GPtrArray *items = g_ptr_array_new_with_free_func(source_item_free);

    for (;;) {
        HeedItem *item = g_new0(HeedItem, 1);
        g_autoptr(GError) error = NULL;
        HeedNext next = source->ops->next(source, item, &error);

        g_assert_no_error(error);
        if (next == HEED_NEXT_ITEM) {
            g_ptr_array_add(items, item);
            continue;
        }
        g_free(item);
        g_assert_cmpint(next, ==, HEED_NEXT_END);
        return items;
    }
}

/* The uids of the items, with a space behind each. */
static inline char *
source_uids(const GPtrArray *items)
{
    g_autoptr(GString) uids = g_string_new(NULL);

    for (size_t i = 0; i < items->len; i++) {
        const HeedItem *item = g_ptr_array_index(items, i);

        g_string_append_printf(uids, "%s ", item->uid);
    }
    return g_string_free(g_steal_pointer(&uids), FALSE);
}

/* Opens a source, from the start. */
static inline HeedSource *
source_opened(const HeedMailbox *mailbox, const HeedSourceHost *host, int64_t *out_epoch)
{
    HeedSource *source = heed_source_new(mailbox, host);
    g_autoptr(GError) error = NULL;
    int64_t epoch = 0;

    g_assert_true(source->ops->open(source, &epoch, &error));
    g_assert_no_error(error);
    if (out_epoch != NULL)
        *out_epoch = epoch;
    return source;
}

/* A host that knows nothing, and notes what it is asked and told. */
typedef struct Listener {
    unsigned asked;  /* uids, since it was told last */
    unsigned listed; /* of how many it was told that this is all */
    unsigned told;   /* how often */
} Listener;

static inline bool
listener_known(void *data, const GPtrArray *uids, GArray *out_known, GError **error)
{
    Listener *listener = data;

    (void)error;
    listener->asked += uids->len;
    g_array_set_size(out_known, 0);
    g_array_set_size(out_known, uids->len);
    return true;
}

static inline bool
listener_listed(void *data, GError **error)
{
    Listener *listener = data;

    (void)error;
    listener->listed = listener->asked;
    listener->asked = 0;
    listener->told++;
    return true;
}

static inline HeedSourceHost
listener_host(Listener *listener)
{
    return (HeedSourceHost){.known = listener_known, .listed = listener_listed, .data = listener};
}

/* Acknowledges all of the items as done. */
static inline void
source_acknowledge(HeedSource *source, const GPtrArray *items)
{
    g_autofree HeedAck *acks = g_new0(HeedAck, items->len + 1);
    g_autoptr(GError) error = NULL;
    bool done;

    for (size_t i = 0; i < items->len; i++)
        acks[i].uid = ((const HeedItem *)g_ptr_array_index(items, i))->uid;
    done = source->ops->acknowledge(source, acks, items->len, &error);
    g_assert_no_error(error);
    g_assert_true(done);
}

#endif
