/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_LEDGER_H
#define HEED_SUPPRESS_LEDGER_H

/* What people decided and is in force: `heed suppress list`. */

#include "db/connection.h"

typedef struct HeedDecision {
    int64_t at;
    char *action; /* owned, as all: "add", "remove", "allow", "disallow" */
    char *scope;  /* "": everywhere */
    char *address;
    char *who;
    char *why; /* NULL: not said */
} HeedDecision;

/* The next page of the newest decision of each address and scope (of HeedDecision *), in the order
 * in which they were made; empty at the end. *after begins at 0 and is moved. */
GPtrArray *heed_ledger_page(HeedDatabase *database, int64_t *after, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
