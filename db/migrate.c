/* SPDX-License-Identifier: Apache-2.0 */
#include "db/migrate.h"

#include "base/embedded.h"
#include "base/error.h"

#include <string.h>

/* Made by heed_embed(); sorted by name. */
extern const HeedEmbedded heed_migrations[];
extern const HeedEmbedded heed_roles[];
extern const HeedEmbedded heed_views[];

enum {
    ROLES_CREATE,
    ROLES_GRANT
};

/* Where the record of migrations stands. It is before all of them, and never altered: every program
 * must be able to read that of every other. The view is for those who may not see the tables. */
static const char record_sql[] =
    "CREATE SCHEMA IF NOT EXISTS heed_data;"
    "CREATE SCHEMA IF NOT EXISTS heed;"
    "CREATE TABLE IF NOT EXISTS heed_data.migration ("
    "    version integer PRIMARY KEY,"
    "    name text NOT NULL,"
    "    checksum bytea NOT NULL,"
    "    applied_at timestamptz NOT NULL DEFAULT now(),"
    "    program text NOT NULL"
    ");"
    "CREATE OR REPLACE VIEW heed.schema_version AS"
    "    SELECT version, name, applied_at, program FROM heed_data.migration;"
    "COMMENT ON VIEW heed.schema_version IS 'The migrations that made this database what it is.';"
    "COMMENT ON COLUMN heed.schema_version.version IS 'The number of the migration';"
    "COMMENT ON COLUMN heed.schema_version.name IS 'Its file';"
    "COMMENT ON COLUMN heed.schema_version.applied_at IS 'When it was applied';"
    "COMMENT ON COLUMN heed.schema_version.program IS 'The version of heed that applied it';";

typedef struct Migration {
    HeedDatabase *database;
    const HeedRoles *roles;
    const char *owner;
    const char *ingest;
    const char *reader;
    unsigned target;
} Migration;

unsigned
heed_migrate_newest(void)
{
    unsigned count = 0;

    while (heed_migrations[count].name != NULL)
        count++;
    return count;
}

bool
heed_migrate_version(HeedDatabase *database, unsigned *out_version, GError **error)
{
    static const char name[] = "read the version of the tables";
    g_autoptr(HeedRows) there = heed_database_query_row(
        database, name,
        /* By name, which costs no plan: every command asks. */
        "SELECT to_regclass('heed.schema_version') IS NOT NULL", NULL, error);
    g_autoptr(HeedRows) version = NULL;

    if (there == NULL)
        return false;
    if (!heed_rows_bool(there, 0, 0)) {
        *out_version = 0;
        return true;
    }
    version = heed_database_query_row(
        database, name, "SELECT coalesce(max(version), 0) FROM heed.schema_version", NULL, error);
    if (version == NULL)
        return false;
    *out_version = (unsigned)heed_rows_int(version, 0, 0);
    return true;
}

/* What this program's tables, views and rights are told by; kept as the comment of the schema. */
static char *
comment_of_schema(void)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    for (const HeedEmbedded *view = heed_views; view->name != NULL; view++)
        g_checksum_update(checksum, (const guchar *)view->text, (gssize)view->length);
    g_checksum_update(checksum, (const guchar *)heed_roles[ROLES_GRANT].text,
                      (gssize)heed_roles[ROLES_GRANT].length);
    return g_strdup_printf("Heed, version %u of the tables, views %s", heed_migrate_newest(),
                           g_checksum_get_string(checksum));
}

bool
heed_migrate_is_done(HeedDatabase *database, bool *out_done, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autofree char *comment = comment_of_schema();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_text(params, comment);
    rows = heed_database_query_row(
        database, "look for the tables",
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_description"
        "    WHERE classoid = 'pg_catalog.pg_namespace'::regclass AND objsubid = 0"
        "        AND objoid = to_regnamespace('heed') AND description = $1::text)",
        params, error);
    if (rows == NULL)
        return false;
    *out_done = heed_rows_bool(rows, 0, 0);
    return true;
}

/*
 * A transaction in which nobody else migrates. The lock goes with the transaction, not with the
 * session, so that it holds through a pooler too; each transaction looks again at what there is.
 */
static HeedTransaction *
begin_alone(const Migration *migration, GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(migration->database, error);

    if (transaction == NULL ||
        !heed_database_script(migration->database, "wait for other migrations",
                              "SET LOCAL lock_timeout = 0;"
                              "SELECT pg_advisory_xact_lock(hashtextextended('heed.migrate', 0))",
                              error) ||
        !heed_database_setting(migration->database, "owner", migration->owner, error) ||
        !heed_database_setting(migration->database, "ingest", migration->ingest, error) ||
        !heed_database_setting(migration->database, "reader", migration->reader, error))
        return NULL;
    return g_steal_pointer(&transaction);
}

static bool
become(const Migration *migration, const char *role, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    if (migration->roles->none)
        return true;
    heed_params_text(params, role);
    return heed_database_run(migration->database, "take on the role of the owner",
                             "SELECT set_config('role', $1, true)", params, error);
}

/* As the user who connected: who he is decides what he may make. */
static bool
create_roles(const Migration *migration, GError **error)
{
    g_autoptr(HeedTransaction) transaction = NULL;

    if (migration->roles->none)
        return true;
    transaction = begin_alone(migration, error);
    return transaction != NULL && become(migration, "none", error) &&
           heed_database_script(migration->database, "make the roles",
                                heed_roles[ROLES_CREATE].text, error) &&
           heed_transaction_commit(transaction, error);
}

static void
checksum_of(const HeedEmbedded *file, uint8_t out[32])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize length = 32;

    g_checksum_update(checksum, (const guchar *)file->text, (gssize)file->length);
    g_checksum_get_digest(checksum, out, &length);
}

/* Compares what was applied with what this program would have applied. Answers how far it is. */
static bool
check_history(const Migration *migration, unsigned *out_version, GError **error)
{
    g_autoptr(HeedRows) rows = heed_database_query(
        migration->database, "read the record of migrations",
        "SELECT version, checksum FROM heed_data.migration ORDER BY version", NULL, error);
    unsigned newest = heed_migrate_newest();

    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        g_autoptr(GBytes) recorded = heed_rows_bytes(rows, i, 1);
        uint8_t checksum[32];
        gsize length = 0;
        const void *bytes = g_bytes_get_data(recorded, &length);

        if (heed_rows_int(rows, i, 0) > (int64_t)newest) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                        "the tables are at version %" G_GINT64_FORMAT
                        ", and this program knows up to %u: use a newer heed",
                        heed_rows_int(rows, heed_rows_count(rows) - 1, 0), newest);
            return false;
        }
        checksum_of(&heed_migrations[i], checksum);
        if (heed_rows_int(rows, i, 0) != (int64_t)i + 1 || length != sizeof(checksum) ||
            memcmp(bytes, checksum, length) != 0) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                        "the migration %s of the database is not the one of this program; nothing "
                        "was changed",
                        heed_migrations[i].name);
            return false;
        }
    }
    *out_version = (unsigned)heed_rows_count(rows);
    return true;
}

/* With it goes the comment of the schema, until finish() writes it anew: by that alone a program of
 * another version would take these tables for its own. */
static bool
apply(const Migration *migration, const HeedEmbedded *file, unsigned version, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    uint8_t checksum[32];

    checksum_of(file, checksum);
    heed_params_int(params, version);
    heed_params_text(params, file->name);
    heed_params_bytes(params, checksum, sizeof(checksum));
    heed_params_text(params, HEED_VERSION);
    return heed_database_script(migration->database, file->name, file->text, error) &&
           heed_database_script(migration->database, "say that the views are not these tables'",
                                "COMMENT ON SCHEMA heed IS NULL", error) &&
           heed_database_run(migration->database, "record the migration",
                             "INSERT INTO heed_data.migration (version, name, checksum, program)"
                             " VALUES ($1, $2, $3, $4)",
                             params, error);
}

/* The views, as they are in this program, and who may do what. */
static bool
finish(const Migration *migration, GError **error)
{
    g_autofree char *comment = comment_of_schema();
    g_autofree char *remark = g_strdup_printf("COMMENT ON SCHEMA heed IS '%s'", comment);

    for (const HeedEmbedded *view = heed_views; view->name != NULL; view++)
        if (!heed_database_script(migration->database, view->name, view->text, error))
            return false;
    return (migration->roles->none ||
            heed_database_script(migration->database, "grant the roles their rights",
                                 heed_roles[ROLES_GRANT].text, error)) &&
           heed_database_script(migration->database, "say which tables and views these are", remark,
                                error);
}

/* One migration; if there is none to apply, what comes behind all of them: in the transaction that
 * found so, lest a newer program migrates in between and has older views put over its own. */
static bool
step(const Migration *migration, bool *out_done, GError **error)
{
    g_autoptr(HeedTransaction) transaction = begin_alone(migration, error);
    unsigned version = 0;

    if (transaction == NULL || !become(migration, migration->owner, error) ||
        !heed_database_script(migration->database, "make the record of migrations", record_sql,
                              error) ||
        !check_history(migration, &version, error))
        return false;
    *out_done = version >= migration->target;
    if (!*out_done && !apply(migration, &heed_migrations[version], version + 1, error))
        return false;
    /* Views may need what the newest migration made. */
    if (*out_done && migration->target == heed_migrate_newest() && !finish(migration, error))
        return false;
    return heed_transaction_commit(transaction, error);
}

bool
heed_migrate_to(HeedDatabase *database, const HeedRoles *roles, unsigned version, GError **error)
{
    static const HeedRoles defaults;
    const HeedRoles *named = roles != NULL ? roles : &defaults;
    const Migration migration = {
        .database = database,
        .roles = named,
        .owner = named->owner != NULL ? named->owner : "heed_owner",
        .ingest = named->ingest != NULL ? named->ingest : "heed_ingest",
        .reader = named->reader != NULL ? named->reader : "heed_reader",
        .target = MIN(version, heed_migrate_newest()),
    };
    bool done = false;

    if (!create_roles(&migration, error))
        return false;
    while (!done)
        if (!step(&migration, &done, error))
            return false;
    return true;
}

bool
heed_migrate(HeedDatabase *database, const HeedRoles *roles, GError **error)
{
    return heed_migrate_to(database, roles, heed_migrate_newest(), error);
}
