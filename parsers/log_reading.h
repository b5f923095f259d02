/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_READING_H
#define HEED_PARSERS_LOG_READING_H

/* What the readers of single formats share; for parsers/log_*.c alone. */

#include "parsers/log_join.h"
#include "parsers/log_reader.h"
#include "parsers/log_time.h"
#include "parsers/received.h"

#include <string.h>

struct HeedLogReader {
    HeedLogFormat format;
    HeedLogClock clock;
    HeedLogJoin *join;
    HeedLogTake take;
    void *data;
    HeedLogCounts counts;
    /* Text that had to be unescaped for the event at hand. */
    GString *scratch;
    /* Where the event at hand has its source address, when it was written otherwise. */
    char source[HEED_ADDRESS_TEXT_BYTES];
    /* Where formats with columns have what (log_columns.h); NULL before the header row. */
    struct HeedLogColumns *columns;
};

/* One reader a format: a line without line end and NULs, not empty. */
typedef HeedLogTrouble (*HeedLogLine)(HeedLogReader *reader, HeedSpan bytes);
HeedLogTrouble heed_log_postfix_line(HeedLogReader *reader, HeedSpan bytes);
HeedLogTrouble heed_log_exim_line(HeedLogReader *reader, HeedSpan bytes);
HeedLogTrouble heed_log_kumomta_line(HeedLogReader *reader, HeedSpan bytes);
HeedLogTrouble heed_log_powermta_line(HeedLogReader *reader, HeedSpan bytes);
HeedLogTrouble heed_log_csv_line(HeedLogReader *reader, HeedSpan bytes);
HeedLogTrouble heed_log_jsonl_line(HeedLogReader *reader, HeedSpan bytes);

/* Empties the scratch and gives it room for three times as many bytes: it does not move while a
 * line of that length is unescaped at most three times over, and spans of it stay valid. */
void heed_log_reserve(HeedLogReader *reader, size_t bytes);

/* Hands out the event, with what the table knows of its message where the event does not say. */
void heed_log_emit(HeedLogReader *reader, HeedLogEvent *event);

/* Of an event whose reply is that time ran out: takes over what the recipient's last deferral says,
 * but for time, outcome and sender; borrowed from the table until it changes. */
void heed_log_recall(HeedLogReader *reader, HeedLogEvent *event);

/* Sets the event's code and, where it has none, its status by its reply. */
void heed_log_read_codes(HeedLogEvent *event);

/* "mx.example.net[192.0.2.1]:25" and "mx.example.net [192.0.2.1]:25" taken apart; what does not
 * have an IP address in brackets gets no host either. */
void heed_log_read_relay(HeedSpan text, HeedLogEvent *event);

/* Whether the address, as text, is of the loopback: 127.0.0.0/8 or ::1. */
bool heed_log_is_loopback(HeedSpan ip);

/* Where the text first stands in the span; NULL for nowhere. */
const char *heed_log_find(HeedSpan span, const char *text);

/* A decimal number without sign at the beginning of the span; negative for none. */
double heed_log_number(HeedSpan span);

static inline HeedSpan
heed_log_span(const char *at, const char *end)
{
    return (HeedSpan){at, (size_t)(end - at)};
}

static inline bool
heed_log_starts(HeedSpan span, const char *text)
{
    size_t length = strlen(text);

    return span.length >= length && memcmp(span.at, text, length) == 0;
}

static inline bool
heed_log_is(HeedSpan span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

/* The span without its first bytes. */
static inline HeedSpan
heed_log_after(HeedSpan span, size_t bytes)
{
    return (HeedSpan){span.at + bytes, span.length - bytes};
}

#endif
