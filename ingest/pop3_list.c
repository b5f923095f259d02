/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/pop3_list.h"

#include "base/error.h"

#include <string.h>

/* RFC 1939 7: a UIDL is at most 70 octets; longer ones of careless servers are taken as they are up
 * to this length, and hashed beyond. */
#define UIDL_BYTES 255U

/* A list: 600,000 messages and more. */
#define LIST_BYTES (64U * 1024 * 1024)

/* Of a line of a list: number, space, UIDL. */
#define LIST_LINE_BYTES 512U

void
heed_pop3_list_init(HeedPop3List *list)
{
    *list = (HeedPop3List){.entries = g_array_new(FALSE, FALSE, sizeof(HeedPop3Entry)),
                           .uids = g_string_new(NULL)};
}

void
heed_pop3_list_clear(HeedPop3List *list)
{
    g_clear_pointer(&list->entries, g_array_unref);
    (void)g_string_free(g_steal_pointer(&list->uids), TRUE);
}

HeedPop3Entry *
heed_pop3_list_entry(const HeedPop3List *list, size_t index)
{
    return &g_array_index(list->entries, HeedPop3Entry, index);
}

const char *
heed_pop3_list_uid(const HeedPop3List *list, size_t index)
{
    return list->uids->str + heed_pop3_list_entry(list, index)->uid;
}

/* Lines gathered from a list's octets. */
typedef struct ListReader {
    HeedPop3List *list;
    GString *line;
    void (*take)(HeedPop3List *list, guint64 number, const char *word);
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
        reader->take(reader->list, number, word);
    g_string_truncate(reader->line, 0);
}

/* Numbers run from 1 without a gap at the beginning of a session (RFC 1939 5). */
static void
take_uid(HeedPop3List *list, guint64 number, const char *word)
{
    HeedPop3Entry entry = {.uid = (guint32)list->uids->len};
    g_autofree char *hashed = NULL;

    list->has_gap |= number > (guint64)list->entries->len + 1;
    if (number != (guint64)list->entries->len + 1)
        return;
    if (strlen(word) > UIDL_BYTES)
        word = hashed = g_compute_checksum_for_string(G_CHECKSUM_SHA256, word, -1);
    g_string_append_len(list->uids, word, (gssize)strlen(word) + 1);
    g_array_append_val(list->entries, entry);
}

static void
take_size(HeedPop3List *list, guint64 number, const char *word)
{
    if (number <= list->entries->len)
        heed_pop3_list_entry(list, number - 1)->size =
            (guint32)MIN(g_ascii_strtoull(word, NULL, 10), UINT32_MAX);
}

static bool
read_list(HeedPop3List *list,
          HeedPop3 *pop3,
          const char *command,
          void (*take)(HeedPop3List *, guint64, const char *),
          GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    ListReader reader = {list, line, take};

    return heed_pop3_command(pop3, command, command, LIST_BYTES, NULL, error) &&
           heed_pop3_read_lines(pop3, read_list_bytes, &reader, error);
}

bool
heed_pop3_list_read(HeedPop3List *list, HeedPop3 *pop3, GError **error)
{
    g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < list->entries->len; i++)
        if (heed_pop3_list_entry(list, i)->given)
            g_hash_table_add(given, g_strdup(heed_pop3_list_uid(list, i)));
    g_array_set_size(list->entries, 0);
    g_string_truncate(list->uids, 0);
    list->has_gap = false;
    if (!read_list(list, pop3, "UIDL", take_uid, error) ||
        !read_list(list, pop3, "LIST", take_size, error))
        return false;
    if (list->has_gap) {
        /* What stands behind it could not be told apart, and would never be read. */
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "UIDL: '%s' lists no unique id of message %u", pop3->mailbox->host,
                    list->entries->len + 1);
        return false;
    }
    for (size_t i = 0; i < list->entries->len; i++)
        heed_pop3_list_entry(list, i)->given =
            g_hash_table_contains(given, heed_pop3_list_uid(list, i));
    return true;
}

bool
heed_pop3_list_is_right(const HeedPop3List *list, HeedPop3 *pop3, bool *out_right, GError **error)
{
    g_autofree char *command = g_strdup_printf("UIDL %u", list->entries->len);
    g_autofree char *want = NULL;
    g_autofree char *got = NULL;
    g_autoptr(GError) refused = NULL;

    *out_right = false;
    if (list->entries->len == 0)
        return true;
    if (!heed_pop3_command(pop3, command, "UIDL", 0, &got, &refused)) {
        if (heed_pop3_is_usable(pop3))
            return true;
        g_propagate_error(error, g_steal_pointer(&refused));
        return false;
    }
    want = g_strdup_printf("%u %s", list->entries->len,
                           heed_pop3_list_uid(list, list->entries->len - 1));
    *out_right = g_str_equal(g_strstrip(got), want);
    return true;
}

guint32 *
heed_pop3_list_remove(HeedPop3List *list, const bool *removed)
{
    guint32 *moved = g_new(guint32, list->entries->len + 1);
    guint32 kept = 0;

    for (guint32 i = 0; i < list->entries->len; i++) {
        moved[i] = removed[i] ? HEED_POP3_REMOVED : kept;
        if (!removed[i])
            *heed_pop3_list_entry(list, kept++) = *heed_pop3_list_entry(list, i);
    }
    g_array_set_size(list->entries, kept);
    return moved;
}
