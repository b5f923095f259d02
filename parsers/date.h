/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_DATE_H
#define HEED_PARSERS_DATE_H

/*
 * Dates, as seconds since 1970-01-01 UTC: read from mail, written to and read from our own JSON.
 * Only the years 1 to 9999 are dates; everything else is HEED_DATE_UNKNOWN (parsers/report.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A date and a time of day without a zone. */
typedef struct HeedCivil {
    int64_t year;
    int64_t month; /* 1 to 12 */
    int64_t day;   /* 1 to 31 */
    int64_t hour;
    int64_t minute;
    int64_t second; /* 60 in a leap second */
} HeedCivil;

/* Read as UTC. False, and out alone, where there is no such day or time. */
bool heed_date_from_civil(const HeedCivil *civil, int64_t *out_date);

/* Room for "2026-01-02T03:04:05Z" and its NUL. */
#define HEED_DATE_TEXT_BYTES 21U

/* Writes the form above. False, and nothing written, when date is unknown or out of range. */
bool heed_date_format(int64_t date, char out[HEED_DATE_TEXT_BYTES]);

/* Reads exactly the form above. */
bool heed_date_parse_utc(const char *text, int64_t *out_date);

/*
 * Reads the date-time of RFC 5322 3.3 as mail has it: with or without the day's name, years of two
 * digits (4.3), missing seconds, zones by name or missing (then UTC), comments, any letter case.
 * HEED_DATE_UNKNOWN for what is none.
 */
int64_t heed_date_parse_mail(const char *text, size_t length);

#endif
