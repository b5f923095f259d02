/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_STORE_STATE_H
#define HEED_CLI_STORE_STATE_H

/* What the files of the store's sink share: store_sink.c has the batches, store_mailbox.c what the
 * fetchers ask and confirm. For them alone. */

#include "cli/store_sink.h"

/* One mailbox of the run. */
typedef struct HeedStoreBox {
    const HeedMailbox *mailbox; /* borrowed */
    HeedCheckpoint checkpoint;
    HeedKeepRow keep[4];
    HeedRunTotals totals;
    /* uid → disposition + 1, from commit to acknowledgement, where it decides whether the message
     * is still there afterwards; else NULL */
    GHashTable *unacknowledged;
    char *unreadable; /* owned; why the last message that could not be had was not */
} HeedStoreBox;

struct HeedStoreSink {
    HeedStoreSinkOptions options;
    HeedStoreBox *boxes;
    HeedRunTotals totals;
    int status;
};

/* The attempts at one piece of work. */
typedef struct HeedStoreAttempts {
    unsigned conflicts;
    unsigned failures; /* of the database */
} HeedStoreAttempts;

/*
 * Whether to try again after the error, which is cleared then: at once after a lost race, after
 * reconnecting when the database went away. One that can be reached but does not take anything
 * (disk full, read-only after a failover) gets the same patience.
 */
bool heed_store_sink_try_again(HeedStoreSink *sink, HeedStoreAttempts *attempts, GError **error);

/* Whether a message of this fate is still on the server after it was acknowledged. */
bool heed_store_box_stays(const HeedMailbox *mailbox, HeedDisposition disposition);

/* The functions of HeedSink that are about one mailbox. */
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
void heed_store_mailbox_finished(void *data, size_t mailbox, const GError *error);

#endif
