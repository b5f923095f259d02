/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_HTML_H
#define HEED_CLI_HTML_H

/*
 * Text into HTML. Mail is hostile, and what a server said is the mail's: every text that is not
 * written in this program passes through heed_html_text(), which is the only one of its kind.
 */

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Where nothing else is said, foreign text is cut after so many letters. */
#define HEED_HTML_LETTERS 300U

/*
 * Appends text so that it is nothing but text, in an element as well as in a quoted attribute: the
 * five letters of markup become references, line ends and tabs spaces, what controls a terminal or
 * a printer or turns the direction of writing U+FFFD, as does what is not UTF-8 or no character.
 * More than two marks on one letter are left out, since piles of them reach over other lines. After
 * `letters` letters it is cut, with an ellipsis. NULL is "–".
 */
void heed_html_text(GString *out, const char *text, size_t letters);

/* The same in <bdi>, so that what is written from right to left stays among itself. For text
 * between elements. */
void heed_html_foreign(GString *out, const char *text, size_t letters);

/* 1234567 as "1,234,567". */
void heed_html_number(GString *out, int64_t number);

/* 0.0123 as "1.23 %"; the smaller, the more digits. A negative one is not known: "–". */
void heed_html_percent(GString *out, double rate);

/* A moment as <time>: "2026-01-02 03:04Z", or the day alone. HEED_DATE_UNKNOWN is "–". */
void heed_html_time(GString *out, int64_t seconds);
void heed_html_day(GString *out, int64_t seconds);

#endif
