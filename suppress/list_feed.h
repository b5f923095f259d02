/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_LIST_FEED_H
#define HEED_SUPPRESS_LIST_FEED_H

/*
 * The records of a list with their addresses read, in order, by threads of their own: one finds
 * where records end, some read the addresses and make their keys, and the caller looks them up
 * meanwhile. For clean.c. Memory is a few batches, whatever the list.
 */

#include "suppress/list.h"
#include "suppress/suppressed_set.h"

/* A field that may name an address, of a list that has several in a record. */
typedef struct HeedListCell {
    size_t column;       /* from 0 */
    size_t start;        /* of the field in the record, as it stands there, with its quotes */
    size_t length;       /* without the delimiter */
    const char *invalid; /* as in an item */
    bool empty;          /* blank, or not there */
    HeedAddressKey key;  /* where it is neither */
} HeedListCell;

/* A record on its way through. */
typedef struct HeedListItem {
    HeedListRecord record;
    const char *invalid; /* why it is (static), or NULL */
    bool as_it_is;       /* to be kept unseen: blank, and in a plain list a comment */
    HeedAddressKey key;  /* of the address; where it is neither, and there is only one */
} HeedListItem;

typedef struct HeedListBatch {
    HeedListItem *items;
    HeedListCell *cells; /* column_count of the shape for each item; NULL when that is 1. Not set
                            where the item is invalid or as it is */
    size_t count;
} HeedListBatch;

/* Those of an item; NULL where records have one address. */
HeedListCell *
heed_list_batch_cells(const HeedListBatch *batch, const HeedListShape *shape, size_t index);

typedef struct HeedListFeed HeedListFeed;

/* Begins to read where the reader is, which is the feed's until that is freed; as the shape are the
 * caller's. Keys are for the set. */
HeedListFeed *heed_list_feed_start(HeedListReader *reader,
                                   const HeedListShape *shape,
                                   const HeedSuppressedSet *set);

/* Stops reading, wherever it is. Accepts NULL. */
void heed_list_feed_free(HeedListFeed *feed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedListFeed, heed_list_feed_free)

/* The next records (borrowed, until the next call). NULL without an error: there are no more.
 * HEED_ERROR_IO. */
const HeedListBatch *heed_list_feed_next(HeedListFeed *feed, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
