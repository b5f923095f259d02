/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_LIST_H
#define HEED_SUPPRESS_LIST_H

/*
 * Reading a mailing list: where its records end, which of its columns hold addresses, and which
 * address a field names. For clean.c. Lists are foreign: whatever bytes they hold, each record
 * comes out once, in order, byte for byte.
 */

#include "base/limits.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Records out of a file, through a buffer of fixed size. */
typedef struct HeedListReader HeedListReader;

typedef enum HeedListTrouble {
    HEED_LIST_NO_TROUBLE,
    HEED_LIST_TOO_LONG,  /* over HEED_LIMIT_LIST_LINE_BYTES: the bytes are its beginning, the rest
                            is skipped */
    HEED_LIST_OPEN_QUOTE /* its quote is not closed within the limit: this is its first line alone,
                            and reading goes on behind that */
} HeedListTrouble;

typedef struct HeedListRecord {
    const char *bytes; /* borrowed, until a call after heed_list_reader_has_more() said no, unless
                          the buffer was exchanged */
    size_t length;     /* with its line end */
    size_t content;    /* without */
    uint64_t line;     /* of its beginning, from 1 */
    HeedListTrouble trouble;
} HeedListRecord;

/* The file stays the caller's. It may be gzip (list_bytes.h). */
HeedListReader *heed_list_reader_new(FILE *file);
void heed_list_reader_free(HeedListReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedListReader, heed_list_reader_free)

/* Before all else: finds out what ends lines ("\n", with or without "\r"; or "\r" alone), takes a
 * UTF-8 byte order mark off the front, and says whether there was one. HEED_ERROR_DATA for UTF-16,
 * HEED_ERROR_IO; these, and HEED_ERROR_DATA for bad gzip, from all that read. */
bool heed_list_reader_begin(HeedListReader *reader, bool *out_marked, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The next record. With a delimiter, quoted fields may hold line ends; 0: each line is one.
 * out_end: there was none. HEED_ERROR_IO. */
bool heed_list_reader_next(HeedListReader *reader,
                           char delimiter,
                           HeedListRecord *out,
                           bool *out_end,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the next record is at hand, so that those given out stay where they are. */
bool heed_list_reader_has_more(const HeedListReader *reader);

/* How many bytes the buffer has. */
#define HEED_LIST_BUFFER_BYTES ((size_t)256 * 1024)

/* Takes another buffer (g_malloc()), and gives the one away that the records given out are in. */
char *heed_list_reader_exchange(HeedListReader *reader, char *buffer);

/* The next line, which the next call gives again. */
bool
heed_list_reader_peek(HeedListReader *reader, HeedListRecord *out, bool *out_end, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What a list names addresses by: themselves, or digests of their normal form (docs/export.md). */
typedef enum HeedListKind {
    HEED_LIST_OF_ADDRESSES,
    HEED_LIST_OF_SHA256,
    HEED_LIST_OF_MD5
} HeedListKind;

/* Where in a record the addresses are. */
typedef struct HeedListShape {
    HeedListKind kind;
    char delimiter;                          /* 0: each line is an address */
    size_t columns[HEED_LIMIT_LIST_COLUMNS]; /* from 0, ascending */
    size_t column_count;                     /* at least 1 */
    bool has_header;
} HeedListShape;

/*
 * From the first line (without its line end) that is neither blank nor a comment. With a column's
 * name the line is the header; a number names a column of a list without one. With no columns
 * (NULL-terminated; NULL for none) they are looked for in a header, where "email" and "email2" are
 * both, then as the only column that holds an address. out_found has the names of several that
 * were found so, for a message, else NULL; caller frees. HEED_ERROR_DATA when
 * that is not clear, with the columns there are, or they are more than HEED_LIMIT_LIST_COLUMNS.
 */
bool heed_list_shape_find(const char *line,
                          size_t length,
                          const char *const *columns,
                          HeedListKind kind,
                          HeedListShape *out,
                          char **out_found,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Nothing but spaces; and that, or a line that begins with "#". */
bool heed_list_is_blank(const char *line, size_t length);
bool heed_list_is_remark(const char *line, size_t length);

/* The normal form of the address in "a@b", " <a@b> " or "Name <a@b>" into out, replacing it, or of
 * a list of digests the digest in lower-case hexadecimal. False when it names none. */
bool heed_list_entry(HeedListKind kind, const char *text, size_t length, GString *out);

/* What stands in a list of the kind for an address in normal form, replacing out. */
void heed_list_digest(HeedListKind kind, const char *address, size_t length, GString *out);

#endif
