/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/fault.h"
#include "db/session.h"

#include <string.h>

struct HeedTransaction {
    HeedDatabase *database; /* borrowed; NULL once ended */
};

static HeedTransaction *
begin(HeedDatabase *database, const char *sql, GError **error)
{
    HeedTransaction *transaction = NULL;

    if (database->in_transaction) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_INTERNAL,
                            "begin a transaction: there is one already");
        return NULL;
    }
    if (!heed_database_run(database, "begin a transaction", sql, NULL, error))
        return NULL;
    database->in_transaction = true;
    transaction = g_new0(HeedTransaction, 1);
    transaction->database = database;
    return transaction;
}

HeedTransaction *
heed_transaction_begin(HeedDatabase *database, GError **error)
{
    /* A server's default level may differ, and the locks of folds rely on this one. Not so with
     * READ WRITE: who makes a database read-only (a full disk does, at some hosters) means it. */
    return begin(database, "BEGIN ISOLATION LEVEL READ COMMITTED", error);
}

HeedTransaction *
heed_transaction_begin_snapshot(HeedDatabase *database, GError **error)
{
    return begin(database, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
}

char *
heed_transaction_export_snapshot(HeedTransaction *transaction, GError **error)
{
    g_autoptr(HeedRows) row = NULL;

    g_return_val_if_fail(transaction->database != NULL, NULL);
    row = heed_database_query_row(transaction->database, "export the snapshot",
                                  "SELECT pg_catalog.pg_export_snapshot()", NULL, error);
    return row != NULL ? g_strdup(heed_rows_text(row, 0, 0)) : NULL;
}

HeedTransaction *
heed_transaction_begin_exported(HeedDatabase *database, const char *snapshot, GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);
    g_autofree char *sql = NULL;

    /* The statement takes no parameters; what the server calls its snapshots needs no quoting. */
    g_return_val_if_fail(strspn(snapshot, "0123456789ABCDEFabcdef-") == strlen(snapshot), NULL);
    sql = g_strdup_printf("SET TRANSACTION SNAPSHOT '%s'", snapshot);
    if (transaction == NULL || !heed_database_run(database, "take the snapshot", sql, NULL, error))
        return NULL;
    return g_steal_pointer(&transaction);
}

bool
heed_transaction_commit(HeedTransaction *transaction, GError **error)
{
    HeedDatabase *database = transaction->database;
    g_autoptr(PGresult) result = NULL;

    g_return_val_if_fail(database != NULL, false);
    if (database->connection == NULL) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_TEMPORARY,
                            "commit: not connected to the database");
        return false;
    }
    HEED_FAULT("database.before-commit");
    result = PQexecParams(database->connection, "COMMIT", 0, NULL, NULL, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        heed_session_fail(database, "commit", result, error);
        return false;
    }
    transaction->database = NULL;
    database->in_transaction = false;
    /* COMMIT of a transaction that had failed succeeds, as a rollback. */
    if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_INTERNAL,
                            "commit: the transaction had failed before");
        return false;
    }
    HEED_FAULT("database.after-commit");
    database->trouble_since = 0;
    database->tries = 0;
    return true;
}

void
heed_transaction_free(HeedTransaction *transaction)
{
    if (transaction == NULL)
        return;
    if (transaction->database != NULL) {
        HeedDatabase *database = transaction->database;

        /* On a broken connection there is nothing to say: the server rolls back by itself. */
        if (database->connection != NULL && database->in_transaction)
            PQclear(PQexecParams(database->connection, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0));
        database->in_transaction = false;
    }
    g_free(transaction);
}
