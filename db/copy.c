/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "db/session.h"

/* Takes what is left of the answer; the last result says how the statement ended. */
static bool
finish(HeedDatabase *database, const char *name, bool stopped, GError **error)
{
    bool good = true;

    for (;;) {
        g_autoptr(PGresult) result = PQgetResult(database->connection);
        char *rest = NULL;

        if (result == NULL)
            return good;
        if (PQresultStatus(result) == PGRES_COPY_OUT) {
            while (PQgetCopyData(database->connection, &rest, 0) > 0)
                PQfreemem(rest);
        } else if (PQresultStatus(result) != PGRES_COMMAND_OK && good && !stopped) {
            heed_session_fail(database, name, result, error);
            good = false;
        }
    }
}

/* Asks the server to end the statement, so that a stopped stream need not be read to its end. */
static void
cancel(HeedDatabase *database)
{
    g_autoptr(PGcancel) request = PQgetCancel(database->connection);
    char reason[256];

    if (request != NULL)
        (void)PQcancel(request, reason, (int)sizeof(reason));
}

bool
heed_database_copy_out(HeedDatabase *database,
                       const char *name,
                       const char *query,
                       HeedCopyRow callback,
                       void *data,
                       GError **error)
{
    g_autofree char *sql = g_strdup_printf("COPY (%s) TO STDOUT", query);
    bool stopped = false;

    if (database->connection == NULL || PQsendQuery(database->connection, sql) == 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "%s: not connected to the database",
                    name);
        return false;
    }
    {
        g_autoptr(PGresult) result = PQgetResult(database->connection);

        if (PQresultStatus(result) != PGRES_COPY_OUT) {
            heed_session_fail(database, name, result, error);
            (void)finish(database, name, true, NULL);
            return false;
        }
    }
    for (;;) {
        char *row = NULL;
        int length = PQgetCopyData(database->connection, &row, 0);

        if (length < 0)
            break;
        if (!stopped &&
            !callback(row, (size_t)length - (row[length - 1] == '\n' ? 1U : 0U), data)) {
            stopped = true;
            cancel(database);
        }
        PQfreemem(row);
    }
    return finish(database, name, stopped, error);
}

/* One escape after its backslash (PostgreSQL 15, COPY, "Text Format"). */
static char
unescaped(char letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    default:
        return letter;
    }
}

size_t
heed_copy_unescape(char *field, size_t length)
{
    size_t written = 0;

    for (size_t i = 0; i < length; i++) {
        if (field[i] == '\\' && i + 1 < length)
            field[written++] = unescaped(field[++i]);
        else
            field[written++] = field[i];
    }
    return written;
}
