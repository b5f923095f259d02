/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A POP3 mailbox as a source. The uid is the UIDL, which the server must know; there is no order to
 * remember, so the host is asked which uids of a window are stored already. The list of the whole
 * maildrop is held, in some 40 bytes a message: POP3 has no way to ask for a part of it.
 *
 * Deletions take effect only when the server answers QUIT with +OK. acknowledge() marks them, sends
 * QUIT, and reports success only then; what follows is done in a new connection, where the numbers
 * of those behind them have moved up.
 */
#include "ingest/source.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/limits.h"
#include "ingest/local_file.h"
#include "ingest/pop3_session.h"

#include <string.h>

#define WINDOW_MESSAGES 1000U

/* RFC 1939 7: a UIDL is at most 70 octets; longer ones of careless servers are taken as they are up
 * to this length, and hashed beyond. */
#define UIDL_BYTES 255U

/* A list: 600,000 messages and more. */
#define LIST_BYTES (64U * 1024 * 1024)

/* Of a line of a list: number, space, UIDL. */
#define LIST_LINE_BYTES 512U

/* Connections lost in a row until we give up. */
#define LOSSES_LIMIT 3U

/* The pause before a new connection, times the losses. */
#define BACK_OFF_MICROS 300000U

#define BUDGET_SLACK_BYTES (1024U * 1024)

/* One message of the maildrop; its number is its place in the list. */
typedef struct Entry {
    guint32 uid; /* where it begins in uids */
    guint32 size;
    bool given; /* out already; it may be on its way into the store */
} Entry;

typedef struct Pop3Source {
    HeedSource base;
    HeedPop3 pop3;
    bool is_listed;  /* entries are what the server has, or had when we quit */
    bool has_gap;    /* the list that was read last left a message out */
    GArray *entries; /* of Entry */
    GString *uids;
    size_t looked_at; /* of entries, in windows */
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

static Entry *
entry_at(const Pop3Source *source, size_t index)
{
    return &g_array_index(source->entries, Entry, index);
}

static const char *
uid_at(const Pop3Source *source, size_t index)
{
    return source->uids->str + entry_at(source, index)->uid;
}

/* Lines gathered from a list's octets. */
typedef struct ListReader {
    Pop3Source *source;
    GString *line;
    void (*take)(Pop3Source *source, guint64 number, const char *word);
} ListReader;

static void
read_list_bytes(void *data, const char *bytes, size_t length)
{
    ListReader *reader = data;
    char *word = NULL;
    guint64 number;

    g_string_append_len(reader->line, bytes,
                        (gssize)MIN(length, LIST_LINE_BYTES - reader->line->len));
    if (bytes[length - 1] != '\n')
        return;
    number = g_ascii_strtoull(reader->line->str, &word, 10);
    g_strstrip(word);
    if (number > 0 && *word != '\0')
        reader->take(reader->source, number, word);
    g_string_truncate(reader->line, 0);
}

/* Numbers run from 1 without a gap at the beginning of a session (RFC 1939 5). */
static void
take_uid(Pop3Source *source, guint64 number, const char *word)
{
    Entry entry = {.uid = (guint32)source->uids->len};
    g_autofree char *hashed = NULL;

    source->has_gap |= number > (guint64)source->entries->len + 1;
    if (number != (guint64)source->entries->len + 1)
        return;
    if (strlen(word) > UIDL_BYTES)
        word = hashed = g_compute_checksum_for_string(G_CHECKSUM_SHA256, word, -1);
    g_string_append_len(source->uids, word, (gssize)strlen(word) + 1);
    g_array_append_val(source->entries, entry);
}

static void
take_size(Pop3Source *source, guint64 number, const char *word)
{
    if (number <= source->entries->len)
        entry_at(source, number - 1)->size =
            (guint32)MIN(g_ascii_strtoull(word, NULL, 10), UINT32_MAX);
}

static bool
read_list(Pop3Source *source,
          const char *command,
          void (*take)(Pop3Source *, guint64, const char *),
          GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    ListReader reader = {source, line, take};

    return heed_pop3_command(&source->pop3, command, command, LIST_BYTES, NULL, error) &&
           heed_pop3_read_lines(&source->pop3, read_list_bytes, &reader, error);
}

/* Reads the whole list. What was given out before stays so. */
static bool
list_all(Pop3Source *source, GError **error)
{
    g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < source->entries->len; i++)
        if (entry_at(source, i)->given)
            g_hash_table_add(given, g_strdup(uid_at(source, i)));
    g_array_set_size(source->entries, 0);
    g_string_truncate(source->uids, 0);
    g_array_set_size(source->window, 0);
    source->window_at = 0;
    source->looked_at = 0;
    source->is_listed = false;
    source->has_gap = false;
    source->base.has_told = false;
    if (!read_list(source, "UIDL", take_uid, error) || !read_list(source, "LIST", take_size, error))
        return false;
    if (source->has_gap) {
        /* What stands behind it could not be told apart, and would never be read. */
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "UIDL: '%s' lists no unique id of message %u", source->base.mailbox->host,
                    source->entries->len + 1);
        return false;
    }
    for (size_t i = 0; i < source->entries->len; i++)
        entry_at(source, i)->given = g_hash_table_contains(given, uid_at(source, i));
    source->is_listed = true;
    return true;
}

/* In a new connection: is the list still right, but for what has come since? The last message of
 * ours says so, for numbers only ever move up. */
static bool
is_list_right(Pop3Source *source, bool *out_right, GError **error)
{
    g_autofree char *command = g_strdup_printf("UIDL %u", source->entries->len);
    g_autofree char *want = NULL;
    g_autofree char *got = NULL;
    g_autoptr(GError) refused = NULL;

    *out_right = false;
    if (!source->is_listed || source->entries->len == 0)
        return true;
    if (!heed_pop3_command(&source->pop3, command, "UIDL", 0, &got, &refused)) {
        if (heed_pop3_is_usable(&source->pop3))
            return true;
        g_propagate_error(error, g_steal_pointer(&refused));
        return false;
    }
    want = g_strdup_printf("%u %s", source->entries->len, uid_at(source, source->entries->len - 1));
    *out_right = g_str_equal(g_strstrip(got), want);
    return true;
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
           is_list_right(source, &right, error) && (right || list_all(source, error));
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
    size_t end = MIN(first + WINDOW_MESSAGES, source->entries->len);

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
    return is_window_done(source) && source->is_listed && source->looked_at == source->entries->len;
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

/* Marks one message. One that is gone counts as deleted. */
static bool
mark_deleted(Pop3Source *source, size_t index, GError **error)
{
    g_autofree char *dele = g_strdup_printf("DELE %zu", index + 1);
    g_autofree char *list = g_strdup_printf("LIST %zu", index + 1);
    g_autoptr(GError) refused = NULL;

    source->pop3.is_marked = true;
    if (heed_pop3_command(&source->pop3, dele, "DELE", 0, NULL, &refused) ||
        (heed_pop3_is_usable(&source->pop3) &&
         !heed_pop3_command(&source->pop3, list, "LIST", 0, NULL, NULL) &&
         heed_pop3_is_usable(&source->pop3)))
        return true;
    g_propagate_error(error, g_steal_pointer(&refused));
    return false;
}

/* Takes the deleted out of the list and the window; those behind them move up, as on the server. */
static void
forget_deleted(Pop3Source *source, const bool *deleted)
{
    g_autofree guint32 *moved = g_new(guint32, source->entries->len + 1);
    guint32 kept = 0;
    size_t looked_at = source->looked_at;
    guint window_kept = 0;

    for (guint32 i = 0; i < source->entries->len; i++) {
        moved[i] = deleted[i] ? UINT32_MAX : kept;
        if (deleted[i] && i < looked_at)
            source->looked_at--;
        if (!deleted[i])
            *entry_at(source, kept++) = *entry_at(source, i);
    }
    for (guint i = (guint)source->window_at; i < source->window->len; i++) {
        guint32 now = moved[g_array_index(source->window, guint32, i)];

        if (now != UINT32_MAX)
            g_array_index(source->window, guint32, window_kept++) = now;
    }
    g_array_set_size(source->window, window_kept);
    source->window_at = 0;
    g_array_set_size(source->entries, kept);
}

/* A uid to delete: how often it was acknowledged, how many messages have it, and how many of them
 * are marked. */
typedef struct Wanted {
    size_t acks;
    size_t listed;
    size_t marked;
} Wanted;

static void
want(GHashTable *wanted, const char *uid)
{
    Wanted *one = g_hash_table_lookup(wanted, uid);

    if (one == NULL) {
        one = g_new0(Wanted, 1);
        g_hash_table_insert(wanted, (gpointer)(uintptr_t)uid, one);
    }
    one->acks++;
}

static void
count_listed(const Pop3Source *source, GHashTable *wanted)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        *(Wanted *)value = (Wanted){.acks = ((Wanted *)value)->acks};
    for (size_t i = 0; i < source->entries->len; i++) {
        Wanted *one = g_hash_table_lookup(wanted, uid_at(source, i));

        if (one != NULL)
            one->listed++;
    }
}

/*
 * Deletes and quits. False with the connection lost: nothing is deleted, or all of it and we do not
 * know; either way it can be done again. Several messages may have one UIDL (RFC 1939 7: copies;
 * careless servers: any): as many are deleted as were acknowledged, of those that were given out
 * here, which is in the same order; which one an earlier run has stored nobody knows, so that all
 * of them stay.
 */
static bool
delete_and_quit(Pop3Source *source, GHashTable *wanted, GError **error)
{
    g_autofree bool *deleted = g_new0(bool, source->entries->len + 1);

    count_listed(source, wanted);
    for (size_t i = 0; i < source->entries->len; i++) {
        Wanted *one = g_hash_table_lookup(wanted, uid_at(source, i));

        if (one == NULL || one->marked == one->acks ||
            (one->listed > 1 && !entry_at(source, i)->given))
            continue;
        if (!mark_deleted(source, i, error))
            return false;
        deleted[i] = true;
        one->marked++;
    }
    HEED_FAULT("pop3.before-quit");
    if (!heed_pop3_command(&source->pop3, "QUIT", "QUIT", 0, NULL, error))
        return false;
    HEED_FAULT("pop3.after-quit");
    heed_pop3_close(&source->pop3);
    forget_deleted(source, deleted);
    return true;
}

static bool
pop3_acknowledge(HeedSource *source, const HeedAck *acks, size_t count, GError **error)
{
    Pop3Source *pop3 = self(source);
    g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    GError *trouble = NULL;

    for (size_t i = 0; i < count; i++)
        if (acks[i].disposition <= HEED_DISPOSITION_QUARANTINED &&
            source->mailbox->on_done[acks[i].disposition].what == HEED_ON_DONE_DELETE)
            want(wanted, acks[i].uid);
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
    g_array_unref(self(source)->entries);
    (void)g_string_free(self(source)->uids, TRUE);
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
    source->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    source->uids = g_string_new(NULL);
    source->window = g_array_new(FALSE, FALSE, sizeof(guint32));
    source->retry = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return &source->base;
}
