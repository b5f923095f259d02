/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_STREAMS_H
#define HEED_INGEST_STREAMS_H

/*
 * What the mail belongs to that a report is about: "newsletter", "receipts". Suppressions hold
 * everywhere or in one stream. What the report says of its original decides, and it is believed as
 * far as the report is: nothing is checked here.
 */

#include "parsers/arrival.h"

/* What is looked at. */
typedef enum HeedStreamBy {
    HEED_STREAM_BY_MAILBOX,       /* the name of the mailbox that the report came to */
    HEED_STREAM_BY_LIST_ID,       /* List-Id without its brackets, RFC 2919 */
    HEED_STREAM_BY_FEEDBACK_ID,   /* one of the parts between colons, or all of it when the pattern
                                     has a colon itself */
    HEED_STREAM_BY_SENDER_DOMAIN, /* From, Return-Path, Original-Mail-From: it, or below it */
    HEED_STREAM_BY_HEADER         /* any field, of HeedParserSettings.original_headers */
} HeedStreamBy;

/* One way to know a stream. */
typedef struct HeedStreamMatch {
    HeedStreamBy by;
    char *stream; /* owned, as all */
    char *name;   /* of the header field, in lower case; NULL of others */
    /* Letter case does not matter; "*" stands for anything, also nothing, except in names of
     * mailboxes and domains. */
    char *pattern;
} HeedStreamMatch;

HeedStreamMatch *
heed_stream_match_new(HeedStreamBy by, const char *stream, const char *name, const char *pattern);

/* Accepts NULL. */
void heed_stream_match_free(HeedStreamMatch *match);

/* The stream of the first of the matches (HeedStreamMatch *, in the order of the configuration)
 * that fits; NULL when none does. Mailbox NULL: files. Borrowed from matches. */
const char *
heed_stream_find(const GPtrArray *matches, const char *mailbox, const HeedReport *report);

/*
 * Gives an arrival its stream: that of the match that fits, else that of its mailbox among those
 * configured (HeedMailbox *). What came to a mailbox that is configured no more keeps the one it
 * has; files have none of their own.
 */
void
heed_stream_decide(const GPtrArray *matches, const GPtrArray *configured, HeedArrival *arrival);

#endif
