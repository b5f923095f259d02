/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_MESSAGE_H
#define HEED_PARSERS_MESSAGE_H

/*
 * A message taken apart as far as its report needs: its header, and the parts of interest, found
 * with GMime through any nesting of multiparts (RFC 2046, RFC 6522). What a message/rfc822 part
 * encloses is the message that the report is about: only its header is looked at, so a report
 * that somebody forwards as an attachment is not taken for a report to us.
 */

#include "parsers/fields.h"
#include "parsers/mend.h"
#include "parsers/parser.h"

#include <gmime/gmime.h>

typedef enum HeedPartType {
    HEED_PART_OTHER,
    HEED_PART_TEXT,            /* text/plain: the human-readable part, or a mislabelled other */
    HEED_PART_DELIVERY_STATUS, /* RFC 3464, RFC 6533 */
    HEED_PART_FEEDBACK_REPORT, /* RFC 5965 */
    HEED_PART_DISPOSITION,     /* RFC 8098 */
    HEED_PART_ENCLOSED,        /* message/rfc822, message/global */
    HEED_PART_HEADERS,         /* text/rfc822-headers (RFC 6522 4), message/global-headers */
    HEED_PART_TLS_REPORT       /* RFC 8460 5.2 */
} HeedPartType;

typedef struct HeedPart {
    HeedPartType type;
    /* Borrowed from the message. */
    GMimeObject *object;
    /* Within a multipart/report. */
    bool in_report;
} HeedPart;

typedef struct HeedMessage {
    HeedMended mended;
    /* The message's own header fields, from the top; of HeedField. */
    GArray *header;
    /* Behind the header. */
    HeedSpan body;
    /* Of HeedPart, in order. */
    GArray *parts;
    /* There is a multipart/report, and its report-type in lower case ("" when it has none). */
    bool is_report;
    char report_type[40];
    /* Private. */
    GMimeStream *stream;
    GMimeObject *top;
    GPtrArray *decoded;
} HeedMessage;

/* Takes the bytes apart. They must outlive the message. Clear *out afterwards. */
void heed_message_read(const char *bytes,
                       size_t length,
                       const HeedParserSettings *settings,
                       HeedReport *report,
                       HeedMessage *out);
void heed_message_clear(HeedMessage *message);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedMessage, heed_message_clear)

/* The first header field of this name (lower case), or NULL. */
const HeedField *heed_message_field(const HeedMessage *message, const char *name);

/* The first part of this type, or NULL. */
const HeedPart *heed_message_part(const HeedMessage *message, HeedPartType type);

/*
 * What a leaf part says, its transfer encoding undone; at most HEED_LIMIT_REPORT_PART_BYTES of it,
 * or what `limit` says if less. Lives as long as the message; empty for a part that is no leaf.
 */
HeedSpan heed_message_content(HeedMessage *message, const HeedPart *part, size_t limit);

/* Appends the header fields of an enclosed message to the array of HeedField. */
void heed_message_enclosed_header(const HeedPart *part, GArray *fields);

/*
 * Whether a program and not a person has sent it, and not in answer: it comes from mailer-daemon or
 * postmaster, has a null return path, or says so (RFC 3834 5) without another return path, which
 * notices do not have (RFC 5321 4.5.5). Needed before something in it is taken for a bounce that is
 * not within a multipart/report.
 */
bool heed_message_is_automatic(const HeedMessage *message);

/*
 * The same of complaints, which have return paths: it is automatic, or says so. Needed before
 * something in it is taken for a complaint that is not within a multipart/report.
 */
bool heed_message_may_complain(const HeedMessage *message);

/* Whether it has a return path that is not the null one: who sent it wants to hear of failures. */
bool heed_message_has_return_path(const HeedMessage *message);

/* Whether From: names mailer-daemon or postmaster: the sender of bounces rather than of replies. */
bool heed_message_is_from_daemon(const HeedMessage *message);

#endif
