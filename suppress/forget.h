/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_FORGET_H
#define HEED_SUPPRESS_FORGET_H

/*
 * `heed forget`: erases people, and keeps them suppressed where they were, under a keyed hash of
 * the address (pseudonym.h). docs/privacy.md says what is erased, what is not, and what the hash is
 * worth. What is kept is in the ledger of decisions, so that a rebuild keeps it, too.
 *
 * In this order, each in a transaction of its own, so that what was interrupted is finished by
 * doing it again: kept mail and quarantine that hold the address, texts that quote it, the address
 * itself with all its events, and then the record. While the address itself is erased nobody
 * stores or folds.
 */

#include "db/connection.h"

typedef struct HeedForgetRequest {
    const GPtrArray *addresses; /* const char *, normalised, each once */
    const char *who;
    const char *why;    /* NULL: not said */
    bool also_suppress; /* everywhere, whoever was not */
    bool dry_run;       /* count only */
} HeedForgetRequest;

typedef struct HeedForgotten {
    uint64_t events; /* also those kept as evidence */
    uint64_t reports;
    uint64_t mails;       /* kept mail, */
    uint64_t quarantined; /* and mail in quarantine, that named an address */
    uint64_t texts;       /* rows about others that quoted one, which is blotted out */
    uint64_t kept;        /* addresses that stay suppressed somewhere */
    bool configured;      /* the policy in force names one: the configuration would bring it back */
} HeedForgotten;

/* By the owner of the tables; others get HEED_ERROR_PERMISSION. */
bool heed_forget(HeedDatabase *database,
                 const HeedForgetRequest *request,
                 HeedForgotten *out,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many suppressions there are of those who were forgotten; scope as in heed_export(). A reader
 * may ask. */
bool
heed_forgotten_count(HeedDatabase *database, const char *scope, uint64_t *out_count, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
