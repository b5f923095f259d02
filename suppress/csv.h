/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_CSV_H
#define HEED_SUPPRESS_CSV_H

/*
 * Comma-separated values (RFC 4180), with any one-byte delimiter. Lenient where files are sloppy:
 * spaces before a quote are left out, text behind a closing quote belongs to the field, a quote
 * within an unquoted field is just a character. Line ends are LF or CRLF.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* The length of the record at the front, with its line end; a quoted field may hold line ends. 0
 * when the bytes end within quotes. */
size_t heed_csv_record_length(const char *bytes, size_t length, char delimiter, char line_end);

/*
 * Reads the field at *position of a record without its line end into out, replacing it; NULL skips
 * the field. Moves *position on. False when there is no more field; start with 0.
 */
bool heed_csv_next_field(
    const char *record, size_t length, char delimiter, size_t *position, GString *out);

/* Appends a value, in quotes where it needs them. */
void heed_csv_append(GString *out, const char *value, size_t length);

#endif
