/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_JSON_H
#define HEED_PARSERS_LOG_JSON_H

/*
 * Walks over the members of one JSON object (RFC 8259) without building a tree of it: logs have a
 * thousand bytes a line, of which a few members matter. Values that nobody asks for are passed
 * over, whatever their depth, and not judged beyond their brackets and quotes.
 */

#include "parsers/fields.h"

#include <glib.h>
#include <stdbool.h>

typedef enum HeedLogJsonKind {
    HEED_LOG_JSON_STRING,
    HEED_LOG_JSON_NUMBER,
    HEED_LOG_JSON_WORD, /* true, false, null */
    HEED_LOG_JSON_OBJECT,
    HEED_LOG_JSON_ARRAY,
} HeedLogJsonKind;

/* A member of an object, or an element of an array, whose name is empty. */
typedef struct HeedLogJsonMember {
    HeedSpan name; /* as it stands, escapes and all */
    /* A string without its quotes, escapes and all; other values as they stand. */
    HeedSpan text;
    HeedLogJsonKind kind;
} HeedLogJsonMember;

typedef struct HeedLogJsonWalk {
    HeedSpan rest;
    char close; /* "}" or "]"; NUL when it was met, and nothing is left */
    bool bad;   /* it ended otherwise than by its bracket */
} HeedLogJsonWalk;

/* At the text's first object or array, with nothing but blanks before it; false for none. */
bool heed_log_json_open(HeedSpan text, HeedLogJsonWalk *out_walk);

/* The next member; false at the end, and where the text is no JSON, which walk->bad tells. */
bool heed_log_json_next(HeedLogJsonWalk *walk, HeedLogJsonMember *out_member);

/*
 * The string with its escapes undone, of the line where it has none, else at the end of the
 * scratch, which must have room so as not to move. NULs, line ends and lone surrogates become
 * blanks.
 */
HeedSpan heed_log_json_text(const HeedLogJsonMember *member, GString *scratch);

#endif
