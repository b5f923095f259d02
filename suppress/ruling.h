/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_RULING_H
#define HEED_SUPPRESS_RULING_H

/* What people decided about an address in a scope, from the ledger; for judge.c. */

#include "suppress/judge.h"

typedef struct HeedRuling {
    const char *scope;
    int64_t removed_at; /* what had arrived by then is disregarded */
    int64_t added_at;   /* HEED_TIME_NONE: not */
    bool allowed;
    bool is_own;          /* some decision is about this very scope */
    const HeedKept *kept; /* borrowed from the case; NULL: nothing */
    /* Whose stream it is looked at for: what it covers counts only if it is about that stream.
     * Borrowed; NULL: none. */
    const HeedPolicyExemption *exemption;
} HeedRuling;

/* Of a case's decisions, which are in order. The scope is borrowed. */
HeedRuling heed_ruling_on(const HeedCase *the_case, const char *scope);

#endif
