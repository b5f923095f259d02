/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IMAP folder as a source. Uids only ever grow, so the position is the last uid given out, and
 * everything above it is new. The folder is looked at in windows of uids (what is there, how
 * large), and each window is fetched in batches that the limits bound, so that memory does not
 * depend on the folder's size.
 *
 * A connection that is lost (servers end idle ones while the store works) is made anew, and the
 * step repeated. When a batch fails, its messages are asked for one by one: one that the server
 * will not give, or whose answer cannot be read, becomes an item without bytes, and the rest goes
 * on.
 */
#include "ingest/source.h"

#include "base/error.h"
#include "base/limits.h"
#include "ingest/imap_acknowledge.h"
#include "ingest/imap_fetch.h"
#include "ingest/imap_wait.h"

/* A window begins this wide, and grows where uids are sparse. */
#define WINDOW_WIDTH 1000U

/* The most messages of one window: some 1.5 MB of entries. A folder of no more is one window. */
#define WINDOW_LIMIT 65536U

/* Connections lost in a row, without anything fetched between, until we give up. */
#define LOSSES_LIMIT 3U

/* The pause before a new connection, times the losses. */
#define BACK_OFF_MICROS 300000U

#define LEFT_OUT "the server left it out of its answer"

typedef struct ImapSource {
    HeedSource base;
    HeedImap imap;
    uint32_t uid_validity; /* of the first connection */
    uint32_t resumed_at;   /* the store's position */
    uint32_t next_uid;     /* the lowest that no window has covered */
    uint32_t width;
    GArray *retry;     /* of uint32_t: uids below the position to ask for again */
    GArray *window;    /* of HeedImapEntry */
    bool is_retrying;  /* the window is of those */
    size_t window_at;  /* the first entry without an answer */
    GQueue ready;      /* of HeedItem *, to be given out */
    size_t one_by_one; /* so many entries are fetched each for itself */
    unsigned losses;
} ImapSource;

static ImapSource *
self(HeedSource *source)
{
    return (ImapSource *)source;
}

static void
item_free(gpointer item)
{
    heed_item_clear(item);
    g_free(item);
}

static bool
imap_open(HeedSource *source, int64_t *out_epoch, GError **error)
{
    ImapSource *imap = self(source);

    if (!heed_imap_open(&imap->imap, source->mailbox, error))
        return false;
    imap->uid_validity = imap->imap.uid_validity;
    *out_epoch = imap->uid_validity;
    return true;
}

static void
imap_resume(HeedSource *source, const HeedResume *resume)
{
    ImapSource *imap = self(source);

    if (resume->epoch != (int64_t)imap->uid_validity)
        return;
    if (resume->position > 0 && resume->position < UINT32_MAX)
        imap->resumed_at = (uint32_t)resume->position;
    imap->next_uid = imap->resumed_at + 1;
    for (size_t i = 0; resume->unreadable != NULL && i < resume->unreadable->len; i++) {
        uint32_t uid =
            (uint32_t)g_ascii_strtoull(g_ptr_array_index(resume->unreadable, i), NULL, 10);

        if (uid != 0)
            g_array_append_val(imap->retry, uid);
    }
    g_array_sort(imap->retry, heed_imap_compare_uids);
}

/* Makes the connection anew when it is lost. The folder must still be the one we began with. */
static bool
ensure_connected(ImapSource *source, GError **error)
{
    if (heed_imap_is_usable(&source->imap))
        return true;
    if (source->losses > 0)
        g_usleep((gulong)source->losses * BACK_OFF_MICROS);
    if (!heed_imap_open(&source->imap, source->base.mailbox, error))
        return false;
    if (source->imap.uid_validity == source->uid_validity)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY,
                "folder '%s' was replaced meanwhile (UIDVALIDITY %u, now %u)",
                source->base.mailbox->folder, source->uid_validity, source->imap.uid_validity);
    return false;
}

/* After a failed step: true when it may be tried once more, else the error stands. */
static bool
may_retry(ImapSource *source, GError **trouble, GError **error)
{
    if (!heed_imap_is_usable(&source->imap) && ++source->losses < LOSSES_LIMIT) {
        g_clear_error(trouble);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(trouble));
    return false;
}

static const HeedImapEntry *
entry_at(const ImapSource *source, size_t index)
{
    return &g_array_index(source->window, HeedImapEntry, index);
}

/* An item for the window's first entry without an answer; bytes NULL: detail says why. */
static void
answer(ImapSource *source, const HeedImapEntry *entry, GBytes *bytes, const char *detail)
{
    HeedItem *item = g_new0(HeedItem, 1);

    item->uid = g_strdup_printf("%u", entry->uid);
    /* What is asked for again stands below the position, which must not go back. */
    item->position = MAX(entry->uid, source->resumed_at);
    item->received_at = entry->received_at;
    item->size = entry->size;
    /* Sizes of some servers are estimates. */
    item->truncated = entry->size > HEED_LIMIT_MESSAGE_BYTES ||
                      (bytes != NULL && g_bytes_get_size(bytes) >= HEED_LIMIT_MESSAGE_BYTES);
    item->bytes = bytes != NULL ? g_bytes_ref(bytes) : NULL;
    item->detail = bytes == NULL ? g_strdup_printf("message %u: %s", entry->uid, detail) : NULL;
    g_queue_push_tail(&source->ready, item);
}

/* One of those to ask for again is no more. */
static void
answer_gone(ImapSource *source, uint32_t uid)
{
    HeedItem *item = g_new0(HeedItem, 1);

    item->uid = g_strdup_printf("%u", uid);
    item->received_at = HEED_DATE_UNKNOWN;
    item->gone = true;
    g_queue_push_tail(&source->ready, item);
}

static bool
window_has(const ImapSource *source, uint32_t uid)
{
    for (size_t i = 0; i < source->window->len; i++)
        if (entry_at(source, i)->uid == uid)
            return true;
    return false;
}

/* Answers those of the first count of retry that the window lacks. A server may leave out what it
 * cannot read: a search must not find it either. */
static bool
answer_missing(ImapSource *source, size_t count, GError **error)
{
    g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GHashTable) there = g_hash_table_new(NULL, NULL);

    for (size_t i = 0; i < count; i++) {
        uint32_t uid = g_array_index(source->retry, uint32_t, i);

        if (!window_has(source, uid))
            g_array_append_val(missing, uid);
    }
    if (missing->len == 0)
        return true;
    if (!heed_imap_search_uids(
            &source->imap, heed_imap_uid_set(&g_array_index(missing, uint32_t, 0), missing->len),
            there, error))
        return false;
    for (size_t i = 0; i < missing->len; i++) {
        HeedImapEntry entry = {.uid = g_array_index(missing, uint32_t, i),
                               .received_at = HEED_DATE_UNKNOWN};

        if (g_hash_table_contains(there, GUINT_TO_POINTER(entry.uid)))
            answer(source, &entry, NULL, LEFT_OUT);
        else
            answer_gone(source, entry.uid);
    }
    return true;
}

/* The uids that were not to be had before, as a window of their own. */
static bool
look_at_retries(ImapSource *source, GError **error)
{
    size_t count = MIN(source->retry->len, HEED_LIMIT_FETCH_MESSAGES);
    struct mailimap_set *set = heed_imap_uid_set(&g_array_index(source->retry, uint32_t, 0), count);

    if (!heed_imap_fetch_entries(&source->imap, set, source->window, error) ||
        !answer_missing(source, count, error))
        return false;
    g_array_remove_range(source->retry, 0, (guint)count);
    return true;
}

/* The next window of uids. Where there are few messages it widens, but never so far that it could
 * hold more than WINDOW_LIMIT of them. */
static bool
look_at_next(ImapSource *source, GError **error)
{
    uint32_t left = source->imap.uid_next - source->next_uid;
    uint32_t width = source->imap.exists <= WINDOW_LIMIT ? left : MIN(source->width, left);
    uint32_t last = source->next_uid + width - 1;

    if (!heed_imap_fetch_entries(&source->imap, mailimap_set_new_interval(source->next_uid, last),
                                 source->window, error))
        return false;
    source->next_uid = last + 1;
    source->width = source->window->len < WINDOW_WIDTH / 2 ? MIN(source->width * 2, WINDOW_LIMIT)
                                                           : WINDOW_WIDTH;
    return true;
}

static bool
has_more(const ImapSource *source)
{
    return source->retry->len > 0 || source->next_uid < source->imap.uid_next;
}

static bool
fill_window(ImapSource *source, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    bool looked;

    source->window_at = 0;
    do {
        g_array_set_size(source->window, 0);
        if (!ensure_connected(source, error))
            return false;
        source->is_retrying = source->retry->len > 0;
        looked = source->is_retrying ? look_at_retries(source, &trouble)
                                     : look_at_next(source, &trouble);
    } while (!looked && may_retry(source, &trouble, error));
    return looked;
}

/* How many entries make the next batch. One too large is a batch of its own. */
static size_t
batch_size(const ImapSource *source)
{
    size_t left = source->window->len - source->window_at;
    uint64_t bytes = 0;
    size_t count = 0;

    if (source->one_by_one > 0)
        return 1;
    while (count < MIN(left, HEED_LIMIT_FETCH_MESSAGES)) {
        bytes += entry_at(source, source->window_at + count)->size;
        if (count > 0 && bytes > HEED_LIMIT_FETCH_BYTES)
            break;
        count++;
    }
    return count;
}

/* Of those that a batch's answer left out, which are still there? The others were expunged. */
static bool
find_still_there(
    ImapSource *source, size_t count, GHashTable *bodies, GHashTable *out, GError **error)
{
    g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) there = g_array_new(FALSE, FALSE, sizeof(HeedImapEntry));

    for (size_t i = 0; i < count; i++) {
        uint32_t uid = entry_at(source, source->window_at + i)->uid;

        if (!g_hash_table_contains(bodies, GUINT_TO_POINTER(uid)))
            g_array_append_val(missing, uid);
    }
    if (missing->len == 0)
        return true;
    if (!heed_imap_fetch_entries(
            &source->imap, heed_imap_uid_set(&g_array_index(missing, uint32_t, 0), missing->len),
            there, error))
        return false;
    for (size_t i = 0; i < there->len; i++)
        g_hash_table_add(out, GUINT_TO_POINTER(g_array_index(there, HeedImapEntry, i).uid));
    return true;
}

/* Fetches count entries of the window and answers those that it can. */
static bool
fetch_batch(ImapSource *source, size_t count, GError **error)
{
    const HeedImapEntry *first = entry_at(source, source->window_at);
    uint32_t limit = first->size > HEED_LIMIT_MESSAGE_BYTES ? HEED_LIMIT_MESSAGE_BYTES : 0;
    g_autoptr(GHashTable) there = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) bodies =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_bytes_unref);

    if (!heed_imap_fetch_bodies(&source->imap, first, count, limit, bodies, error) ||
        !find_still_there(source, count, bodies, there, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        const HeedImapEntry *entry = first + i;
        GBytes *bytes = g_hash_table_lookup(bodies, GUINT_TO_POINTER(entry->uid));

        if (bytes != NULL || g_hash_table_contains(there, GUINT_TO_POINTER(entry->uid)))
            answer(source, entry, bytes, LEFT_OUT);
        else if (source->is_retrying)
            answer_gone(source, entry->uid);
    }
    return true;
}

/* The batch at the window's front, in one go or one by one. Fills ready unless all are gone. */
static bool
fetch_next(ImapSource *source, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    size_t count = batch_size(source);

    if (!ensure_connected(source, error))
        return false;
    if (fetch_batch(source, count, &trouble)) {
        source->losses = 0;
    } else if (count > 1) {
        /* Some message of it may be at fault. */
        if (!heed_imap_is_usable(&source->imap) && !may_retry(source, &trouble, error))
            return false;
        source->one_by_one = count;
        return true;
    } else {
        if (!heed_imap_is_usable(&source->imap) && ++source->losses >= LOSSES_LIMIT) {
            g_propagate_error(error, g_steal_pointer(&trouble));
            return false;
        }
        /* Once more after a lost connection: it may have been chance. */
        if (!heed_imap_is_usable(&source->imap) && source->losses == 1)
            return true;
        answer(source, entry_at(source, source->window_at), NULL, trouble->message);
        /* What was given up before says nothing of what is new: each run gets past one more. */
        if (source->is_retrying)
            source->losses = 0;
    }
    source->window_at += count;
    source->one_by_one -= MIN(source->one_by_one, count);
    return true;
}

static HeedNext
imap_next(HeedSource *source, HeedItem *out, GError **error)
{
    ImapSource *imap = self(source);

    while (g_queue_is_empty(&imap->ready)) {
        if (imap->window_at < imap->window->len) {
            if (!fetch_next(imap, error))
                return HEED_NEXT_ERROR;
        } else if (!has_more(imap)) {
            return HEED_NEXT_END;
        } else if (!fill_window(imap, error)) {
            return HEED_NEXT_ERROR;
        }
    }
    {
        g_autofree HeedItem *item = g_queue_pop_head(&imap->ready);

        *out = *item;
    }
    return HEED_NEXT_ITEM;
}

static bool
imap_acknowledge(HeedSource *source, const HeedAck *acks, size_t count, GError **error)
{
    ImapSource *imap = self(source);
    g_autoptr(GError) trouble = NULL;
    bool again = false;
    bool done;

    do {
        if (!ensure_connected(imap, error))
            return false;
        done = heed_imap_acknowledge(&imap->imap, acks, count, again, &trouble);
        again = true;
    } while (!done && may_retry(imap, &trouble, error));
    if (done)
        imap->losses = 0;
    return done;
}

/* May come back early: the caller looks for mail and waits again. */
static bool
imap_wait(HeedSource *source, unsigned seconds, int wake_fd, GError **error)
{
    ImapSource *imap = self(source);
    g_autoptr(GError) trouble = NULL;

    if (!ensure_connected(imap, error))
        return false;
    if (heed_imap_wait(&imap->imap, seconds, wake_fd, &trouble)) {
        imap->losses = 0;
    } else if (!may_retry(imap, &trouble, error) || !ensure_connected(imap, error)) {
        return false;
    }
    if (imap->imap.uid_validity == imap->uid_validity)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "folder '%s' was replaced meanwhile",
                source->mailbox->folder);
    return false;
}

static void
imap_free(HeedSource *source)
{
    ImapSource *imap = self(source);

    heed_imap_close(&imap->imap);
    g_queue_clear_full(&imap->ready, item_free);
    g_array_unref(imap->retry);
    g_array_unref(imap->window);
    g_free(imap);
}

HeedSource *
heed_imap_source_new(const HeedMailbox *mailbox)
{
    static const HeedSourceOps ops = {
        .open = imap_open,
        .resume = imap_resume,
        .next = imap_next,
        .acknowledge = imap_acknowledge,
        .wait = imap_wait,
        .free = imap_free,
    };
    ImapSource *source = g_new0(ImapSource, 1);

    source->base = (HeedSource){.ops = &ops, .mailbox = mailbox};
    source->next_uid = 1;
    source->width = WINDOW_WIDTH;
    source->retry = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    source->window = g_array_new(FALSE, FALSE, sizeof(HeedImapEntry));
    g_queue_init(&source->ready);
    return &source->base;
}
