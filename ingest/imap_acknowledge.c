/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/imap_acknowledge.h"

#include "base/error.h"
#include "base/fault.h"
#include "ingest/folder_name.h"
#include "ingest/imap_copies.h"

#include <string.h>

/* Of one command: its line stays short even where no two uids are neighbours. */
#define UIDS_PER_COMMAND 500U

/* Some of the uids to act on, in ascending order. */
typedef struct Chunk {
    const uint32_t *uids;
    size_t count;
} Chunk;

static size_t
next_chunk(const GArray *uids, size_t first, Chunk *out)
{
    *out = (Chunk){&g_array_index(uids, uint32_t, first), MIN(uids->len - first, UIDS_PER_COMMAND)};
    return first + out->count;
}

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
move(HeedImap *imap, const char *folder, const GArray *uids, GError **error)
{
    Chunk chunk;

    for (size_t i = 0; i < uids->len;) {
        i = next_chunk(uids, i, &chunk);
        if (!transfer_creating(imap, &chunk, folder, error))
            return false;
        if (imap->has_move)
            HEED_FAULT("imap.after-move");
        else
            HEED_FAULT("imap.after-copy");
    }
    return true;
}

/* Without MOVE: all of them have a copy afterwards. Again: some may have one already. */
static bool
copy(HeedImap *imap, const char *folder, const GArray *uids, bool again, GError **error)
{
    g_autoptr(GHashTable) copied = g_hash_table_new(NULL, NULL);
    g_autoptr(GArray) rest = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    if (again && !heed_imap_find_copied(imap, folder, uids, copied, error))
        return false;
    for (size_t i = 0; i < uids->len; i++) {
        uint32_t uid = g_array_index(uids, uint32_t, i);

        if (!g_hash_table_contains(copied, GUINT_TO_POINTER(uid)))
            g_array_append_val(rest, uid);
    }
    return move(imap, folder, rest, error);
}

static bool
mark(HeedImap *imap, const GArray *uids, struct mailimap_flag *(*flag)(void), GError **error)
{
    Chunk chunk;

    for (size_t i = 0; i < uids->len;) {
        i = next_chunk(uids, i, &chunk);
        if (!store_flag(imap, &chunk, flag(), error))
            return false;
    }
    return true;
}

/* Is no message marked as deleted but ours? */
static bool
only_ours_deleted(HeedImap *imap, const GArray *ours, bool *out_only, GError **error)
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
        *out_only = g_array_binary_search((GArray *)(uintptr_t)ours, clist_content(at),
                                          heed_imap_compare_uids, NULL);
    if (found != NULL)
        mailimap_search_result_free(found);
    return true;
}

static bool
expunge(HeedImap *imap, const GArray *uids, GError **error)
{
    bool only_ours = false;
    Chunk chunk;

    if (!imap->has_uidplus) {
        if (!only_ours_deleted(imap, uids, &only_ours, error))
            return false;
        heed_imap_begin(imap, 0);
        return !only_ours ||
               heed_imap_check(imap, mailimap_expunge(imap->session), "cannot expunge mail", error);
    }
    for (size_t i = 0; i < uids->len;) {
        struct mailimap_set *set;
        int result;

        i = next_chunk(uids, i, &chunk);
        set = heed_imap_uid_set(chunk.uids, chunk.count);
        heed_imap_begin(imap, 0);
        result = mailimap_uid_expunge(imap->session, set);
        mailimap_set_free(set);
        if (!heed_imap_check(imap, result, "cannot expunge mail", error))
            return false;
    }
    return true;
}

static bool
delete_all(HeedImap *imap, GArray *uids, GError **error)
{
    if (uids->len == 0)
        return true;
    g_array_sort(uids, heed_imap_compare_uids);
    if (!mark(imap, uids, mailimap_flag_new_deleted, error))
        return false;
    HEED_FAULT("imap.after-store");
    if (!expunge(imap, uids, error))
        return false;
    HEED_FAULT("imap.after-expunge");
    return true;
}

/* Those of one disposition, ascending; *out_again when one of them is. */
static GArray *
uids_of(const HeedAck *acks, size_t count, size_t disposition, bool *out_again)
{
    GArray *uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (size_t i = 0; i < count; i++) {
        uint32_t uid = (uint32_t)g_ascii_strtoull(acks[i].uid, NULL, 10);

        if ((size_t)acks[i].disposition != disposition || uid == 0)
            continue;
        g_array_append_val(uids, uid);
        *out_again |= acks[i].again;
    }
    g_array_sort(uids, heed_imap_compare_uids);
    return uids;
}

bool
heed_imap_acknowledge(HeedImap *imap, const HeedAck *acks, size_t count, bool again, GError **error)
{
    g_autoptr(GArray) doomed = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (size_t which = 0; which < G_N_ELEMENTS(imap->mailbox->on_done); which++) {
        const HeedAckAction *action = &imap->mailbox->on_done[which];
        bool any_again = again;
        g_autoptr(GArray) uids = uids_of(acks, count, which, &any_again);
        bool done = true;

        if (uids->len == 0)
            continue;
        if (action->what == HEED_ON_DONE_SEEN)
            done = mark(imap, uids, mailimap_flag_new_seen, error);
        else if (action->what == HEED_ON_DONE_MOVE && imap->has_move)
            done = move(imap, action->folder, uids, error);
        else if (action->what == HEED_ON_DONE_MOVE)
            done = copy(imap, action->folder, uids, any_again, error);
        if (!done)
            return false;
        if (action->what == HEED_ON_DONE_DELETE ||
            (action->what == HEED_ON_DONE_MOVE && !imap->has_move))
            g_array_append_vals(doomed, uids->data, uids->len);
    }
    return delete_all(imap, doomed, error);
}
