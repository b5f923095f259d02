/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_WORDS_H
#define HEED_PARSERS_WORDS_H

/*
 * The brake before a hard verdict that rests on codes: servers send 5.1.1 and 550 for full
 * mailboxes, large messages, failed SPF and blocklists. A small table of English words
 * (rules/words.def) says whether the text confirms a dead address, speaks of something else, or
 * says neither.
 */

#include "parsers/report.h"

/* Room for the text as it is compared; more of a reply than this is not looked at. */
#define HEED_WORDS_BYTES 1024U

typedef struct HeedWords {
    HeedClass confirmed;       /* BAD_MAILBOX, BAD_DOMAIN or MOVED: said so; else NONE */
    HeedClass contradicted;    /* what else it speaks of, or NONE; UNKNOWN when that is mixed */
    const char *contradiction; /* static; a short name of what, or NULL */
    bool mixed;                /* it speaks of things with different verdicts */
} HeedWords;

/* One pass over the text, ASCII case ignored, without allocation. */
void heed_words_read(const char *text, size_t length, HeedWords *out_words);

#endif
