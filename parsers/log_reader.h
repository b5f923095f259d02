/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_READER_H
#define HEED_PARSERS_LOG_READER_H

/*
 * Reads the log of a mail server line by line: bytes in, delivery attempts out. No files and no
 * clock; memory is bounded by base/limits.h whatever the log's size. docs/logs.md says of each
 * format what is read and what is passed over.
 *
 * Content is never an error: a line that cannot be read is counted with its trouble, and the next
 * one is read.
 */

#include "parsers/log_event.h"

typedef enum HeedLogFormat {
    HEED_LOG_POSTFIX,  /* syslog or maillog_file */
    HEED_LOG_EXIM,     /* mainlog, or the same through syslog */
    HEED_LOG_KUMOMTA,  /* JSON lines */
    HEED_LOG_POWERMTA, /* accounting files, CSV */
    HEED_LOG_CSV,      /* whatever a program makes of its own log: docs/logs.md */
    HEED_LOG_JSONL,    /* the same as a JSON object a line */
} HeedLogFormat;

/* "postfix", … */
const char *heed_log_format_name(HeedLogFormat format);
bool heed_log_format_from_name(const char *name, HeedLogFormat *out_format);
/* Whether the first line may be the names of the columns. */
bool heed_log_format_has_header(HeedLogFormat format);

/* Why a line could not be read. */
typedef enum HeedLogTrouble {
    HEED_LOG_FINE,
    HEED_LOG_FOREIGN, /* not of this format */
    HEED_LOG_TIME,    /* no time, or none that exists */
    HEED_LOG_NUL,     /* NUL bytes within it (a file that a crash left zeroes in) */
    HEED_LOG_LONG,    /* longer than HEED_LIMIT_LOG_LINE_BYTES */
    HEED_LOG_CUT,     /* ends before it is complete */
    HEED_LOG_VALUE,   /* a member that is needed is missing or senseless */
    HEED_LOG_TROUBLES /* how many there are */
} HeedLogTrouble;

/* In words, for people: "not of this format", "no time in it", … */
const char *heed_log_trouble_words(HeedLogTrouble trouble);

typedef struct HeedLogCounts {
    uint64_t lines;  /* all of them */
    uint64_t events; /* delivery attempts handed out */
    /* Lines by their trouble; at HEED_LOG_FINE those without, of interest or not. */
    uint64_t troubles[HEED_LOG_TROUBLES];
    /* The number of the first line of each trouble, from 1; 0 for none. */
    uint64_t first[HEED_LOG_TROUBLES];
    /* Events whose sender the log does not say, at least not as far back as is remembered. */
    uint64_t unjoined;
    /* Expired messages of which no recipient is known. */
    uint64_t expired_unknown;
    /* Messages forgotten to make room for others. */
    uint64_t evicted;
    /* Times that went back by more than an hour. */
    uint64_t jumps;
} HeedLogCounts;

typedef struct HeedLogSettings {
    HeedLogFormat format;
    /* When the log was last written to (now, for one that is being written): times without a year
     * are not beyond it. */
    int64_t reference;
    /* Of times without a zone; borrowed, NULL is UTC. */
    GTimeZone *zone;
    /* The limits of base/limits.h where 0. */
    size_t most_messages;
    size_t most_message_bytes;
} HeedLogSettings;

/* Called for each event; the event and its spans are valid until it returns. */
typedef void (*HeedLogTake)(const HeedLogEvent *event, void *data);

typedef struct HeedLogReader HeedLogReader;

HeedLogReader *heed_log_reader_new(const HeedLogSettings *settings);
void heed_log_reader_free(HeedLogReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogReader, heed_log_reader_free)

/* Who gets the events; take NULL drops them (while old lines are read again for what they say of
 * messages, nothing is counted). */
void heed_log_reader_to(HeedLogReader *reader, HeedLogTake take, void *data);

/* A new reference time: the log was written to again. */
void heed_log_reader_refer(HeedLogReader *reader, int64_t reference);

/* A new file begins: formats with a header row expect one. A file that is read on from its middle
 * needs its first line before, with take NULL. */
void heed_log_reader_begin(HeedLogReader *reader);

/* Reads one line, without its line end (a CR before it is cut). */
HeedLogTrouble heed_log_reader_line(HeedLogReader *reader, const char *line, size_t length);

/* Counts a line that was longer than the limit and could not be handed over. */
void heed_log_reader_skip(HeedLogReader *reader);

/* Valid until the next call. */
const HeedLogCounts *heed_log_reader_counts(HeedLogReader *reader);

#endif
