/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_SESSION_H
#define HEED_DB_SESSION_H

/* What the files behind db/connection.h share; nobody else includes it. */

#include "db/connection.h"
#include "db/pq_cleanup.h"

struct HeedDatabase {
    PGconn *connection; /* owned; NULL between connections */
    char *conninfo;     /* owned */
    char *role;         /* owned; NULL for none */
    unsigned patience_seconds;
    const int *stop;       /* borrowed; may be NULL */
    int64_t trouble_since; /* monotonic microseconds of the first failure since the last commit; 0:
                              none */
    unsigned tries;        /* connections tried since then */
    int64_t connected_at;  /* monotonic; of the newest connection */
    bool in_transaction;
};

/* The answer is wrong, or there is none: sets the error, "NAME: MESSAGE (SQLSTATE)". Result may be
 * NULL. */
void heed_session_fail(const HeedDatabase *database,
                       const char *name,
                       const PGresult *result,
                       GError **error);

/* The code for an SQLSTATE; NULL or empty: the connection broke. */
int heed_sqlstate_code(const char *sqlstate);

/* Appends "KEYWORD='VALUE'", quoted as connection strings are. */
void heed_session_add_keyword(GString *conninfo, const char *keyword, const char *value);

/* What libpq wants of parameters; valid as long as params is, until the next addition. */
typedef struct HeedParamView {
    int count;
    const Oid *types;
    const char *const *values;
    const int *lengths;
    const int *formats;
} HeedParamView;

HeedParamView heed_params_view(HeedParams *params);

/* Takes the result over. */
HeedRows *heed_rows_new(PGresult *result);

#endif
