/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetching alone: the source of a mailbox read to its end in this process, without workers, store
 * or acknowledgement.
 */

#include "ingest/source.h"

#include <inttypes.h>

static bool
none_known(void *data, const GPtrArray *uids, GArray *out_known, GError **error)
{
    bool no = false;

    (void)data;
    (void)error;
    for (guint i = 0; i < uids->len; i++)
        g_array_append_val(out_known, no);
    return true;
}

static int
fetch(const HeedMailbox *mailbox, GError **error)
{
    const HeedSourceHost host = {.known = none_known};
    g_autoptr(HeedSource) source = heed_source_new(mailbox, &host);
    const HeedResume start = {0};
    int64_t epoch = 0;
    uint64_t bytes = 0;
    uint64_t messages = 0;
    HeedNext got = HEED_NEXT_ERROR;

    if (!source->ops->open(source, &epoch, error))
        return 1;
    source->ops->resume(source, &start);
    for (;;) {
        g_auto(HeedItem) item = {0};

        got = source->ops->next(source, &item, error);
        if (got != HEED_NEXT_ITEM)
            break;
        messages++;
        bytes += item.bytes != NULL ? g_bytes_get_size(item.bytes) : 0;
    }
    if (got == HEED_NEXT_ERROR)
        return 1;
    g_print("%" PRIu64 " messages, %" PRIu64 " bytes\n", messages, bytes);
    return 0;
}

int
main(int argc, char **argv)
{
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("bench");
    g_autoptr(GError) error = NULL;

    if (argc != 4) {
        g_printerr("usage: bench_fetch URL PASSWORD-FILE CA-FILE\n");
        return 64;
    }
    mailbox->password_file = g_strdup(argv[2]);
    mailbox->ca_file = g_strdup(argv[3]);
    if (!heed_mailbox_set_url(mailbox, argv[1], &error) || fetch(mailbox, &error) != 0) {
        g_printerr("bench_fetch: %s\n", error->message);
        return 1;
    }
    return 0;
}
