/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_NOTICE_SCAN_H
#define HEED_PARSERS_NOTICE_SCAN_H

/* Reads the text of a notice by the description of its format. Private to the room. */

#include "parsers/fields.h"
#include "parsers/formats.h"

/* One recipient as the text has it. */
typedef struct HeedNoticeRecipient {
    char *address;  /* normalised; owned */
    char *original; /* what the sender had mailed, normalised, or NULL; owned */
    GString *reply; /* its lines joined with blanks; owned */
    char *host;     /* or NULL, as status and code; owned */
    char *status;
    char *code;
    size_t indent; /* of the line that began it */
    bool quoted;   /* the reply is quoted from the server */
} HeedNoticeRecipient;

typedef struct HeedNoticeScan {
    GArray *recipients; /* of HeedNoticeRecipient */
    GString *common;    /* said of all that nothing else is said of */
    HeedSpan subject;   /* of the original; at NULL: not said */
    HeedSpan original;  /* all behind the line that announces it; at NULL: none does */
    HeedSpan fate;      /* the line that says that it was delayed or delivered; at NULL: none */
    bool delayed;
    bool delivered;
    bool begun; /* the line behind which recipients stand was there, or need not be */
} HeedNoticeScan;

/* The text as lines, some of the first ones of which are looked at again and again. */
#define HEED_NOTICE_OPENING_LINES 40U

/* Splits off the first lines that are not blank; how many. */
size_t heed_notice_opening(HeedSpan text, HeedSpan lines[HEED_NOTICE_OPENING_LINES]);

/*
 * Reads the text, at most max_recipients of it. Domain: for recipients that the text names without
 * one, or NULL to leave those out. Clear *out afterwards.
 */
void heed_notice_scan(const HeedFormat *format,
                      HeedSpan text,
                      const char *domain,
                      size_t max_recipients,
                      HeedNoticeScan *out);
void heed_notice_scan_clear(HeedNoticeScan *scan);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedNoticeScan, heed_notice_scan_clear)

#endif
