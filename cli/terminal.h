/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_TERMINAL_H
#define HEED_CLI_TERMINAL_H

/*
 * What people see: tables, dates, a progress line, questions. All text that comes from mail,
 * servers or the database is foreign and printed without its control characters, so that it cannot
 * steer the terminal.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Seconds since 1970 as "2026-01-02 03:04:05Z", in UTC; "-" for HEED_DATE_UNKNOWN. */
char *heed_terminal_date(int64_t seconds);

/* Whether the letter does nothing to a terminal but to stand there: no control character, no line
 * or paragraph separator, none that turns the direction of those around it. */
bool heed_terminal_is_harmless(gunichar letter);

/* The text with '?' for what is not harmless (line ends and tabs are spaces) and
 * with what is not UTF-8 as U+FFFD. Caller frees; NULL gives "-". */
char *heed_terminal_clean(const char *text);

/* Columns the text takes on a terminal: wide characters two, combining marks none. */
size_t heed_terminal_width(const char *text);

/*
 * A table: all rows are gathered, then printed with aligned columns. For answers that are bounded;
 * what can be of any size is streamed instead.
 */
typedef struct HeedTable HeedTable;

/* Column titles, NULL-terminated; a title that begins with '>' is a number, set flush right. */
HeedTable *heed_table_new(const char *const *titles);
void heed_table_free(HeedTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedTable, heed_table_free)

/* Adds a cell, left to right, row by row. Text is copied and cleaned. */
void heed_table_text(HeedTable *table, const char *text);
void heed_table_int(HeedTable *table, int64_t number);
void heed_table_date(HeedTable *table, int64_t seconds);
size_t heed_table_rows(const HeedTable *table);
/* On a terminal, the text of a last column that does not fit is folded, and the titles are bold
 * unless TERM is dumb or NO_COLOR (no-color.org) is set. */
void heed_table_print(const HeedTable *table, FILE *out);
/* The same for a terminal of so many columns; 0: of any width. */
void heed_table_print_within(const HeedTable *table, size_t room, FILE *out);

/*
 * One line on standard error that is rewritten; nothing at all when that is no terminal or notices
 * are hidden. At most ten updates a second are shown.
 */
void heed_progress(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Wipes the line: before other output and at the end. */
void heed_progress_clear(void);

#endif
