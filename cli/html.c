/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"

#include "cli/terminal.h"
#include "parsers/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define REPLACEMENT   0xfffdU
#define ELLIPSIS      "…"
#define UNKNOWN       "–"
#define MARKS_AT_MOST 2U

static bool
is_noncharacter(gunichar letter)
{
    return (letter & 0xfffeU) == 0xfffeU || (letter >= 0xfdd0U && letter <= 0xfdefU);
}

/* Marks of direction, which have no width and change what stands beside them. */
static bool
turns_direction(gunichar letter)
{
    return letter == 0x200eU || letter == 0x200fU || letter == 0x061cU;
}

static gunichar
made_harmless(gunichar letter)
{
    if (letter == '\n' || letter == '\r' || letter == '\t')
        return ' ';
    if (!heed_terminal_is_harmless(letter) || is_noncharacter(letter) || turns_direction(letter))
        return REPLACEMENT;
    return letter;
}

static void
append_letter(GString *out, gunichar letter)
{
    switch (letter) {
    case '&':
        g_string_append(out, "&amp;");
        break;
    case '<':
        g_string_append(out, "&lt;");
        break;
    case '>':
        g_string_append(out, "&gt;");
        break;
    case '"':
        g_string_append(out, "&quot;");
        break;
    case '\'':
        g_string_append(out, "&#39;");
        break;
    default:
        g_string_append_unichar(out, letter);
    }
}

void
heed_html_text(GString *out, const char *text, size_t letters)
{
    g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;
    size_t count = 0;
    unsigned marks = 0;

    if (valid == NULL) {
        g_string_append(out, UNKNOWN);
        return;
    }
    for (const char *c = valid; *c != '\0'; c = g_utf8_find_next_char(c, NULL)) {
        gunichar letter = made_harmless(g_utf8_get_char(c));

        marks = g_unichar_ismark(letter) ? marks + 1 : 0;
        if (marks > MARKS_AT_MOST)
            continue;
        if (count++ >= letters) {
            g_string_append(out, ELLIPSIS);
            return;
        }
        append_letter(out, letter);
    }
}

void
heed_html_foreign(GString *out, const char *text, size_t letters)
{
    g_string_append(out, "<bdi>");
    heed_html_text(out, text, letters);
    g_string_append(out, "</bdi>");
}

void
heed_html_number(GString *out, int64_t number)
{
    g_autofree char *digits = g_strdup_printf("%" PRId64, number);
    size_t length = strlen(digits);

    for (size_t i = 0; i < length; i++) {
        size_t left = length - i;

        g_string_append_c(out, digits[i]);
        if (left > 1 && left % 3 == 1 && g_ascii_isdigit(digits[i]))
            g_string_append_c(out, ',');
    }
}

void
heed_html_percent(GString *out, double rate)
{
    double percent = rate * 100;
    int digits = percent >= 10 ? 1 : percent >= 0.1 || percent <= 0 ? 2 : 3;

    if (rate < 0 || !isfinite(rate))
        g_string_append(out, UNKNOWN);
    else
        g_string_append_printf(out, "%.*f\u00a0%%", digits, percent);
}

static void
append_date(GString *out, int64_t seconds, const char *machine, const char *people)
{
    g_autoptr(GDateTime) date =
        seconds == HEED_DATE_UNKNOWN ? NULL : g_date_time_new_from_unix_utc(seconds);
    g_autofree char *exact = date == NULL ? NULL : g_date_time_format(date, machine);
    g_autofree char *text = date == NULL ? NULL : g_date_time_format(date, people);

    if (text == NULL)
        g_string_append(out, UNKNOWN);
    else
        g_string_append_printf(out, "<time datetime=\"%s\">%s</time>", exact, text);
}

void
heed_html_time(GString *out, int64_t seconds)
{
    append_date(out, seconds, "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%MZ");
}

void
heed_html_day(GString *out, int64_t seconds)
{
    append_date(out, seconds, "%Y-%m-%d", "%Y-%m-%d");
}
