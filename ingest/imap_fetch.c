/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/imap_fetch.h"

#include "base/limits.h"
#include "parsers/report.h"

/* What a FETCH response costs beside the message. */
#define RESPONSE_OVERHEAD_BYTES 1024U
#define BUDGET_SLACK_BYTES      (1024U * 1024)

/* What one FETCH response said. */
typedef struct Message {
    HeedImapEntry entry;
    bool has_size;
    const struct mailimap_msg_att_body_section *body; /* borrowed; NULL: none */
} Message;

/* libetpan gives the zone as it is written: +0130 is 130. */
static int64_t
seconds_of(const struct mailimap_date_time *date)
{
    g_autoptr(GDateTime) time = g_date_time_new_utc(date->dt_year, date->dt_month, date->dt_day,
                                                    date->dt_hour, date->dt_min, date->dt_sec);
    int minutes = date->dt_zone / 100 * 60 + date->dt_zone % 100;

    return time != NULL ? g_date_time_to_unix(time) - (int64_t)minutes * 60 : HEED_DATE_UNKNOWN;
}

static Message
read_message(const struct mailimap_msg_att *attributes)
{
    Message message = {.entry = {.received_at = HEED_DATE_UNKNOWN}};

    for (clistiter *at = clist_begin(attributes->att_list); at != NULL; at = clist_next(at)) {
        const struct mailimap_msg_att_item *item = clist_content(at);
        const struct mailimap_msg_att_static *fixed = item->att_data.att_static;

        if (item->att_type != MAILIMAP_MSG_ATT_ITEM_STATIC)
            continue;
        if (fixed->att_type == MAILIMAP_MSG_ATT_UID)
            message.entry.uid = fixed->att_data.att_uid;
        else if (fixed->att_type == MAILIMAP_MSG_ATT_RFC822_SIZE) {
            message.entry.size = fixed->att_data.att_rfc822_size;
            message.has_size = true;
        } else if (fixed->att_type == MAILIMAP_MSG_ATT_INTERNALDATE)
            message.entry.received_at = seconds_of(fixed->att_data.att_internal_date);
        else if (fixed->att_type == MAILIMAP_MSG_ATT_BODY_SECTION)
            message.body = fixed->att_data.att_body_section;
    }
    return message;
}

static gint
compare_entries(gconstpointer one, gconstpointer other)
{
    const HeedImapEntry *a = one;
    const HeedImapEntry *b = other;

    return a->uid < b->uid ? -1 : a->uid > b->uid ? 1 : 0;
}

bool
heed_imap_fetch_entries(HeedImap *imap, struct mailimap_set *set, GArray *out, GError **error)
{
    struct mailimap_fetch_type *type = mailimap_fetch_type_new_fetch_att_list_empty();
    clist *list = NULL;
    int result;

    (void)mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_uid());
    (void)mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_rfc822_size());
    (void)mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_internaldate());
    heed_imap_begin(imap, 0);
    result = mailimap_uid_fetch(imap->session, set, type, &list);
    mailimap_fetch_type_free(type);
    mailimap_set_free(set);
    if (!heed_imap_check(imap, result, "cannot list mail", error))
        return false;
    for (clistiter *at = clist_begin(list); at != NULL; at = clist_next(at)) {
        Message message = read_message(clist_content(at));

        /* Servers also send what has changed unasked, without a size. A size of 0 is a server's
         * mistake, and no reason never to read the message. */
        if (message.entry.uid != 0 && message.has_size)
            g_array_append_val(out, message.entry);
    }
    mailimap_fetch_list_free(list);
    g_array_sort(out, compare_entries);
    return true;
}

bool
heed_imap_search_uids(HeedImap *imap, struct mailimap_set *set, GHashTable *out, GError **error)
{
    struct mailimap_search_key *key = mailimap_search_key_new_uid(set);
    clist *list = NULL;
    int result;

    heed_imap_begin(imap, 0);
    result = mailimap_uid_search(imap->session, NULL, key, &list);
    mailimap_search_key_free(key);
    if (!heed_imap_check(imap, result, "cannot search for mail", error))
        return false;
    for (clistiter *at = clist_begin(list); at != NULL; at = clist_next(at))
        g_hash_table_add(out, GUINT_TO_POINTER(*(const uint32_t *)clist_content(at)));
    mailimap_search_result_free(list);
    return true;
}

static struct mailimap_fetch_type *
body_type(uint32_t limit)
{
    struct mailimap_fetch_type *type = mailimap_fetch_type_new_fetch_att_list_empty();
    struct mailimap_section *section = mailimap_section_new(NULL);
    struct mailimap_fetch_att *body =
        limit != 0 ? mailimap_fetch_att_new_body_peek_section_partial(section, 0, limit)
                   : mailimap_fetch_att_new_body_peek_section(section);

    (void)mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_uid());
    (void)mailimap_fetch_type_new_fetch_att_list_add(type, body);
    return type;
}

/* No more than was announced, generously: sizes of some servers are estimates. */
static uint64_t
budget_of(const HeedImapEntry *entries, size_t count, uint32_t limit)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += RESPONSE_OVERHEAD_BYTES + (limit != 0 ? limit : entries[i].size);
    return MIN(total * 2 + BUDGET_SLACK_BYTES, HEED_LIMIT_RESPONSE_BYTES);
}

bool
heed_imap_fetch_bodies(HeedImap *imap,
                       const HeedImapEntry *entries,
                       size_t count,
                       uint32_t limit,
                       GHashTable *out,
                       GError **error)
{
    g_autofree uint32_t *uids = g_new(uint32_t, count);
    struct mailimap_fetch_type *type = body_type(limit);
    struct mailimap_set *set;
    clist *list = NULL;
    int result;

    for (size_t i = 0; i < count; i++)
        uids[i] = entries[i].uid;
    set = heed_imap_uid_set(uids, count);
    heed_imap_begin(imap, budget_of(entries, count, limit));
    result = mailimap_uid_fetch(imap->session, set, type, &list);
    mailimap_fetch_type_free(type);
    mailimap_set_free(set);
    if (!heed_imap_check(imap, result, "cannot fetch mail", error))
        return false;
    for (clistiter *at = clist_begin(list); at != NULL; at = clist_next(at)) {
        Message message = read_message(clist_content(at));

        if (message.entry.uid != 0 && message.body != NULL && message.body->sec_body_part != NULL)
            g_hash_table_insert(
                out, GUINT_TO_POINTER(message.entry.uid),
                g_bytes_new(message.body->sec_body_part,
                            MIN(message.body->sec_length, HEED_LIMIT_MESSAGE_BYTES)));
    }
    mailimap_fetch_list_free(list);
    return true;
}
