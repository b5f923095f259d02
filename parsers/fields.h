/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_FIELDS_H
#define HEED_PARSERS_FIELDS_H

/*
 * "Name: value" fields as they stand in message headers, in message/delivery-status and in
 * message/feedback-report: folded (RFC 5322 2.2.3), in groups between blank lines (RFC 3464 2.1),
 * with any line ends. Nothing is copied; a field's spans point into the text it was read from.
 *
 * Lenient where reports are sloppy: blanks before the colon; a line that is neither a field nor
 * indented nor blank belongs to the field before it (servers quote replies without indenting
 * them), or is skipped where no field is open.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct HeedSpan {
    const char *at;
    size_t length;
} HeedSpan;

typedef struct HeedField {
    HeedSpan name;
    /* As it stands, folded, without the line end behind it. */
    HeedSpan value;
    /* The same up to the first line that is not indented: what standards call the value. */
    HeedSpan strict;
    /* It is the first one behind a blank line, or of all. */
    bool starts_group;
} HeedField;

typedef struct HeedFieldCursor {
    const char *at;
    const char *end;
    /* Stop at the first blank line, as a message's header does. */
    bool header;
    bool in_group;
} HeedFieldCursor;

void heed_fields_begin(HeedFieldCursor *cursor, const char *text, size_t length, bool header);

/* The next field, or false at the end. A header's cursor then stands behind the blank line. */
bool heed_fields_next(HeedFieldCursor *cursor, HeedField *out_field);

/* Whether the name is this one (given in lower case), in any letter case. */
bool heed_field_is(const HeedField *field, const char *name);

/* Ends the line at `at`: the first byte of its line end, or `end`. */
const char *heed_line_end(const char *at, const char *end);

/* Behind the line end (LF, CRLF or CR) at `at`. */
const char *heed_line_next(const char *at, const char *end);

HeedSpan heed_span_trim(HeedSpan span);

/* Whether the span is this text (given in lower case), in any letter case. */
bool heed_span_is(HeedSpan span, const char *text);
bool heed_span_starts(HeedSpan span, const char *text);

/* The value on one line: each fold becomes one blank, blanks at both ends go. Replaces out. */
void heed_field_unfold(HeedSpan value, GString *out);

/* The same without comments (RFC 5322 3.2.2: in parentheses, nested, not within quotes). */
void heed_field_strip_comments(HeedSpan value, GString *out);

#endif
