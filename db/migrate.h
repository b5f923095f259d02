/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_MIGRATE_H
#define HEED_DB_MIGRATE_H

/*
 * Brings a database to the schema of this program: numbered migrations, each once, in its own
 * transaction, recorded with a checksum, under one advisory lock; then the views and the roles'
 * privileges. A database that is newer than the program, or whose recorded checksums differ, is
 * refused, not touched.
 */

#include "db/connection.h"

/* Names of the three roles; any NULL has the default. With none, no role is made or granted to. */
typedef struct HeedRoles {
    bool none; /* `db init --no-roles` */
    const char *owner;
    const char *ingest;
    const char *reader;
} HeedRoles;

/* Migrates from whatever version to this program's. HEED_ERROR_CONFIG for a newer or altered
 * schema. */
bool heed_migrate(HeedDatabase *database, const HeedRoles *roles, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same up to a given version, for tests of upgrades. */
bool
heed_migrate_to(HeedDatabase *database, const HeedRoles *roles, unsigned version, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The version of the database (0: none) and of this program. */
bool heed_migrate_version(HeedDatabase *database, unsigned *out_version, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
unsigned heed_migrate_newest(void);

/* Whether the database is at this program's version and has its views and rights: those may change
 * without a migration, and heed_migrate() makes them anew. One look, since every command asks. */
bool heed_migrate_is_done(HeedDatabase *database, bool *out_done, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
