/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_DATABASE_H
#define HEED_TESTS_SUPPORT_DATABASE_H

/*
 * A database of its own for a test, on the server that tests/support/with-postgres runs. Whatever
 * goes wrong here ends the test.
 */

#include "db/connection.h"

typedef struct HeedTestDatabase {
    char *name;
    char *conninfo;         /* of a superuser */
    HeedDatabase *database; /* connected to it */
} HeedTestDatabase;

/* Makes an empty database. */
HeedTestDatabase *heed_test_database_new(void);

/* Makes one with the schema and its roles. */
HeedTestDatabase *heed_test_database_migrated(void);

/* The same conninfo for another user of the server (which trusts everybody). Caller frees. */
char *heed_test_database_conninfo_for(const HeedTestDatabase *test, const char *user);

/* Opens another connection to it. */
HeedDatabase *heed_test_database_connect(const HeedTestDatabase *test);

/* The first column of the first row as text; "" for none. Caller frees. */
char *heed_test_database_get(HeedDatabase *database, const char *sql);

/* Runs what must work. */
void heed_test_database_do(HeedDatabase *database, const char *sql);

/* Drops the database. */
void heed_test_database_free(HeedTestDatabase *test);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedTestDatabase, heed_test_database_free)

#endif
