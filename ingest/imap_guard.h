/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_IMAP_GUARD_H
#define HEED_INGEST_IMAP_GUARD_H

/*
 * Looks at an IMAP server's octets before libetpan 1.9.4 parses them: it overflows its stack on
 * some 30,000 nested "(", whether that was asked for or not, and keeps a line of any length in
 * memory.
 *
 * A response is a line with the literals in it. It may hold HEED_IMAP_GUARD_PARENTHESES of "(" and
 * HEED_LIMIT_LINE_BYTES outside of its literals; what we ask for needs a handful. Literals are
 * skipped only in FETCH and LIST responses: in the free text of an OK, "{100}" is no literal to
 * libetpan, and what follows would escape us.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define HEED_IMAP_GUARD_PARENTHESES 1000U

#define HEED_IMAP_GUARD_HEAD 32U

typedef struct HeedImapGuard {
    char head[HEED_IMAP_GUARD_HEAD]; /* how the response begins */
    size_t head_length;
    uint64_t line_bytes;
    unsigned parentheses;
    uint64_t literal_left;
    uint64_t number;  /* between "{" and "}" */
    unsigned tail;    /* how much of "{n}\r" has been seen at the end of the line so far */
    bool can_literal; /* a FETCH or LIST response */
} HeedImapGuard;

void heed_imap_guard_init(HeedImapGuard *guard);

/* Of type HeedTlsInspect; data is a HeedImapGuard. HEED_ERROR_LIMIT. */
bool heed_imap_guard_inspect(void *data, const char *bytes, size_t length, GError **error);

#endif
