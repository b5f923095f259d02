/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "db/session.h"

#include <string.h>

/* PostgreSQL 15, appendix A. Whole codes stand before the classes that hold them. */
static const struct {
    const char *prefix;
    HeedError code;
} reactions[] = {
    {"08", HEED_ERROR_TEMPORARY},    /* connection exceptions */
    {"25006", HEED_ERROR_TEMPORARY}, /* read-only: a standby, which may be promoted */
    {"25P03", HEED_ERROR_TEMPORARY}, /* idle in transaction for too long: we were stopped */
    {"28", HEED_ERROR_PERMISSION},
    {"3D000", HEED_ERROR_CONFIG}, /* no such database */
    {"40", HEED_ERROR_CONFLICT},  /* serialisation, deadlock */
    {"42501", HEED_ERROR_PERMISSION},
    /* No such column, function or table: a newer program changed them while this one ran. */
    {"42703", HEED_ERROR_UNAVAILABLE},
    {"42883", HEED_ERROR_UNAVAILABLE},
    {"42P01", HEED_ERROR_UNAVAILABLE},
    {"53", HEED_ERROR_TEMPORARY},      /* disk full, out of memory, too many connections */
    {"55P03", HEED_ERROR_CONFLICT},    /* lock_timeout */
    {"57", HEED_ERROR_TEMPORARY},      /* cancelled, shutting down, starting up */
    {"58", HEED_ERROR_TEMPORARY},      /* the server's own input and output */
    {"XX001", HEED_ERROR_UNAVAILABLE}, /* damaged data */
    {"XX002", HEED_ERROR_UNAVAILABLE},
};

int
heed_sqlstate_code(const char *sqlstate)
{
    if (sqlstate == NULL || sqlstate[0] == '\0')
        return HEED_ERROR_TEMPORARY;
    for (size_t i = 0; i < G_N_ELEMENTS(reactions); i++)
        if (strncmp(sqlstate, reactions[i].prefix, strlen(reactions[i].prefix)) == 0)
            return (int)reactions[i].code;
    return HEED_ERROR_INTERNAL;
}

/* One text line without control characters, as it may stand in an error. Caller frees. */
static char *
one_line(const char *text)
{
    char *line = g_strdup(text);

    for (char *c = line; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return g_strstrip(line);
}

void
heed_session_fail(const HeedDatabase *database,
                  const char *name,
                  const PGresult *result,
                  GError **error)
{
    const char *sqlstate = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message =
        result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    g_autofree char *line = NULL;

    if (sqlstate == NULL) {
        bool broken = PQstatus(database->connection) != CONNECTION_OK;

        g_set_error(error, HEED_ERROR, broken ? HEED_ERROR_TEMPORARY : HEED_ERROR_INTERNAL,
                    broken ? "%s: the connection to the database is lost"
                           : "%s: unexpected answer of the database",
                    name);
        return;
    }
    /* The messages of class 22, data exceptions, quote the offending value. */
    line = one_line(message != NULL && !g_str_has_prefix(sqlstate, "22")
                        ? message
                        : "the database refused a value");
    g_set_error(error, HEED_ERROR, heed_sqlstate_code(sqlstate), "%s: %s (%s)", name, line,
                sqlstate);
}
