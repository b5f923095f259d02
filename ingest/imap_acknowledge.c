/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/imap_acknowledge.h"

#include "base/error.h"
#include "base/fault.h"
#include "ingest/folder_name.h"

#include <string.h>

/* Of one command: its line stays short even where no two uids are neighbours. */
#define UIDS_PER_COMMAND 500U

/* Some of the uids to act on, in ascending order. */
typedef struct Chunk {
    const uint32_t *uids;
    size_t count;
} Chunk;

static bool
store_flag(HeedImap *imap, const Chunk *chunk, struct mailimap_flag *flag, GError **error)
{
    struct mailimap_flag_list *flags = mailimap_flag_list_new_empty();
    struct mailimap_store_att_flags *change;
    struct mailimap_set *set = heed_imap_uid_set(chunk->uids, chunk->count);
    int result;

    (void)mailimap_flag_list_add(flags, flag);
    change = mailimap_store_att_flags_new_add_flags_silent(flags);
    heed_imap_begin(imap, 0);
    result = mailimap_uid_store(imap->session, set, change);
    mailimap_store_att_flags_free(change);
    mailimap_set_free(set);
    return heed_imap_check(imap, result, "cannot mark mail", error);
}

static bool
contains(const Chunk *chunk, uint32_t uid)
{
    for (size_t i = 0; i < chunk->count; i++)
        if (chunk->uids[i] == uid)
            return true;
    return false;
}

/* Is no message marked as deleted but ours? */
static bool
only_ours_deleted(HeedImap *imap, const Chunk *chunk, bool *out_only, GError **error)
{
    struct mailimap_search_key *key = mailimap_search_key_new(
        MAILIMAP_SEARCH_KEY_DELETED, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL);
    clist *found = NULL;
    int result;

    heed_imap_begin(imap, 0);
    result = mailimap_uid_search(imap->session, NULL, key, &found);
    mailimap_search_key_free(key);
    if (!heed_imap_check(imap, result, "cannot search for deleted mail", error))
        return false;
    *out_only = true;
    for (clistiter *at = found != NULL ? clist_begin(found) : NULL; at != NULL && *out_only;
         at = clist_next(at))
        *out_only = contains(chunk, *(const uint32_t *)clist_content(at));
    if (found != NULL)
        mailimap_search_result_free(found);
    return true;
}

static bool
delete_chunk(HeedImap *imap, const Chunk *chunk, GError **error)
{
    struct mailimap_set *set;
    bool only_ours = false;
    int result;

    if (!store_flag(imap, chunk, mailimap_flag_new_deleted(), error))
        return false;
    HEED_FAULT("imap.after-store");
    if (!imap->has_uidplus) {
        if (!only_ours_deleted(imap, chunk, &only_ours, error))
            return false;
        heed_imap_begin(imap, 0);
        return !only_ours ||
               heed_imap_check(imap, mailimap_expunge(imap->session), "cannot expunge mail", error);
    }
    set = heed_imap_uid_set(chunk->uids, chunk->count);
    heed_imap_begin(imap, 0);
    result = mailimap_uid_expunge(imap->session, set);
    mailimap_set_free(set);
    if (!heed_imap_check(imap, result, "cannot expunge mail", error))
        return false;
    HEED_FAULT("imap.after-expunge");
    return true;
}

/* One attempt to have the chunk in the folder, by MOVE or COPY. */
static bool
transfer(HeedImap *imap, const Chunk *chunk, const char *name, GError **error)
{
    struct mailimap_set *set = heed_imap_uid_set(chunk->uids, chunk->count);
    int result;

    heed_imap_begin(imap, 0);
    result = imap->has_move ? mailimap_uid_move(imap->session, set, name)
                            : mailimap_uid_copy(imap->session, set, name);
    mailimap_set_free(set);
    return heed_imap_check(imap, result, "cannot move mail", error);
}

/* What the server thinks of it shows when mail is to go there: it may exist already. */
static void
create_folder(HeedImap *imap, const char *name)
{
    heed_imap_begin(imap, 0);
    (void)mailimap_create(imap->session, name);
    heed_imap_begin(imap, 0);
    (void)mailimap_subscribe(imap->session, name);
}

/* Names that only the server's delimiter, or its place for folders, makes one: there a message
 * would be new again, for ever. */
static bool
is_own(const HeedImap *imap, const char *name, GError **error)
{
    g_autofree char *own = heed_imap_folder_name(imap, imap->mailbox->folder);

    if (!heed_folder_name_is_same(name, own, imap->delimiter))
        return false;
    g_set_error_literal(error, HEED_ERROR, HEED_ERROR_CONFIG,
                        "mail is read from there; move it to another one");
    return true;
}

/* The same, and once more with the folder made. False without an error: making it cost the
 * connection. */
static bool
transfer_making(HeedImap *imap, const Chunk *chunk, const char *name, GError **error)
{
    g_autoptr(GError) refused = NULL;

    if (transfer(imap, chunk, name, &refused))
        return true;
    if (heed_imap_is_usable(imap)) {
        g_clear_error(&refused);
        create_folder(imap, name);
        if (heed_imap_is_usable(imap) && transfer(imap, chunk, name, &refused))
            return true;
    }
    if (refused != NULL)
        g_propagate_error(error, g_steal_pointer(&refused));
    return false;
}

/* The names under which a folder may exist: as written, and below INBOX, where Courier and Cyrus
 * keep all of a person's folders. */
static bool
transfer_creating(HeedImap *imap, const Chunk *chunk, const char *folder, GError **error)
{
    g_autofree char *plain = heed_imap_folder_name(imap, folder);
    char delimiter[] = {imap->delimiter != '\0' ? imap->delimiter : '/', '\0'};
    g_autofree char *below = g_strconcat("INBOX", delimiter, plain, NULL);
    const char *const names[] = {plain, below};
    g_autoptr(GError) first = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        GError **trouble = first == NULL ? &first : NULL; /* the name as written says it best */

        if (is_own(imap, names[i], trouble))
            break;
        if (transfer_making(imap, chunk, names[i], trouble))
            return true;
        if (!heed_imap_is_usable(imap))
            break;
    }
    if (first == NULL)
        first = g_error_copy(heed_tls_stream_failure(imap->stream));
    g_propagate_prefixed_error(error, g_steal_pointer(&first), "folder '%s': ", folder);
    return false;
}

static bool
move_chunk(HeedImap *imap, const Chunk *chunk, const char *folder, GError **error)
{
    if (!transfer_creating(imap, chunk, folder, error))
        return false;
    if (imap->has_move) {
        HEED_FAULT("imap.after-move");
        return true;
    }
    HEED_FAULT("imap.after-copy");
    return delete_chunk(imap, chunk, error);
}

static bool
act(HeedImap *imap, const HeedAckAction *action, const Chunk *chunk, GError **error)
{
    switch (action->what) {
    case HEED_ON_DONE_SEEN:
        return store_flag(imap, chunk, mailimap_flag_new_seen(), error);
    case HEED_ON_DONE_MOVE:
        return move_chunk(imap, chunk, action->folder, error);
    case HEED_ON_DONE_DELETE:
        return delete_chunk(imap, chunk, error);
    case HEED_ON_DONE_LEAVE:
    default:
        return true;
    }
}

static gint
compare_uids(gconstpointer one, gconstpointer other)
{
    const uint32_t *a = one;
    const uint32_t *b = other;

    return *a < *b ? -1 : *a > *b ? 1 : 0;
}

bool
heed_imap_acknowledge(HeedImap *imap, const HeedAck *acks, size_t count, GError **error)
{
    for (size_t which = 0; which < G_N_ELEMENTS(imap->mailbox->on_done); which++) {
        g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));

        for (size_t i = 0; i < count; i++) {
            uint32_t uid = (uint32_t)g_ascii_strtoull(acks[i].uid, NULL, 10);

            if ((size_t)acks[i].disposition == which && uid != 0)
                g_array_append_val(uids, uid);
        }
        g_array_sort(uids, compare_uids);
        for (size_t i = 0; i < uids->len; i += UIDS_PER_COMMAND) {
            Chunk chunk = {&g_array_index(uids, uint32_t, i), MIN(uids->len - i, UIDS_PER_COMMAND)};

            if (!act(imap, &imap->mailbox->on_done[which], &chunk, error))
                return false;
        }
    }
    return true;
}
