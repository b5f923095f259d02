/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/pop3_delete.h"

#include "base/fault.h"

/* Marks one message. One that is gone counts as deleted. */
static bool
mark_deleted(HeedPop3 *pop3, size_t index, GError **error)
{
    g_autofree char *dele = g_strdup_printf("DELE %zu", index + 1);
    g_autofree char *list = g_strdup_printf("LIST %zu", index + 1);
    g_autoptr(GError) refused = NULL;

    pop3->is_marked = true;
    if (heed_pop3_command(pop3, dele, "DELE", 0, NULL, &refused) ||
        (heed_pop3_is_usable(pop3) && !heed_pop3_command(pop3, list, "LIST", 0, NULL, NULL) &&
         heed_pop3_is_usable(pop3)))
        return true;
    g_propagate_error(error, g_steal_pointer(&refused));
    return false;
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
count_listed(const HeedPop3List *list, GHashTable *wanted)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        *(Wanted *)value = (Wanted){.acks = ((Wanted *)value)->acks};
    for (size_t i = 0; i < list->entries->len; i++) {
        Wanted *one = g_hash_table_lookup(wanted, heed_pop3_list_uid(list, i));

        if (one != NULL)
            one->listed++;
    }
}

GHashTable *
heed_pop3_deletions(const HeedMailbox *mailbox, const HeedAck *acks, size_t count)
{
    GHashTable *wanted = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

    for (size_t i = 0; i < count; i++)
        if (acks[i].disposition <= HEED_DISPOSITION_QUARANTINED &&
            mailbox->on_done[acks[i].disposition].what == HEED_ON_DONE_DELETE)
            want(wanted, acks[i].uid);
    return wanted;
}

bool
heed_pop3_delete(
    HeedPop3 *pop3, const HeedPop3List *list, GHashTable *wanted, bool *out_deleted, GError **error)
{
    count_listed(list, wanted);
    for (size_t i = 0; i < list->entries->len; i++) {
        Wanted *one = g_hash_table_lookup(wanted, heed_pop3_list_uid(list, i));

        if (one == NULL || one->marked == one->acks ||
            (one->listed > 1 && !heed_pop3_list_entry(list, i)->given))
            continue;
        if (!mark_deleted(pop3, i, error))
            return false;
        out_deleted[i] = true;
        one->marked++;
    }
    HEED_FAULT("pop3.before-quit");
    if (!heed_pop3_command(pop3, "QUIT", "QUIT", 0, NULL, error))
        return false;
    HEED_FAULT("pop3.after-quit");
    heed_pop3_close(pop3);
    return true;
}
