/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_time.h"

#include "parsers/date.h"
#include "parsers/report.h"

#include <string.h>

#define SECONDS_A_HOUR  3600
#define SECONDS_A_DAY   86400
#define SYSLOG_BYTES    15 /* "Jan  2 03:04:05" */
#define ISO_BYTES       19 /* "2026-01-02T03:04:05" */
#define FRACTION_DIGITS 9U

void
heed_log_clock_init(HeedLogClock *clock, int64_t reference, GTimeZone *zone)
{
    memset(clock, 0, sizeof(*clock));
    clock->reference = reference;
    clock->zone = zone;
    clock->last = HEED_DATE_UNKNOWN;
    clock->zone_hour = HEED_DATE_UNKNOWN;
}

static bool
fits(char c, char form)
{
    switch (form) {
    case '0':
        return g_ascii_isdigit(c);
    case '_':
        return g_ascii_isdigit(c) || c == ' ';
    case 'A':
        return g_ascii_isalpha(c);
    case 'T':
        return c == 'T' || c == 't' || c == ' ';
    default:
        return c == form;
    }
}

/* Whether the text begins in the form, in which '0' is a digit, '_' a digit or a blank, 'A' a
 * letter and 'T' a T or a blank. */
static bool
has_form(const char *text, size_t length, const char *form)
{
    size_t at = 0;

    while (form[at] != '\0' && at < length && fits(text[at], form[at]))
        at++;
    return form[at] == '\0';
}

static int64_t
digits(const char *text, size_t count)
{
    int64_t value = 0;

    for (size_t i = 0; i < count; i++)
        if (text[i] != ' ')
            value = value * 10 + (text[i] - '0');
    return value;
}

/* Local time as UTC would be, to UTC. The zone is asked once an hour of the log. */
static int64_t
from_local(HeedLogClock *clock, int64_t local)
{
    int interval;

    if (clock->zone == NULL)
        return local;
    if (clock->zone_hour != local / SECONDS_A_HOUR) {
        interval = g_time_zone_find_interval(clock->zone, G_TIME_TYPE_STANDARD, local);
        /* An hour that a change of clocks leaves out: as if it had not changed yet. */
        if (interval < 0)
            interval = g_time_zone_find_interval(clock->zone, G_TIME_TYPE_STANDARD,
                                                 local - SECONDS_A_HOUR);
        clock->zone_offset = interval < 0 ? 0 : g_time_zone_get_offset(clock->zone, interval);
        clock->zone_hour = local / SECONDS_A_HOUR;
    }
    return local - clock->zone_offset;
}

static int64_t
year_of(int64_t time)
{
    char text[HEED_DATE_TEXT_BYTES];

    return heed_date_format(time, text) ? digits(text, 4) : 1970;
}

/* The year in which this day follows the last line's; false where no year near has the day. */
static bool
find_year(HeedLogClock *clock, HeedCivil civil, int64_t *out_time)
{
    const int64_t latest = clock->reference + SECONDS_A_DAY;
    bool first = clock->last == HEED_DATE_UNKNOWN;
    int64_t best = HEED_DATE_UNKNOWN;
    int64_t year = first ? year_of(latest) : year_of(clock->last) + 1;
    int64_t time;

    /* From the latest year down: the first that is not in the future holds for a first line, the
     * last that does not lie back for the others. 29 February may be up to 8 years away. */
    for (int64_t back = 0; back <= 8; back++) {
        civil.year = year - back;
        if (!heed_date_from_civil(&civil, &time))
            continue;
        time = from_local(clock, time);
        if (time > latest)
            continue;
        if (best != HEED_DATE_UNKNOWN && (first || time < clock->last - 7 * SECONDS_A_DAY))
            break;
        best = time;
    }
    *out_time = best;
    return best != HEED_DATE_UNKNOWN;
}

static bool
read_syslog(HeedLogClock *clock, const char *text, int64_t *out_time)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    HeedCivil civil = {0};

    if (memcmp(text, clock->text, SYSLOG_BYTES) == 0) {
        *out_time = clock->text_time;
        return true;
    }
    while (civil.month < 12 && g_ascii_strncasecmp(text, names + civil.month * 3, 3) != 0)
        civil.month++;
    civil.month++;
    civil.day = digits(text + 4, 2);
    civil.hour = digits(text + 7, 2);
    civil.minute = digits(text + 10, 2);
    civil.second = digits(text + 13, 2);
    if (civil.month > 12 || !find_year(clock, civil, out_time))
        return false;
    memcpy(clock->text, text, SYSLOG_BYTES);
    clock->text_time = *out_time;
    return true;
}

/* The zone at text, with or without a blank before it; its length, 0 for none. */
static size_t
read_zone(const char *text, size_t length, int64_t *out_offset)
{
    size_t at = length > 0 && text[0] == ' ' ? 1 : 0;
    bool colon;
    int64_t seconds;

    *out_offset = 0;
    if (at == 0 && length > 0 && (text[0] == 'Z' || text[0] == 'z'))
        return 1;
    if (!has_form(text + at, length - at, "+00") && !has_form(text + at, length - at, "-00"))
        return 0;
    colon = has_form(text + at + 3, length - at - 3, ":00");
    if (!colon && !has_form(text + at + 3, length - at - 3, "00"))
        return 0;
    seconds = digits(text + at + 1, 2) * SECONDS_A_HOUR + digits(text + at + 3 + colon, 2) * 60;
    *out_offset = text[at] == '-' ? -seconds : seconds;
    return at + 5 + colon;
}

static bool
read_iso(HeedLogClock *clock, const char *text, size_t length, int64_t *out_time, size_t *out_used)
{
    HeedCivil civil = {.year = digits(text, 4),
                       .month = digits(text + 5, 2),
                       .day = digits(text + 8, 2),
                       .hour = digits(text + 11, 2),
                       .minute = digits(text + 14, 2),
                       .second = digits(text + 17, 2)};
    size_t used = ISO_BYTES;
    size_t fraction = 0;
    size_t zone;
    int64_t local;
    int64_t offset;

    if (!heed_date_from_civil(&civil, &local))
        return false;
    if (used < length && (text[used] == '.' || text[used] == ',')) {
        while (used + 1 + fraction < length && g_ascii_isdigit(text[used + 1 + fraction]))
            fraction++;
        if (fraction > 0 && fraction <= FRACTION_DIGITS)
            used += 1 + fraction;
    }
    zone = read_zone(text + used, length - used, &offset);
    *out_time = zone > 0 ? local - offset : from_local(clock, local);
    *out_used = used + zone;
    return true;
}

bool
heed_log_time_read(
    HeedLogClock *clock, const char *text, size_t length, int64_t *out_time, size_t *out_used)
{
    int64_t time;
    size_t used = SYSLOG_BYTES;

    if (has_form(text, length, "AAA _0 00:00:00")) {
        if (!read_syslog(clock, text, &time))
            return false;
    } else if (!has_form(text, length, "0000-00-00T00:00:00") ||
               !read_iso(clock, text, length, &time, &used)) {
        return false;
    }
    if (clock->last != HEED_DATE_UNKNOWN && time < clock->last - SECONDS_A_HOUR)
        clock->jumps++;
    clock->last = time;
    *out_time = time;
    *out_used = used;
    return true;
}
