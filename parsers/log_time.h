/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_TIME_H
#define HEED_PARSERS_LOG_TIME_H

/*
 * Times at the beginning of log lines:
 *
 * - "Jan  2 03:04:05" and "Jan 02 03:04:05", syslog's and Postfix's own (RFC 3164 4.1.2): without
 *   year and zone;
 * - "2026-01-02T03:04:05.678901+01:00" (RFC 3339), with "Z", "+0100" or no zone, with a blank in
 *   place of the T and before the zone, as Exim and PowerMTA write it.
 *
 * Times without a zone are in the zone of the clock. Times without a year get the year in which
 * they follow the line before them: at most a week back (clocks are set back, lines come out of
 * order), never more than a day beyond the reference, which is the time when the log was last
 * written to.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct HeedLogClock {
    /* No line is younger than this and a day. */
    int64_t reference;
    /* Borrowed; NULL is UTC. */
    GTimeZone *zone;
    /* Of the last line; HEED_DATE_UNKNOWN before the first. */
    int64_t last;
    /* Times that went back by more than an hour. */
    uint64_t jumps;
    /* The text of the last time without a year, since neighbours are often of one second. */
    char text[16];
    int64_t text_time;
    /* The zone's offset, and the hour of local time that it was asked for. */
    int64_t zone_hour;
    int64_t zone_offset;
} HeedLogClock;

void heed_log_clock_init(HeedLogClock *clock, int64_t reference, GTimeZone *zone);

/* Reads the time that the text begins with; *out_used is its length. False, with nothing changed,
 * where there is none. */
bool heed_log_time_read(
    HeedLogClock *clock, const char *text, size_t length, int64_t *out_time, size_t *out_used);

#endif
