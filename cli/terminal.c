/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include "base/log.h"
#include "parsers/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A column that is folded has at least so much room, or begins so far from the left below its row.
 */
#define FOLDED_LEAST  28U
#define FOLDED_INDENT 4U

char *
heed_terminal_date(int64_t seconds)
{
    g_autoptr(GDateTime) date =
        seconds == HEED_DATE_UNKNOWN ? NULL : g_date_time_new_from_unix_utc(seconds);

    return date == NULL ? g_strdup("-") : g_date_time_format(date, "%Y-%m-%d %H:%M:%SZ");
}

bool
heed_terminal_is_harmless(gunichar letter)
{
    return !g_unichar_iscntrl(letter) && letter != 0x2028 && letter != 0x2029 &&
           !(letter >= 0x202a && letter <= 0x202e) && !(letter >= 0x2066 && letter <= 0x2069);
}

char *
heed_terminal_clean(const char *text)
{
    g_autofree char *valid = NULL;
    g_autoptr(GString) clean = NULL;

    if (text == NULL)
        return g_strdup("-");
    valid = g_utf8_make_valid(text, -1);
    clean = g_string_sized_new(strlen(valid));
    for (const char *c = valid; *c != '\0'; c = g_utf8_find_next_char(c, NULL)) {
        gunichar letter = g_utf8_get_char(c);

        if (letter == '\n' || letter == '\r' || letter == '\t')
            g_string_append_c(clean, ' ');
        else if (!heed_terminal_is_harmless(letter))
            g_string_append_c(clean, '?');
        else
            g_string_append_unichar(clean, letter);
    }
    return g_string_free(g_steal_pointer(&clean), FALSE);
}

size_t
heed_terminal_width(const char *text)
{
    size_t width = 0;

    for (const char *c = text; *c != '\0'; c = g_utf8_find_next_char(c, NULL)) {
        gunichar letter = g_utf8_get_char(c);

        if (g_unichar_iszerowidth(letter))
            continue;
        width += g_unichar_iswide(letter) ? 2 : 1;
    }
    return width;
}

static bool
has_style(FILE *stream)
{
    const char *no_color = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");

    return isatty(fileno(stream)) == 1 && (no_color == NULL || *no_color == '\0') &&
           g_strcmp0(term, "dumb") != 0;
}

struct HeedTable {
    const char *const *titles; /* borrowed */
    size_t columns;
    GPtrArray *cells; /* of char *, row by row */
};

HeedTable *
heed_table_new(const char *const *titles)
{
    HeedTable *table = g_new0(HeedTable, 1);

    table->titles = titles;
    while (titles[table->columns] != NULL)
        table->columns++;
    table->cells = g_ptr_array_new_with_free_func(g_free);
    return table;
}

void
heed_table_free(HeedTable *table)
{
    if (table == NULL)
        return;
    g_ptr_array_unref(table->cells);
    g_free(table);
}

void
heed_table_text(HeedTable *table, const char *text)
{
    g_ptr_array_add(table->cells, heed_terminal_clean(text));
}

void
heed_table_int(HeedTable *table, int64_t number)
{
    g_ptr_array_add(table->cells, g_strdup_printf("%" PRId64, number));
}

void
heed_table_date(HeedTable *table, int64_t seconds)
{
    g_ptr_array_add(table->cells, heed_terminal_date(seconds));
}

size_t
heed_table_rows(const HeedTable *table)
{
    return table->cells->len / table->columns;
}

static const char *
title_of(const HeedTable *table, size_t column)
{
    const char *title = table->titles[column];

    return title[0] == '>' ? title + 1 : title;
}

/* 0: the stream is no terminal, or does not say. */
static size_t
columns_of(FILE *stream)
{
    struct winsize size = {0};

    return isatty(fileno(stream)) == 1 && ioctl(fileno(stream), TIOCGWINSZ, &size) == 0
               ? size.ws_col
               : 0;
}

static bool
is_number(const HeedTable *table, size_t column)
{
    return table->titles[column][0] == '>';
}

static void
print_cell(const HeedTable *table, size_t column, const char *text, size_t width, FILE *out)
{
    size_t own = heed_terminal_width(text);
    int padding = (int)(width > own ? width - own : 0);
    bool last = column + 1 == table->columns;

    if (is_number(table, column))
        (void)fprintf(out, "%*s%s%s", padding, "", text, last ? "\n" : "  ");
    else if (last)
        (void)fprintf(out, "%s\n", text);
    else
        (void)fprintf(out, "%s%*s  ", text, padding, "");
}

/* The last cell, which begins at this column of the terminal, in lines of whole words: below each
 * other, or where that leaves too little room below the row. */
static void
print_folded(const char *text, size_t start, size_t room, FILE *out)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    size_t indent = start + FOLDED_LEAST <= room ? start : FOLDED_INDENT;
    size_t at = indent;

    if (indent != start)
        (void)fprintf(out, "\n%*s", (int)indent, "");
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t width = heed_terminal_width(words[i]);

        if (at > indent && at + 1 + width > room) {
            (void)fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            (void)fputc(' ', out);
            at++;
        }
        (void)fputs(words[i], out);
        at += width;
    }
    (void)fputc('\n', out);
}

void
heed_table_print_within(const HeedTable *table, size_t room, FILE *out)
{
    g_autofree size_t *widths = g_new0(size_t, table->columns);
    bool styled = has_style(out);
    size_t last = table->columns - 1;
    size_t start = 0;

    for (size_t column = 0; column < table->columns; column++)
        widths[column] = heed_terminal_width(title_of(table, column));
    for (size_t i = 0; i < table->cells->len; i++) {
        size_t column = i % table->columns;

        widths[column] = MAX(widths[column], heed_terminal_width(table->cells->pdata[i]));
    }
    for (size_t column = 0; column < last; column++)
        start += widths[column] + 2;
    if (styled)
        (void)fputs("\033[1m", out);
    for (size_t column = 0; column < table->columns; column++)
        print_cell(table, column, title_of(table, column), widths[column], out);
    if (styled)
        (void)fputs("\033[0m", out);
    for (size_t i = 0; i < table->cells->len; i++) {
        size_t column = i % table->columns;
        const char *text = table->cells->pdata[i];

        if (column == last && room > 0 && !is_number(table, last) &&
            start + heed_terminal_width(text) > room)
            print_folded(text, start, room, out);
        else
            print_cell(table, column, text, widths[column], out);
    }
}

void
heed_table_print(const HeedTable *table, FILE *out)
{
    heed_table_print_within(table, columns_of(out), out);
}

static bool progress_shown;

void
heed_progress(const char *format, ...)
{
    static int64_t last_time;
    g_autofree char *text = NULL;
    g_autofree char *clean = NULL;
    int64_t now = g_get_monotonic_time();
    va_list arguments;

    if (heed_log_level() < HEED_LOG_NOTICE || isatty(STDERR_FILENO) != 1 ||
        now - last_time < G_USEC_PER_SEC / 10)
        return;
    last_time = now;
    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    clean = heed_terminal_clean(text);
    (void)fprintf(stderr, "\r\033[K%s", clean);
    (void)fflush(stderr);
    progress_shown = true;
}

void
heed_progress_clear(void)
{
    if (!progress_shown)
        return;
    (void)fputs("\r\033[K", stderr);
    (void)fflush(stderr);
    progress_shown = false;
}
