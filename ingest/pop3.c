/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A POP3 mailbox as a source. There is no order to remember, so the host is asked which uids of a
 * window are stored already. The list of the whole maildrop is held (pop3_list.h).
 *
 * acknowledge() reports success only when the server has said good-bye; what follows is done in a
 * new connection, where the numbers of those behind the deleted have moved up.
 */
#include "ingest/source.h"

#include "base/error.h"
#include "base/limits.h"
#include "ingest/local_file.h"
#include "ingest/pop3_delete.h"
#include "ingest/pop3_list.h"

#include <string.h>

#define WINDOW_MESSAGES 1000U

/* Connections lost in a row until we give up. */
#define LOSSES_LIMIT 3U

/* The pause before a new connection, times the losses. */
#define BACK_OFF_MICROS 300000U

#define BUDGET_SLACK_BYTES (1024U * 1024)

typedef struct Pop3Source {
    HeedSource base;
    HeedPop3 pop3;
    bool is_listed; /* the list is what the server has, or had when we quit */
    HeedPop3List list;
    size_t looked_at; /* of the list, in windows */
    GArray *window;   /* of guint32: entries still to fetch */
    size_t window_at;
    GHashTable *retry; /* uids to fetch although they are known */
    unsigned losses;
} Pop3Source;

static Pop3Source *
self(HeedSource *source)
{
    return (Pop3Source *)source;
}

static HeedPop3Entry *
entry_at(const Pop3Source *source, size_t index)
{
    return heed_pop3_list_entry(&source->list, index);
}

static const char *
uid_at(const Pop3Source *source, size_t index)
{
    return heed_pop3_list_uid(&source->list, index);
}

/* Begins anew with what the server has now. */
static bool
list_all(Pop3Source *source, GError **error)
{
    g_array_set_size(source->window, 0);
    source->window_at = 0;
    source->looked_at = 0;
    source->base.has_told = false;
    source->is_listed = false;
    source->is_listed = heed_pop3_list_read(&source->list, &source->pop3, error);
    return source->is_listed;
}

static bool
ensure_connected(Pop3Source *source, GError **error)
{
    bool right = false;

    if (heed_pop3_is_usable(&source->pop3) && source->is_listed)
        return true;
    if (source->losses > 0)
        g_usleep((gulong)source->losses * BACK_OFF_MICROS);
    return heed_pop3_open(&source->pop3, source->base.mailbox, error) &&
           (!source->is_listed ||
            heed_pop3_list_is_right(&source->list, &source->pop3, &right, error)) &&
           (right || list_all(source, error));
}

static bool
pop3_open(HeedSource *source, int64_t *out_epoch, GError **error)
{
    *out_epoch = 0;
    return ensure_connected(self(source), error);
}

static void
pop3_resume(HeedSource *source, const HeedResume *resume)
{
    for (size_t i = 0; resume->unreadable != NULL && i < resume->unreadable->len; i++)
        g_hash_table_add(self(source)->retry, g_strdup(g_ptr_array_index(resume->unreadable, i)));
}

/* Keeps of the next entries those that the store does not have. */
static bool
fill_window(Pop3Source *source, GError **error)
{
    g_autoptr(GPtrArray) uids = g_ptr_array_new();
    g_autoptr(GArray) known = g_array_new(FALSE, TRUE, sizeof(bool));
    size_t first = source->looked_at;
    size_t end = MIN(first + WINDOW_MESSAGES, source->list.entries->len);

    g_array_set_size(source->window, 0);
    source->window_at = 0;
    for (size_t i = first; i < end; i++)
        g_ptr_array_add(uids, (gpointer)(uintptr_t)uid_at(source, i));
    if (source->base.host.known != NULL &&
        !source->base.host.known(source->base.host.data, uids, known, error))
        return false;
    g_array_set_size(known, uids->len);
    for (guint32 i = (guint32)first; i < end; i++)
        if (!entry_at(source, i)->given &&
            (!g_array_index(known, bool, i - first) ||
             g_hash_table_contains(source->retry, uid_at(source, i))))
            g_array_append_val(source->window, i);
    source->looked_at = end;
    return true;
}

/* A message on its way in: the beginning is kept, the rest counted. */
typedef struct Gathering {
    GByteArray *bytes;
    uint64_t size;
} Gathering;

static void
gather_message(void *data, const char *bytes, size_t length)
{
    Gathering *gathering = data;
    size_t room = HEED_LIMIT_MESSAGE_BYTES - gathering->bytes->len;

    gathering->size += length;
    g_byte_array_append(gathering->bytes, (const guint8 *)bytes, (guint)MIN(length, room));
}

static bool
retrieve(Pop3Source *source, guint32 index, HeedItem *out, GError **error)
{
    g_autofree char *command = g_strdup_printf("RETR %u", index + 1);
    /* Stuffed dots and line ends make it at most twice its size. */
    uint64_t budget = (uint64_t)entry_at(source, index)->size * 2 + BUDGET_SLACK_BYTES;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Gathering gathering = {bytes, 0};

    if (!heed_pop3_command(&source->pop3, command, "RETR", budget, NULL, error) ||
        !heed_pop3_read_lines(&source->pop3, gather_message, &gathering, error))
        return false;
    out->size = gathering.size;
    out->truncated = gathering.size > bytes->len;
    out->bytes = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    return true;
}

/* Fetches one entry: true when it is an item now, readable or not. False without an error: try
 * again. */
static bool
fetch(Pop3Source *source, guint32 index, HeedItem *out, GError **error)
{
    g_autoptr(GError) trouble = NULL;

    out->uid = g_strdup(uid_at(source, index));
    out->received_at = HEED_DATE_UNKNOWN;
    if (retrieve(source, index, out, &trouble)) {
        source->losses = 0;
    } else {
        if (!heed_pop3_is_usable(&source->pop3) && ++source->losses >= LOSSES_LIMIT)
            g_propagate_error(error, g_steal_pointer(&trouble));
        /* Once more after a lost connection: it may have been chance. */
        if (trouble == NULL || (!heed_pop3_is_usable(&source->pop3) && source->losses == 1)) {
            heed_item_clear(out);
            return false;
        }
        out->size = entry_at(source, index)->size;
        out->detail = g_strdup_printf("message %s: %s", out->uid, trouble->message);
    }
    entry_at(source, index)->given = true;
    /* What was given up before says nothing of what is new: each run gets past one more. */
    if (g_hash_table_remove(source->retry, out->uid))
        source->losses = 0;
    return true;
}

static bool
is_window_done(const Pop3Source *source)
{
    return source->window_at == source->window->len;
}

static bool
is_list_done(const Pop3Source *source)
{
    return is_window_done(source) && source->is_listed &&
           source->looked_at == source->list.entries->len;
}

static HeedNext
pop3_next(HeedSource *source, HeedItem *out, GError **error)
{
    Pop3Source *pop3 = self(source);
    GError *trouble = NULL;

    while (!is_list_done(pop3)) {
        if (!ensure_connected(pop3, error) || (is_window_done(pop3) && !fill_window(pop3, error)))
            return HEED_NEXT_ERROR;
        /* Nothing in this window was new, or connecting anew has emptied it. */
        if (is_window_done(pop3))
            continue;
        if (fetch(pop3, g_array_index(pop3->window, guint32, pop3->window_at), out, &trouble)) {
            pop3->window_at++;
            return HEED_NEXT_ITEM;
        }
        if (trouble != NULL) {
            g_propagate_error(error, trouble);
            return HEED_NEXT_ERROR;
        }
    }
    if (!heed_source_tell_listed(source, error))
        return HEED_NEXT_ERROR;
    /* What was not in the whole list is gone. */
    return heed_source_take_gone(pop3->retry, out) ? HEED_NEXT_ITEM : HEED_NEXT_END;
}

/* Takes the deleted out of the list and the window. */
static void
forget_deleted(Pop3Source *source, const bool *deleted)
{
    size_t looked_at = source->looked_at;
    guint window_kept = 0;
    g_autofree guint32 *moved = heed_pop3_list_remove(&source->list, deleted);

    for (size_t i = 0; i < looked_at; i++)
        source->looked_at -= deleted[i];
    for (guint i = (guint)source->window_at; i < source->window->len; i++) {
        guint32 now = moved[g_array_index(source->window, guint32, i)];

        if (now != HEED_POP3_REMOVED)
            g_array_index(source->window, guint32, window_kept++) = now;
    }
    g_array_set_size(source->window, window_kept);
    source->window_at = 0;
}

static bool
delete_and_quit(Pop3Source *source, GHashTable *wanted, GError **error)
{
    g_autofree bool *deleted = g_new0(bool, source->list.entries->len + 1);

    if (!heed_pop3_delete(&source->pop3, &source->list, wanted, deleted, error))
        return false;
    forget_deleted(source, deleted);
    return true;
}

static bool
pop3_acknowledge(HeedSource *source, const HeedAck *acks, size_t count, GError **error)
{
    Pop3Source *pop3 = self(source);
    g_autoptr(GHashTable) wanted = heed_pop3_deletions(source->mailbox, acks, count);
    GError *trouble = NULL;

    if (g_hash_table_size(wanted) == 0)
        return true;
    for (;;) {
        if (!ensure_connected(pop3, error))
            return false;
        if (delete_and_quit(pop3, wanted, &trouble)) {
            pop3->losses = 0;
            return true;
        }
        if (heed_pop3_is_usable(&pop3->pop3) || ++pop3->losses >= LOSSES_LIMIT) {
            g_propagate_error(error, trouble);
            return false;
        }
        g_clear_error(&trouble);
    }
}

/* POP3 shows new mail to new sessions only, and a session keeps others out. */
static bool
pop3_wait(HeedSource *source, unsigned seconds, int wake_fd, GError **error)
{
    (void)error;
    heed_pop3_close(&self(source)->pop3);
    heed_local_file_sleep(seconds, wake_fd, -1);
    self(source)->is_listed = false;
    return true;
}

static void
pop3_free(HeedSource *source)
{
    heed_pop3_close(&self(source)->pop3);
    heed_pop3_list_clear(&self(source)->list);
    g_array_unref(self(source)->window);
    g_hash_table_unref(self(source)->retry);
    g_free(source);
}

HeedSource *
heed_pop3_source_new(const HeedMailbox *mailbox)
{
    static const HeedSourceOps ops = {
        .open = pop3_open,
        .resume = pop3_resume,
        .next = pop3_next,
        .acknowledge = pop3_acknowledge,
        .wait = pop3_wait,
        .free = pop3_free,
    };
    Pop3Source *source = g_new0(Pop3Source, 1);

    source->base = (HeedSource){.ops = &ops, .mailbox = mailbox};
    heed_pop3_list_init(&source->list);
    source->window = g_array_new(FALSE, FALSE, sizeof(guint32));
    source->retry = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return &source->base;
}
