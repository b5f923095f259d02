/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_CHECKPOINT_H
#define HEED_DB_CHECKPOINT_H

/*
 * How far each mailbox has been read, and what is still to be acknowledged on its server. Saved in
 * the transaction that stores the messages, so that neither can be ahead of the other.
 */

#include "db/connection.h"
#include "parsers/arrival.h"

/* Of a uid, what is kept and compared: POP3 allows 70 octets (RFC 1939 7), file names have 255. */
#define HEED_UID_BYTES 1024U

/* A message that the store knows of a mailbox. */
typedef struct HeedKnownMessage {
    char *uid;                   /* owned */
    HeedDisposition disposition; /* of an open matter: acknowledge, or ask for again (UNREADABLE) */
    bool missed;                 /* the last whole list of its mailbox lacked it */
} HeedKnownMessage;

typedef struct HeedCheckpoint {
    int64_t mailbox_id;
    int64_t epoch;
    int64_t position;
} HeedCheckpoint;

/* Finds or makes the mailbox's row; when its url differs from the stored one the checkpoint starts
 * anew. */
bool heed_checkpoint_load(HeedDatabase *database,
                          const char *name,
                          const char *url,
                          HeedCheckpoint *out,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The mailbox has another UIDVALIDITY now: forget position and messages of the old one. */
bool
heed_checkpoint_set_epoch(HeedDatabase *database, int64_t mailbox_id, int64_t epoch, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What is open, at most limit, of HeedKnownMessage *. */
GPtrArray *heed_checkpoint_open_messages(HeedDatabase *database,
                                         const HeedCheckpoint *checkpoint,
                                         size_t limit,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Which of the uids (const char *) are stored already: out_known is of bool, one for each. */
bool heed_checkpoint_known(HeedDatabase *database,
                           const HeedCheckpoint *checkpoint,
                           const GPtrArray *uids,
                           GArray *out_known,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What to do with the server's copy once a message is stored, by mailbox: how rows of
 * mailbox_message are made. */
typedef enum HeedKeepRow {
    HEED_KEEP_ROW_NEVER,       /* the position says it all: IMAP and mbox with "leave" */
    HEED_KEEP_ROW_UNTIL_ACKED, /* IMAP with an action */
    HEED_KEEP_ROW_WHILE_THERE /* POP3 and Maildir with "leave": the row is what says it is stored */
} HeedKeepRow;

/* Records stored arrivals of one mailbox (of HeedArrival *, in the order they were fetched) and
 * moves its position. keep[disposition] says which rows are made. Inside the store's transaction.
 */
bool heed_checkpoint_save(HeedDatabase *database,
                          int64_t mailbox_id,
                          const GPtrArray *arrivals,
                          const HeedKeepRow keep[4],
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The server confirmed these uids: their rows go, or stay as acknowledged while the message is
 * there. */
bool heed_checkpoint_acknowledged(HeedDatabase *database,
                                  const HeedCheckpoint *checkpoint,
                                  const GPtrArray *uids,
                                  bool still_there,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many messages stay on the server (HEED_KEEP_ROW_WHILE_THERE), and how many of those were
 * missed in the last whole list. */
bool heed_checkpoint_count_left(HeedDatabase *database,
                                const HeedCheckpoint *checkpoint,
                                int64_t *out_left,
                                int64_t *out_missed,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Some of them, of HeedKnownMessage *, in the order of their uids: those behind `after`, or NULL.
 */
GPtrArray *heed_checkpoint_left_messages(HeedDatabase *database,
                                         const HeedCheckpoint *checkpoint,
                                         const char *after,
                                         size_t limit,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A whole list of the mailbox lacked these (the first that did is remembered), or had them. */
bool heed_checkpoint_set_missed(HeedDatabase *database,
                                const HeedCheckpoint *checkpoint,
                                const GPtrArray *uids,
                                bool missed,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Forgets those that every whole list has lacked for so long: should one come back it is new. */
bool heed_checkpoint_forget_missed(HeedDatabase *database,
                                   const HeedCheckpoint *checkpoint,
                                   unsigned days,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The result of a poll: error NULL when it went well. Not within the store's transaction. */
bool heed_checkpoint_finish(HeedDatabase *database,
                            int64_t mailbox_id,
                            const char *error_text,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A lease on a mailbox: an advisory lock of this session, gone with it. False with no error:
 * somebody else has it. */
bool
heed_checkpoint_lease(HeedDatabase *database, int64_t mailbox_id, bool *out_mine, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
