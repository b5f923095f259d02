/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/date.h"

#include "parsers/report.h"

#include <glib.h>
#include <string.h>

#define SECONDS_A_DAY 86400

/* What is left of a date's text. */
typedef struct Cursor {
    const char *at;
    const char *end;
} Cursor;

static bool
is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t
days_in_month(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first of January of a year from 1 on. */
static int64_t
days_before_year(int64_t year)
{
    int64_t past = year - 1;

    return past * 365 + past / 4 - past / 100 + past / 400 - 719162;
}

bool
heed_date_from_civil(const HeedCivil *civil, int64_t *out_date)
{
    int64_t days;

    if (civil->year < 1 || civil->year > 9999 || civil->month < 1 || civil->month > 12)
        return false;
    if (civil->day < 1 || civil->day > days_in_month(civil->year, civil->month))
        return false;
    if (civil->hour < 0 || civil->hour > 23 || civil->minute < 0 || civil->minute > 59 ||
        civil->second < 0 || civil->second > 60)
        return false;
    days = days_before_year(civil->year) + civil->day - 1;
    for (int64_t month = 1; month < civil->month; month++)
        days += days_in_month(civil->year, month);
    *out_date = days * SECONDS_A_DAY + civil->hour * 3600 + civil->minute * 60 + civil->second;
    return true;
}

static void
write_digits(char *out, size_t count, int64_t value)
{
    while (count > 0) {
        out[--count] = (char)('0' + value % 10);
        value /= 10;
    }
}

bool
heed_date_format(int64_t date, char out[HEED_DATE_TEXT_BYTES])
{
    const int64_t last = (days_before_year(9999) + 365) * SECONDS_A_DAY;
    int64_t days;
    int64_t seconds;
    int64_t year;
    int64_t month = 1;

    if (date < days_before_year(1) * SECONDS_A_DAY || date >= last)
        return false;
    days = date / SECONDS_A_DAY;
    seconds = date % SECONDS_A_DAY;
    if (seconds < 0) {
        seconds += SECONDS_A_DAY;
        days--;
    }
    /* A year has 365.2425 days: the estimate is at most one too high or low. */
    year = 1970 + days * 10000 / 3652425;
    while (days_before_year(year + 1) <= days)
        year++;
    while (days_before_year(year) > days)
        year--;
    days -= days_before_year(year);
    while (days >= days_in_month(year, month))
        days -= days_in_month(year, month++);
    memcpy(out, "0000-00-00T00:00:00Z", HEED_DATE_TEXT_BYTES);
    write_digits(out, 4, year);
    write_digits(out + 5, 2, month);
    write_digits(out + 8, 2, days + 1);
    write_digits(out + 11, 2, seconds / 3600);
    write_digits(out + 14, 2, seconds / 60 % 60);
    write_digits(out + 17, 2, seconds % 60);
    return true;
}

static int64_t
fixed_digits(const char *text, size_t count)
{
    int64_t value = 0;

    for (size_t i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

bool
heed_date_parse_utc(const char *text, int64_t *out_date)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    HeedCivil civil;

    if (strlen(text) != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++)
        if (form[i] == '0' ? !g_ascii_isdigit(text[i]) : text[i] != form[i])
            return false;
    civil.year = fixed_digits(text, 4);
    civil.month = fixed_digits(text + 5, 2);
    civil.day = fixed_digits(text + 8, 2);
    civil.hour = fixed_digits(text + 11, 2);
    civil.minute = fixed_digits(text + 14, 2);
    civil.second = fixed_digits(text + 17, 2);
    return heed_date_from_civil(&civil, out_date);
}

/* Blanks, commas, and comments without nesting: enough to get from one token to the next. */
static void
skip_blanks(Cursor *cursor)
{
    while (cursor->at < cursor->end) {
        char c = *cursor->at;

        if (c == '(') {
            const char *close = memchr(cursor->at, ')', (size_t)(cursor->end - cursor->at));

            cursor->at = close == NULL ? cursor->end : close + 1;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',') {
            cursor->at++;
        } else {
            return;
        }
    }
}

static bool
take_number(Cursor *cursor, size_t most_digits, int64_t *out_number, size_t *out_digits)
{
    size_t digits = 0;
    int64_t number = 0;

    skip_blanks(cursor);
    while (cursor->at < cursor->end && g_ascii_isdigit(*cursor->at)) {
        number = number * 10 + (*cursor->at++ - '0');
        if (++digits > most_digits)
            return false;
    }
    *out_number = number;
    *out_digits = digits;
    return digits > 0;
}

/* A word of letters, in lower case; its length, 0 for none, counts letters that did not fit. */
static size_t
take_word(Cursor *cursor, char *out, size_t size)
{
    size_t length = 0;

    skip_blanks(cursor);
    for (; cursor->at < cursor->end && g_ascii_isalpha(*cursor->at); cursor->at++, length++)
        if (length + 1 < size)
            out[length] = g_ascii_tolower(*cursor->at);
    out[MIN(length, size - 1)] = '\0';
    return length;
}

static bool
take_month(Cursor *cursor, int64_t *out_month)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    char word[4];

    if (cursor->at < cursor->end && *cursor->at == '-')
        cursor->at++; /* 02-Jan-2026, of old systems */
    if (take_word(cursor, word, sizeof(word)) < 3)
        return false;
    for (int64_t i = 0; i < 12; i++) {
        if (memcmp(word, names + i * 3, 3) == 0) {
            *out_month = i + 1;
            return true;
        }
    }
    return false;
}

static bool
take_year(Cursor *cursor, int64_t *out_year)
{
    size_t digits;

    if (cursor->at < cursor->end && *cursor->at == '-')
        cursor->at++;
    if (!take_number(cursor, 4, out_year, &digits) || digits == 1)
        return false;
    if (digits == 2)
        *out_year += *out_year < 50 ? 2000 : 1900;
    else if (digits == 3)
        *out_year += 1900;
    return true;
}

static bool
take_time(Cursor *cursor, HeedCivil *civil)
{
    size_t digits;

    if (!take_number(cursor, 2, &civil->hour, &digits))
        return false;
    if (cursor->at >= cursor->end || *cursor->at++ != ':')
        return false;
    if (!take_number(cursor, 2, &civil->minute, &digits))
        return false;
    civil->second = 0;
    if (cursor->at >= cursor->end || *cursor->at != ':')
        return true;
    cursor->at++;
    return take_number(cursor, 2, &civil->second, &digits);
}

/* Seconds east of UTC; 0 for the military letters, whose meaning RFC 5322 4.3 gives up. */
static int64_t
take_zone(Cursor *cursor)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"est", -5}, {"edt", -4}, {"cst", -6}, {"cdt", -5},
                 {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7}};

    char word[5];
    int64_t number;
    size_t digits;
    int sign;

    skip_blanks(cursor);
    if (cursor->at < cursor->end && (*cursor->at == '+' || *cursor->at == '-')) {
        sign = *cursor->at++ == '-' ? -1 : 1;
        if (!take_number(cursor, 4, &number, &digits) || digits != 4)
            return 0;
        return number % 100 > 59 ? 0 : sign * (number / 100 * 3600 + number % 100 * 60);
    }
    (void)take_word(cursor, word, sizeof(word));
    for (size_t i = 0; i < G_N_ELEMENTS(zones); i++)
        if (strcmp(word, zones[i].name) == 0)
            return zones[i].hours * 3600;
    return 0;
}

int64_t
heed_date_parse_mail(const char *text, size_t length)
{
    Cursor cursor = {text, text + length};
    HeedCivil civil = {0};
    char word[4];
    size_t digits;
    int64_t date;
    bool month_first;

    /* "Fri, 2 Jan 2026", and the asctime form "Fri Jan 2 03:04:05 2026" that some systems send. */
    (void)take_word(&cursor, word, sizeof(word));
    skip_blanks(&cursor);
    month_first = cursor.at < cursor.end && g_ascii_isalpha(*cursor.at);
    if (month_first && !take_month(&cursor, &civil.month))
        return HEED_DATE_UNKNOWN;
    if (!take_number(&cursor, 2, &civil.day, &digits))
        return HEED_DATE_UNKNOWN;
    if (month_first) {
        if (!take_time(&cursor, &civil) || !take_year(&cursor, &civil.year))
            return HEED_DATE_UNKNOWN;
    } else if (!take_month(&cursor, &civil.month) || !take_year(&cursor, &civil.year) ||
               !take_time(&cursor, &civil)) {
        return HEED_DATE_UNKNOWN;
    }
    return heed_date_from_civil(&civil, &date) ? date - take_zone(&cursor) : HEED_DATE_UNKNOWN;
}
