/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_STORE_STATE_H
#define HEED_CLI_STORE_STATE_H

/* What the files of the store's sink share: store_sink.c has the batches, store_mailbox.c what the
 * fetchers ask and confirm. For them alone. */

#include "cli/retry.h"
#include "cli/store_sink.h"

/* What a mailbox without an order was asked about since its list began. */
typedef struct HeedStoreListing {
    GArray *hashes; /* of uint64_t, one for each uid */
    int64_t
        left; /* so many of their rows stay, at least: those that were there, those made since */
    bool is_partial; /* it is too long, or cannot be told apart */
} HeedStoreListing;

/* One mailbox of the run. */
typedef struct HeedStoreBox {
    const HeedMailbox *mailbox; /* borrowed */
    HeedCheckpoint checkpoint;
    HeedKeepRow keep[4];
    HeedRunTotals totals;
    /* uid → disposition + 1, from commit to acknowledgement, where it decides whether the message
     * is still there afterwards; else NULL */
    GHashTable *unacknowledged;
    HeedStoreListing listing;
    int status;        /* exit status of its last end */
    int64_t rested_at; /* monotonic; when it was noted last that it was read to its end */
    char *unreadable;  /* owned; why the last message that could not be had was not */
} HeedStoreBox;

struct HeedStoreSink {
    HeedStoreSinkOptions options;
    HeedStoreBox *boxes;
    HeedRunTotals totals;
    int status; /* of mail from the store itself */
};

/* heed_cli_try_again(), and the leases again after reconnecting. */
bool heed_store_sink_try_again(HeedStoreSink *sink, HeedAttempts *attempts, GError **error);

/* Whether its position says what is stored. */
bool heed_store_box_knows_order(const HeedMailbox *mailbox);

/* Whether a message of this fate is still on the server after it was acknowledged. */
bool heed_store_box_stays(const HeedMailbox *mailbox, HeedDisposition disposition);

/* --- store_listing.c: forgets mail that is gone from servers which know no order --- */

/* A new list begins. */
void heed_store_listing_begin(HeedStoreListing *listing);

/* The mailbox has asked about these (const char *); known: of bool. */
void heed_store_listing_add(HeedStoreListing *listing, const GPtrArray *uids, const GArray *known);

/*
 * The list is whole: what it lacks is noted, and forgotten when lists have lacked it for
 * HEED_LIMIT_MISSED_DAYS. One list proves nothing: a server may show less than it has, and a file
 * that is renamed while its folder is read may not be met.
 */
bool heed_store_listing_end(HeedStoreListing *listing,
                            HeedDatabase *database,
                            const HeedCheckpoint *checkpoint,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

void heed_store_listing_clear(HeedStoreListing *listing);

/* --- store_mailbox.c: the functions of HeedSink that are about one mailbox --- */

bool heed_store_mailbox_listed(void *data, size_t mailbox, GError **error);
bool heed_store_mailbox_resume(void *data,
                               size_t mailbox,
                               int64_t epoch,
                               HeedResume *out,
                               GPtrArray *out_open,
                               GError **error);
bool heed_store_mailbox_known(
    void *data, size_t mailbox, const GPtrArray *uids, GArray *out_known, GError **error);
bool
heed_store_mailbox_acknowledged(void *data, size_t mailbox, const GPtrArray *uids, GError **error);
void heed_store_mailbox_rested(void *data, size_t mailbox);
void heed_store_mailbox_finished(void *data, size_t mailbox, const GError *error);

#endif
