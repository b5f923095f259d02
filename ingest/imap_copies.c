/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/imap_copies.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "ingest/imap_fetch.h"

/* The uids at the end of the folder that are looked at: more than one run acknowledges in one go,
 * and what others may have put there since. */
#define LOOK_BACK_UIDS 20000U

/* Of one command: its line stays short even where no two uids are neighbours. */
#define UIDS_PER_COMMAND 500U

/* What can be told apart without reading it. */
static guint
hash_entry(gconstpointer data)
{
    const HeedImapEntry *entry = data;

    return entry->size * 31 + (guint)entry->received_at;
}

static gboolean
is_same_entry(gconstpointer one, gconstpointer other)
{
    const HeedImapEntry *a = one;
    const HeedImapEntry *b = other;

    return a->size == b->size && a->received_at == b->received_at;
}

/* Those of the entries that look like one of the others, and can be read whole. */
static GArray *
keep_alike(const GArray *entries, const GArray *others)
{
    g_autoptr(GHashTable) table = g_hash_table_new(hash_entry, is_same_entry);
    GArray *alike = g_array_new(FALSE, FALSE, sizeof(HeedImapEntry));

    for (size_t i = 0; i < others->len; i++)
        (void)g_hash_table_add(table, &g_array_index(others, HeedImapEntry, i));
    for (size_t i = 0; i < entries->len; i++) {
        const HeedImapEntry *entry = &g_array_index(entries, HeedImapEntry, i);

        if (entry->size < HEED_LIMIT_MESSAGE_BYTES && g_hash_table_contains(table, entry))
            g_array_append_vals(alike, entry, 1);
    }
    return alike;
}

/* What the octets of the messages are, by uid (GUINT_TO_POINTER to char *); those that the server
 * leaves out are not in it. */
static bool
digest_bodies(HeedImap *imap, const GArray *entries, GHashTable *out, GError **error)
{
    for (size_t first = 0, count; first < entries->len; first += count) {
        g_autoptr(GHashTable) bodies =
            g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_bytes_unref);
        const HeedImapEntry *entry = &g_array_index(entries, HeedImapEntry, first);
        uint64_t bytes = entry->size;
        GHashTableIter iter;
        gpointer uid;
        gpointer body;

        for (count = 1; first + count < entries->len && count < UIDS_PER_COMMAND; count++) {
            bytes += entry[count].size;
            if (bytes > HEED_LIMIT_FETCH_BYTES)
                break;
        }
        if (!heed_imap_fetch_bodies(imap, entry, count, 0, bodies, error))
            return false;
        g_hash_table_iter_init(&iter, bodies);
        while (g_hash_table_iter_next(&iter, &uid, &body))
            if (g_bytes_get_size(body) < HEED_LIMIT_MESSAGE_BYTES) /* else there may be more */
                (void)g_hash_table_insert(out, uid,
                                          g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, body));
    }
    return true;
}

static void
close_folder(HeedImap *imap)
{
    heed_imap_close(imap);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedImap, close_folder)

/* The folder, to be looked at only. */
static HeedMailbox *
mailbox_at(const HeedMailbox *mailbox, const char *folder)
{
    g_autoptr(json_t) json = heed_mailbox_to_json(mailbox);
    HeedMailbox *other = heed_mailbox_from_json(json, NULL);

    if (other == NULL)
        return NULL;
    g_free(other->folder);
    other->folder = g_strdup(folder);
    for (size_t i = 0; i < G_N_ELEMENTS(other->on_done); i++)
        other->on_done[i].what = HEED_ON_DONE_LEAVE;
    return other;
}

/*
 * How often each body stands at the end of the folder, of those that look like one of ours (these
 * are out_theirs): checksum (char *) to count. NULL when it cannot be looked at, or when it may be
 * the same folder by another name (the same UIDVALIDITY): there each message is its own copy.
 */
static GHashTable *
look_at(const HeedImap *from, const char *folder, const GArray *ours, GArray **out_theirs)
{
    g_autoptr(HeedMailbox) other = mailbox_at(from->mailbox, folder);
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) digests = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(HeedImapEntry));
    g_autoptr(GArray) alike = NULL;
    g_auto(HeedImap) imap = {0};
    GHashTableIter iter;
    gpointer digest;
    uint32_t first;

    if (other == NULL || !heed_imap_open(&imap, other, NULL) ||
        imap.uid_validity == from->uid_validity)
        return NULL;
    first = imap.uid_next > LOOK_BACK_UIDS ? imap.uid_next - LOOK_BACK_UIDS : 1;
    if (!heed_imap_fetch_entries(&imap, mailimap_set_new_interval(first, imap.uid_next), entries,
                                 NULL))
        return NULL;
    alike = keep_alike(entries, ours);
    if (!digest_bodies(&imap, alike, digests, NULL))
        return NULL;
    g_hash_table_iter_init(&iter, digests);
    while (g_hash_table_iter_next(&iter, NULL, &digest)) {
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, digest));

        (void)g_hash_table_insert(counts, g_strdup(digest), GUINT_TO_POINTER(count + 1));
    }
    *out_theirs = g_steal_pointer(&alike);
    return g_steal_pointer(&counts);
}

/* Those of ours, of which each has a copy of its own. */
static void
match(const GArray *ours, GHashTable *digests, GHashTable *counts, GHashTable *out)
{
    for (size_t i = 0; i < ours->len; i++) {
        gpointer uid = GUINT_TO_POINTER(g_array_index(ours, HeedImapEntry, i).uid);
        const char *digest = g_hash_table_lookup(digests, uid);
        guint count = digest != NULL ? GPOINTER_TO_UINT(g_hash_table_lookup(counts, digest)) : 0;

        if (count == 0)
            continue;
        (void)g_hash_table_insert(counts, g_strdup(digest), GUINT_TO_POINTER(count - 1));
        (void)g_hash_table_add(out, uid);
    }
}

/* What of ours is there, without their bodies. */
static bool
list_ours(HeedImap *imap, const GArray *uids, GArray *out, GError **error)
{
    for (size_t i = 0; i < uids->len; i += UIDS_PER_COMMAND)
        if (!heed_imap_fetch_entries(imap,
                                     heed_imap_uid_set(&g_array_index(uids, uint32_t, i),
                                                       MIN(uids->len - i, UIDS_PER_COMMAND)),
                                     out, error))
            return false;
    return true;
}

static bool
find_copied(HeedImap *imap, const char *folder, const GArray *uids, GHashTable *out, GError **error)
{
    g_autofree char *below = g_strconcat("INBOX/", folder, NULL);
    g_autoptr(GArray) ours = g_array_new(FALSE, FALSE, sizeof(HeedImapEntry));
    g_autoptr(GArray) theirs = NULL;
    g_autoptr(GArray) alike = NULL;
    g_autoptr(GHashTable) digests = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_autoptr(GHashTable) counts = NULL;

    if (!list_ours(imap, uids, ours, error))
        return false;
    counts = look_at(imap, folder, ours, &theirs);
    if (counts == NULL)
        counts = look_at(imap, below, ours, &theirs);
    if (counts == NULL)
        return true;
    alike = keep_alike(ours, theirs);
    if (!digest_bodies(imap, alike, digests, error))
        return false;
    match(alike, digests, counts, out);
    return true;
}

bool
heed_imap_find_copied(
    HeedImap *imap, const char *folder, const GArray *uids, GHashTable *out, GError **error)
{
    g_autoptr(GError) trouble = NULL;

    if (find_copied(imap, folder, uids, out, &trouble) || heed_imap_is_usable(imap))
        return true;
    g_propagate_error(error, g_steal_pointer(&trouble));
    return false;
}
