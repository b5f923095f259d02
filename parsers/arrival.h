/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_ARRIVAL_H
#define HEED_PARSERS_ARRIVAL_H

/*
 * One message on its way from a mailbox into the store: where it came from, what it is, and the
 * bytes to keep. Data only; made by ingest/, stored by db/, so that neither has to know the other.
 */

#include "parsers/report.h"

#define HEED_DIGEST_BYTES 32U

/* What becomes of a message, and so what is done with it on the server. The numbers are stored:
 * never change them. */
typedef enum HeedDisposition {
    HEED_DISPOSITION_DONE = 0,         /* recognised and stored: the mailbox's on-done */
    HEED_DISPOSITION_UNRECOGNISED = 1, /* stored as kind other: on-unrecognised */
    HEED_DISPOSITION_QUARANTINED = 2,  /* kept whole in quarantine: on-quarantine */
    /* The server did not give it: left there, asked for again next time. */
    HEED_DISPOSITION_UNREADABLE = 3
} HeedDisposition;

/* Every `char *` and pointer is owned. */
typedef struct HeedArrival {
    /* Row of heed_data.mailbox; 0 for files given on the command line. */
    int64_t mailbox_id;
    /* The mailbox's name; NULL: files. */
    char *mailbox;
    /* For people: the mailbox's name or the path, with "#n" inside an mbox. */
    char *source;
    /* What the mail belongs to that it is about, or NULL. */
    char *stream;
    /* The mailbox's trust is "closed". */
    bool closed;
    /* IMAP UID, POP3 UIDL, Maildir name, mbox offset: unique within mailbox and epoch. */
    char *uid;
    /* IMAP UIDVALIDITY; 0 where there is none. */
    int64_t epoch;
    /* The checkpoint once this and all before it are stored: IMAP UID, mbox offset; else 0. */
    int64_t position;
    /* When our mail system received it (INTERNALDATE, Maildir time …), or HEED_DATE_UNKNOWN. */
    int64_t received_at;
    /* Octets on the server, even of what was cut off. */
    uint64_t size;
    bool truncated;
    HeedDisposition disposition;
    /* Of the canonical message (ingest/digest.h). */
    uint8_t digest[HEED_DIGEST_BYTES];
    /* zstd of what was read; NULL when raw mail is not kept. */
    GBytes *compressed;
    /* The report as the worker wrote it, when the pipeline is asked for it. */
    char *json;
    /* NULL when quarantined or unreadable. */
    HeedReport *report;
    /* Why it is quarantined or unreadable: "worker-crash", "timeout", … */
    char *reason;
    /* The same for people, or NULL. */
    char *detail;
} HeedArrival;

HeedArrival *heed_arrival_new(void);

/* Accepts NULL. */
void heed_arrival_free(HeedArrival *arrival);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedArrival, heed_arrival_free)

#endif
