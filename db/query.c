/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "db/session.h"

/* One statement; the result is of a kind that succeeded, or NULL. */
static PGresult *
execute(
    HeedDatabase *database, const char *name, const char *sql, HeedParams *params, GError **error)
{
    HeedParamView view = heed_params_view(params);
    g_autoptr(PGresult) result = NULL;
    ExecStatusType status = PGRES_FATAL_ERROR;

    if (database->connection == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "%s: not connected to the database",
                    name);
        return NULL;
    }
    result = PQexecParams(database->connection, sql, view.count, view.types, view.values,
                          view.lengths, view.formats, 0);
    status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        heed_session_fail(database, name, result, error);
        return NULL;
    }
    return g_steal_pointer(&result);
}

bool
heed_database_run(
    HeedDatabase *database, const char *name, const char *sql, HeedParams *params, GError **error)
{
    g_autoptr(PGresult) result = execute(database, name, sql, params, error);

    return result != NULL;
}

HeedRows *
heed_database_query(
    HeedDatabase *database, const char *name, const char *sql, HeedParams *params, GError **error)
{
    g_autoptr(PGresult) result = execute(database, name, sql, params, error);

    if (result == NULL)
        return NULL;
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "%s: the statement answers no rows",
                    name);
        return NULL;
    }
    return heed_rows_new(g_steal_pointer(&result));
}

bool /* NOLINTNEXTLINE(readability-function-size): a callback is two parameters */
heed_database_query_each(HeedDatabase *database,
                         const char *name,
                         const char *sql,
                         HeedParams *params,
                         HeedRowTaker take,
                         void *data,
                         GError **error)
{
    HeedParamView view = heed_params_view(params);
    bool good = true;

    if (database->connection == NULL ||
        PQsendQueryParams(database->connection, sql, view.count, view.types, view.values,
                          view.lengths, view.formats, 0) == 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "%s: not connected to the database",
                    name);
        return false;
    }
    (void)PQsetSingleRowMode(database->connection);
    for (;;) {
        PGresult *result = PQgetResult(database->connection);
        ExecStatusType status = PQresultStatus(result);
        g_autoptr(HeedRows) row = NULL;

        if (result == NULL)
            return good;
        row = heed_rows_new(result);
        if (status == PGRES_SINGLE_TUPLE) {
            take(row, data);
        } else if (status != PGRES_TUPLES_OK && good) {
            heed_session_fail(database, name, result, error);
            good = false;
        }
    }
}

HeedRows *
heed_database_query_row(
    HeedDatabase *database, const char *name, const char *sql, HeedParams *params, GError **error)
{
    g_autoptr(HeedRows) rows = heed_database_query(database, name, sql, params, error);

    if (rows == NULL)
        return NULL;
    if (heed_rows_count(rows) != 1) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "%s: %zu rows where one is expected",
                    name, heed_rows_count(rows));
        return NULL;
    }
    return g_steal_pointer(&rows);
}

bool
heed_database_script(HeedDatabase *database, const char *name, const char *sql, GError **error)
{
    g_autoptr(PGresult) result = NULL;
    ExecStatusType status = PGRES_FATAL_ERROR;

    if (database->connection == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "%s: not connected to the database",
                    name);
        return false;
    }
    result = PQexec(database->connection, sql);
    status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        heed_session_fail(database, name, result, error);
        return false;
    }
    return true;
}

bool
heed_database_setting(HeedDatabase *database, const char *name, const char *value, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, name);
    heed_params_text(params, value);
    return heed_database_run(database, "set a parameter",
                             "SELECT set_config('heed.' || $1, $2, true)", params, error);
}
