/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_state.h"

#include "base/limits.h"

#include <string.h>
#include <xxhash.h>

/* Rows that are looked at in one go. */
#define PAGE_ROWS 5000U

void
heed_store_listing_begin(HeedStoreListing *listing)
{
    heed_store_listing_clear(listing);
    *listing = (HeedStoreListing){.hashes = g_array_new(FALSE, FALSE, sizeof(uint64_t))};
}

void
heed_store_listing_clear(HeedStoreListing *listing)
{
    g_clear_pointer(&listing->hashes, g_array_unref);
}

static uint64_t
hash_of(const char *uid)
{
    return XXH3_64bits(uid, strlen(uid));
}

void
heed_store_listing_add(HeedStoreListing *listing, const GPtrArray *uids, const GArray *known)
{
    /* The store has only the beginning of longer ones. */
    for (size_t i = 0; i < uids->len; i++)
        listing->is_partial |= strlen(uids->pdata[i]) > HEED_UID_BYTES;
    listing->is_partial |= listing->hashes->len + uids->len > HEED_LIMIT_LISTED_MESSAGES;
    if (listing->is_partial) {
        g_array_set_size(listing->hashes, 0);
        return;
    }
    for (size_t i = 0; i < uids->len; i++) {
        uint64_t hash = hash_of(uids->pdata[i]);

        g_array_append_val(listing->hashes, hash);
        listing->left += g_array_index(known, bool, i) ? 1 : 0;
    }
}

static gint
compare_hashes(gconstpointer one, gconstpointer other)
{
    const uint64_t *a = one;
    const uint64_t *b = other;

    return *a < *b ? -1 : *a > *b ? 1 : 0;
}

/* Two uids of one hash: the row of one stays as long as the other is there. */
static bool
has(const HeedStoreListing *listing, const char *uid)
{
    uint64_t hash = hash_of(uid);

    return g_array_binary_search(listing->hashes, &hash, compare_hashes, NULL);
}

/* One page of rows; *out_last is its last uid, or NULL: there are no more. */
static bool
note_page(const HeedStoreListing *listing,
          HeedDatabase *database,
          const HeedCheckpoint *checkpoint,
          char **out_last,
          GError **error)
{
    g_autofree char *after = g_steal_pointer(out_last);
    g_autoptr(GPtrArray) page =
        heed_checkpoint_left_messages(database, checkpoint, after, PAGE_ROWS, error);
    g_autoptr(GPtrArray) missed = g_ptr_array_new();
    g_autoptr(GPtrArray) found = g_ptr_array_new();

    if (page == NULL)
        return false;
    for (size_t i = 0; i < page->len; i++) {
        const HeedKnownMessage *message = page->pdata[i];
        bool is_there = has(listing, message->uid);

        if (is_there == message->missed)
            g_ptr_array_add(is_there ? found : missed, message->uid);
    }
    if (page->len > 0)
        *out_last = g_strdup(((const HeedKnownMessage *)page->pdata[page->len - 1])->uid);
    return (missed->len == 0 ||
            heed_checkpoint_set_missed(database, checkpoint, missed, true, error)) &&
           (found->len == 0 ||
            heed_checkpoint_set_missed(database, checkpoint, found, false, error));
}

bool
heed_store_listing_end(HeedStoreListing *listing,
                       HeedDatabase *database,
                       const HeedCheckpoint *checkpoint,
                       GError **error)
{
    g_autofree char *last = NULL;
    int64_t left = 0;
    int64_t missed = 0;

    if (listing->is_partial)
        return true;
    if (!heed_checkpoint_count_left(database, checkpoint, &left, &missed, error))
        return false;
    /* As a rule nothing is missing, and the rows need not be read. */
    if (left <= listing->left && missed == 0)
        return true;
    g_array_sort(listing->hashes, compare_hashes);
    do {
        if (!note_page(listing, database, checkpoint, &last, error))
            return false;
    } while (last != NULL);
    return heed_checkpoint_forget_missed(database, checkpoint, HEED_LIMIT_MISSED_DAYS, error);
}
