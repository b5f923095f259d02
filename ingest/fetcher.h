/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_FETCHER_H
#define HEED_INGEST_FETCHER_H

/*
 * A fetcher: reads one mailbox (ingest/source.h) and hands what it finds to the store; acknowledges
 * on the server what the store says is stored, as it hears of it. It holds one message at a time:
 * when the store does not take any more, it waits in the middle of writing.
 *
 *     store: SECTION
 *     fetcher: OPENED → store: RESUME
 *     fetcher: MESSAGE… (KNOWN ↔ KNOWN_ANSWER, LISTED) IDLE, and with watch again MESSAGE… IDLE
 *     store, at any time: ACKNOWLEDGE → fetcher: ACKNOWLEDGED
 *     store: STOP (fetch nothing more), FINISH → fetcher: DONE
 *     fetcher, at any time: FAILED
 */

#include "ingest/frame.h"
#include "ingest/source.h"

/* The role's main. Takes the descriptor. */
int heed_fetcher_main(int fd);

/* The longest uid and name of an item's place that the store takes from a fetcher. */
#define HEED_FETCHER_TEXT_BYTES 16384U

/* The flags of a MESSAGE. */
#define HEED_FETCHER_TRUNCATED 1U
#define HEED_FETCHER_GONE      2U

typedef struct HeedFetcherSection {
    const HeedMailbox *mailbox;
    bool watch;
    bool dry_run; /* as if every action were to leave the mail where it is */
    unsigned watch_seconds;
} HeedFetcherSection;

/* The frame that tells a fetcher its section. */
GBytes *heed_fetcher_section_frame(const HeedFetcherSection *section);

/* Open: of HeedArrival *, stored and not yet acknowledged. */
GBytes *heed_fetcher_resume_frame(const HeedResume *resume, const GPtrArray *open);

/* Acks: of HeedAck. */
GBytes *heed_fetcher_acknowledge_frame(const GArray *acks);

/* Has every action leave the mail where it is, so that a source opens the mailbox read-only. */
void heed_fetcher_leave_all(HeedMailbox *mailbox);

/* Known: of bool. */
GBytes *heed_fetcher_known_frame(const GArray *known);

/* Reads a MESSAGE: texts of valid UTF-8, dates in the range of a calendar. HEED_ERROR_DATA. */
bool heed_fetcher_message_read(const HeedFrame *frame, HeedItem *out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Reads a KNOWN: of char *. HEED_ERROR_DATA. */
GPtrArray *heed_fetcher_known_read(const HeedFrame *frame, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/*
 * Uids come from servers and file systems and need not be UTF-8, but the store keeps text: what is
 * not UTF-8 is written as if it were ISO-8859-1, with a mark in front. Caller frees.
 */
char *heed_fetcher_uid_to_text(const char *uid);
/* And back. Caller frees. */
char *heed_fetcher_uid_from_text(const char *text);

#endif
