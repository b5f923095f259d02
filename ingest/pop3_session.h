/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_POP3_SESSION_H
#define HEED_INGEST_POP3_SESSION_H

/*
 * One POP3 session (RFC 1939): connected and authenticated, commands and answers.
 *
 * libetpan 1.9.4 does the greeting and STLS over our stream. The rest is spoken here, because it
 * reports a failed QUIT as success, holds a whole RETR and a whole list in memory, cuts commands at
 * 513 octets (a token is longer) and knows no XOAUTH2.
 *
 * A refused login is HEED_ERROR_PERMISSION, or TEMPORARY where the server says so (RFC 2449,
 * RFC 3206: [IN-USE], [LOGIN-DELAY], [SYS/TEMP]); another refusal is UNAVAILABLE; an answer that is
 * not POP3 is DATA and ends the connection.
 */

#include "ingest/mailbox.h"
#include "ingest/tls_stream.h"

typedef struct HeedPop3 {
    const HeedMailbox *mailbox; /* borrowed */
    HeedTlsStream *stream;
    mailpop3 *session;
    bool is_marked; /* messages are marked as deleted: whoever did so sends QUIT himself */
} HeedPop3;

/* Called with the octets of a multi-line answer, its dots unstuffed, its line ends kept. */
typedef void (*HeedPop3Sink)(void *data, const char *bytes, size_t length);

/* Connects and authenticates; an open connection is closed first. */
bool heed_pop3_open(HeedPop3 *pop3, const HeedMailbox *mailbox, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Closes, with a QUIT unless that would delete something. A zeroed or closed one is fine. */
void heed_pop3_close(HeedPop3 *pop3);

/* Is there a connection that has not failed? A command that was refused leaves it usable. */
bool heed_pop3_is_usable(const HeedPop3 *pop3);

/*
 * Sends a line (CRLF is added) and reads the first line of the answer: false unless it is "+OK".
 * out_text, if not NULL, gets what stands behind "+OK " (caller frees). what names the command for
 * people. byte_budget 0: the limit of base/limits.h.
 */
bool heed_pop3_command(HeedPop3 *pop3,
                       const char *line,
                       const char *what,
                       uint64_t byte_budget,
                       char **out_text,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads the further lines of an answer, up to the final ".". */
bool heed_pop3_read_lines(HeedPop3 *pop3, HeedPop3Sink sink, void *data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
