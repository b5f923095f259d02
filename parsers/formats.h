/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_FORMATS_H
#define HEED_PARSERS_FORMATS_H

/*
 * What the notices of mail systems look like that say in words what RFC 3464 would say in fields.
 * Descriptions, no code: parsers/notice_scan.h reads any text with any of them. They stand in
 * parsers/formats/ by where they come from, and docs/formats.md is made of them.
 *
 * All texts are templates of one line (parsers/template.h). Lists end with NULL; NULL is none.
 */

#include "parsers/report.h"

/* How far a reply goes that is the last thing on its line. */
typedef enum HeedReplyExtent {
    HEED_REPLY_PARAGRAPH, /* to the next blank line */
    HEED_REPLY_NEXT,      /* the same, but blank lines in front of it do not matter */
    HEED_REPLY_INDENTED,  /* as long as lines are indented deeper than the recipient's */
    HEED_REPLY_REST       /* to the next recipient, whatever stands between */
} HeedReplyExtent;

typedef const char *const *HeedTemplates;

typedef struct HeedFormat {
    /* As in the report: "qmail". Several descriptions may share one. */
    const char *name;
    /* For docs/formats.md: whose it is, and how we know. */
    const char *title;
    const char *source;

    /* How it is recognised: each list that is given must match somewhere. What the header has of
     * its own (from, header) is believed whoever sent it, unless he answers or forwards; words
     * anybody can write. */
    HeedTemplates from;    /* the From: field, decoded */
    HeedTemplates subject; /* the Subject: field, decoded */
    HeedTemplates header;  /* a whole field that nobody else writes: "x-mailer: m-filter" */
    HeedTemplates opening; /* one of the first lines of the text */

    /* The first line with the name of the host that reports. */
    HeedTemplates reporter;

    /* The line behind which recipients stand; not given: at the text's beginning. */
    HeedTemplates begin;
    /* The line behind which no more of them stand. */
    HeedTemplates stop;
    /* The line behind which the original begins. */
    HeedTemplates original;
    /* Lines (of the text or the subject) that say that it is still being tried, or has arrived. */
    HeedTemplates delayed;
    HeedTemplates delivered;

    /* What stands between: a line with {address} begins a recipient (or speaks of a known one), a
     * line without belongs to the recipient before it. */
    HeedTemplates lines;
    /* The same, for what is said once of all recipients that nothing else is said of. */
    HeedTemplates common;
    /* Lines that quote a server, of the recipient or of all, whichever was spoken of last; and
     * those that sum up in the reporter's words what it said, which count only where none is
     * quoted. */
    HeedTemplates quote;
    HeedTemplates summary;
    /* What it says of all may be of one of them alone: nobody's where there are several. */
    bool common_of_one;
    /* The whole reply, its lines joined with blanks: what of it is the server's, and which host. */
    HeedTemplates replies;
    HeedReplyExtent extent;

    /* What it is: HEED_KIND_AUTO_REPLY for challenges. HEED_KIND_OTHER (not given): a notice. */
    HeedKind kind;
} HeedFormat;

#define HEED_TEMPLATES(...) \
    (const char *const[])   \
    {                       \
        __VA_ARGS__, NULL   \
    }

typedef struct HeedFormatTable {
    const char *title;
    const HeedFormat *formats;
    size_t count;
} HeedFormatTable;

/* All of them, in the order in which they are tried. */
extern const HeedFormatTable *const heed_format_tables[];
extern const size_t heed_format_table_count;

/* What fits nothing of these, in mail that surely a program sent. */
extern const HeedFormat heed_format_general;

#endif
