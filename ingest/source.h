/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_SOURCE_H
#define HEED_INGEST_SOURCE_H

/*
 * One interface over every place that mail is read from. Runs in a fetcher process, blocking; knows
 * nothing of databases. Order of calls:
 *
 *     open → resume → (next | acknowledge)* → [wait → (next | acknowledge)*]* → free
 *
 * A source never changes anything on the server but through acknowledge() (BODY.PEEK, no DELE, no
 * rename before). Memory does not grow with the mailbox: sources look at it in windows, and ask the
 * host which of a window's uids are stored already where the server knows no order.
 */

#include "ingest/mailbox.h"
#include "parsers/arrival.h"

/* One message as fetched. */
typedef struct HeedItem {
    char *uid;           /* owned; see HeedArrival.uid */
    char *source;        /* owned; "path#n" for people, or NULL: the mailbox's name */
    int64_t position;    /* see HeedArrival.position */
    int64_t received_at; /* or HEED_DATE_UNKNOWN */
    uint64_t size;       /* octets on the server */
    bool closed;    /* the mailbox's trust is "closed"; set by the pipeline for a fetcher's items */
    bool gone;      /* one of HeedResume.unreadable that is no longer there; only uid is set */
    bool truncated; /* bytes hold only the first HEED_LIMIT_MESSAGE_BYTES */
    GBytes *bytes;  /* owned; NULL: the server did not give this one message (detail: which, why) */
    char *detail;   /* owned; NULL unless bytes is */
} HeedItem;

/* Frees what the item owns; it is as new then. */
void heed_item_clear(HeedItem *item);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedItem, heed_item_clear)

/* Where to go on, as the store remembers it. */
typedef struct HeedResume {
    int64_t epoch; /* of the stored checkpoint: another epoch of the mailbox makes the rest void */
    int64_t position;
    GPtrArray *unreadable; /* of char *: uids below position to ask for again, before anything new;
                              each is given out once: read, unreadable again, or gone */
} HeedResume;

/* What a source may ask of whoever runs it. */
typedef struct HeedSourceHost {
    /* Which of the uids (const char *) are stored already; out_known: bool, one for each. */
    bool (*known)(void *data, const GPtrArray *uids, GArray *out_known, GError **error);
    /* Says that known() was asked, since open() or the last wait(), about every message that is
     * there. Not from sources that know an order. May be NULL. */
    bool (*listed)(void *data, GError **error);
    void *data;
} HeedSourceHost;

/* One message to acknowledge. */
typedef struct HeedAck {
    const char *uid;
    HeedDisposition disposition;
    bool again; /* an earlier run was to do it: it may have done a part */
} HeedAck;

typedef enum HeedNext {
    HEED_NEXT_ITEM,
    HEED_NEXT_END,  /* nothing more now */
    HEED_NEXT_ERROR /* this mailbox cannot go on */
} HeedNext;

typedef struct HeedSource HeedSource;

typedef struct HeedSourceOps {
    /* Connects, authenticates, selects; writes the mailbox's epoch (UIDVALIDITY, or 0). */
    bool (*open)(HeedSource *source, int64_t *out_epoch, GError **error);
    void (*resume)(HeedSource *source, const HeedResume *resume);
    HeedNext (*next)(HeedSource *source, HeedItem *out, GError **error);
    /* Carries out mailbox->on_done for each; messages that are gone already count as done. All or
     * error. */
    bool (*acknowledge)(HeedSource *source, const HeedAck *acks, size_t count, GError **error);
    /* Waits for new mail (IMAP IDLE, else polling) at most so long; also ends when wake_fd becomes
     * readable. NULL: the source cannot. */
    bool (*wait)(HeedSource *source, unsigned seconds, int wake_fd, GError **error);
    void (*free)(HeedSource *source);
} HeedSourceOps;

/* The head of every source's own struct. */
struct HeedSource {
    const HeedSourceOps *ops;
    const HeedMailbox *mailbox; /* borrowed */
    HeedSourceHost host;
    bool has_told; /* the host, by heed_source_tell_listed() */
};

/* Makes the source for the mailbox's protocol. Never fails: trouble shows at open. */
HeedSource *heed_source_new(const HeedMailbox *mailbox, const HeedSourceHost *host);
void heed_source_free(HeedSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedSource, heed_source_free)

/* For the drivers: takes some uid (owned keys) out of the table and makes it a gone item; false
 * when there is none. */
bool heed_source_take_gone(GHashTable *uids, HeedItem *out);

/* For the drivers: calls the host's listed(), once until the driver clears has_told. */
bool heed_source_tell_listed(HeedSource *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Constructors of the drivers, each in its own file. */
HeedSource *heed_imap_source_new(const HeedMailbox *mailbox);
HeedSource *heed_pop3_source_new(const HeedMailbox *mailbox);
HeedSource *heed_maildir_source_new(const HeedMailbox *mailbox);
HeedSource *heed_mbox_source_new(const HeedMailbox *mailbox);
HeedSource *heed_paths_source_new(const HeedMailbox *mailbox);

#endif
