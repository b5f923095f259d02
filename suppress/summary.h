/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_SUMMARY_H
#define HEED_SUPPRESS_SUMMARY_H

/*
 * What `heed report` shows: what became of mail day by day, why it failed, where it fares worst,
 * what is suppressed and what is held. Counts and names of domains, providers and servers only: no
 * address is here, but for the example of a reply, which says so.
 *
 * All of it is one moment of the database. Each part is bounded by the limits below or by the
 * number of days.
 */

#include "db/connection.h"
#include "parsers/report.h"
#include "suppress/reputation.h"

/* Days are of UTC, and the last one is today, which is not over. */
#define HEED_SUMMARY_DAYS_MAX 366U

typedef struct HeedSummaryQuery {
    unsigned days;     /* 1 to HEED_SUMMARY_DAYS_MAX */
    const char *scope; /* a stream; NULL: all mail. Scores are always of all mail. */
} HeedSummaryQuery;

/* What is counted of a day. */
typedef enum HeedSummaryCount {
    HEED_SUMMARY_DELIVERED, /* by the logs of mail servers, as is: */
    HEED_SUMMARY_FAILED,
    HEED_SUMMARY_HARD, /* by reports and logs, each failure once */
    HEED_SUMMARY_SOFT,
    HEED_SUMMARY_BLOCK,
    HEED_SUMMARY_TRANSIENT,
    HEED_SUMMARY_OTHER,    /* failures of no such verdict */
    HEED_SUMMARY_DEFERRED, /* messages put off, each once */
    HEED_SUMMARY_COMPLAINTS,
    HEED_SUMMARY_UNSUBSCRIBED,
    HEED_SUMMARY_SUPPRESSED, /* began that day and hold today */
    HEED_SUMMARY_COUNTS
} HeedSummaryCount;

typedef struct HeedSummaryDay {
    int64_t starts_at; /* seconds since 1970 */
    int64_t counts[HEED_SUMMARY_COUNTS];
} HeedSummaryDay;

typedef struct HeedSummaryClass {
    HeedClass class_;
    HeedVerdict verdict;
    int64_t failures;
    int64_t deferred;
} HeedSummaryClass;

/* Replies that are alike. Text is owned, and foreign. */
typedef struct HeedSummaryReply {
    char *text; /* without whom it is about */
    HeedClass class_;
    HeedVerdict verdict;
    char *status; /* NULL, as the next two: not said */
    char *code;
    char *server;
    int64_t count;
    int64_t domains;
    char *example; /* one of them as it came, which may name people: to be explained, not shown */
} HeedSummaryReply;

typedef struct HeedSummaryReason {
    char *reason; /* a class, or "manual" */
    char *verdict;
    int64_t addresses;
    int64_t added;     /* of them since the first day */
    int64_t temporary; /* of them with an end */
} HeedSummaryReason;

typedef struct HeedSummaryHold {
    int64_t hold_id;
    char *dimension; /* domain, provider or mta */
    char *name;
    int64_t began_at;
    int64_t ended_at; /* HEED_DATE_UNKNOWN: it lasts */
    int64_t seen;
    int64_t threshold;
    int64_t window_hours;
    char *resolution; /* released, discarded; NULL: nobody decided */
    int64_t addresses;
} HeedSummaryHold;

/* A name of reputation that fares badly, and why. */
typedef struct HeedSummaryCause {
    const HeedReputation *reputation; /* borrowed from its list */
    HeedClass class_;                 /* counted most of what pulls it down; NONE: nothing was */
} HeedSummaryCause;

typedef struct HeedSummary {
    HeedSummaryDay *days; /* the oldest first */
    size_t day_count;
    HeedSummaryDay total; /* of all days; it starts with the first */
    GPtrArray *classes;   /* of HeedSummaryClass *, the most frequent first, as are: */
    GPtrArray *replies;   /* of HeedSummaryReply * */
    GPtrArray *reasons;   /* of HeedSummaryReason * */
    int64_t replies_seen; /* of how many of the newest events replies are */
    GPtrArray *holds;     /* of HeedSummaryHold *, the newest first */
    /* By HeedReputationBy: of HeedReputation *, the lowest scores first; what pulls each of them
     * down; and how many there are. */
    GPtrArray *worst[HEED_REPUTATION_DIMENSIONS];
    GArray *causes[HEED_REPUTATION_DIMENSIONS]; /* of HeedSummaryCause, as many */
    uint64_t named[HEED_REPUTATION_DIMENSIONS];
    int64_t suppressed;   /* addresses and scopes now */
    int64_t unmatched;    /* complaints that name no recipient */
    int64_t unclassified; /* failures that no rule knows */
    /* As of db/overview.h. */
    HeedRows *mailboxes;
    HeedRows *logs;
    HeedRows *database;
} HeedSummary;

/* Reads all of it in one read-only transaction. */
HeedSummary *heed_summary_read(HeedDatabase *database,
                               const HeedSummaryQuery *query,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Accepts NULL. */
void heed_summary_free(HeedSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedSummary, heed_summary_free)

#endif
