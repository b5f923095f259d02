/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "db/session.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define OLDEST_SERVER         150000
#define CONNECT_SECONDS       10
#define FIRST_DELAY_SECONDS   0.1
#define LONGEST_DELAY_SECONDS 10.0
#define LONGEST_MESSAGE_BYTES 400U
#define SQLSTATE_BYTES        5U

/* How we want connections, where neither the connection string nor the environment says. */
static const struct {
    const char *keyword;
    const char *value;
    const char *variable;
} wishes[] = {
    {"client_encoding", "UTF8", NULL},
    {"fallback_application_name", "heed", NULL},
    {"connect_timeout", "10", "PGCONNECT_TIMEOUT"},
    /* With several hosts, the one that can be written to: a standby is of no use to us. */
    {"target_session_attrs", "read-write", "PGTARGETSESSIONATTRS"},
    /* A server that vanished without a word is noticed after a minute, not after hours. */
    {"keepalives_idle", "30", NULL},
    {"keepalives_interval", "10", NULL},
    {"keepalives_count", "3", NULL},
    {"tcp_user_timeout", "60000", NULL},
};

/*
 * What a session needs whatever the server's, the database's and the role's defaults are. A commit
 * that is acknowledged is durable (messages are deleted from the mail server after it), so
 * synchronous_commit is turned on where it is off and left alone where it is more. A client that is
 * stopped in a transaction does not block the others for ever.
 */
static const char session_sql[] = "SET client_min_messages = warning;"
                                  "SET TIME ZONE 'UTC';"
                                  "SET search_path = heed_data, heed, pg_temp;"
                                  "SET datestyle = 'ISO';"
                                  "SET bytea_output = 'hex';"
                                  "SET standard_conforming_strings = on;"
                                  "SET jit = off;"
                                  "SET statement_timeout = 0;"
                                  "SET lock_timeout = '60s';"
                                  "SET idle_in_transaction_session_timeout = '10min';"
                                  "SELECT set_config('synchronous_commit', 'on', false)"
                                  " WHERE current_setting('synchronous_commit') = 'off';";

static const char role_sql[] =
    "SELECT set_config('role', $1, false)"
    " WHERE pg_catalog.pg_has_role(session_user, to_regrole(quote_ident($1)),"
    /* From version 16 on, being a member and being allowed to be it are two things. */
    " CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END)";

static void
ignore_notice(void *data, const PGresult *result)
{
    (void)data;
    (void)result;
}

/* What libpq gets: what the connection string says, then our wishes. As one string: of keywords and
 * values apart, libpq takes the empty ones from the environment. */
typedef struct Target {
    char *conninfo; /* owned */
    int64_t timeout_seconds;
    bool several_hosts;
} Target;

static void
target_clear(Target *target)
{
    g_clear_pointer(&target->conninfo, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Target, target_clear)

void
heed_session_add_keyword(GString *conninfo, const char *keyword, const char *value)
{
    g_string_append_printf(conninfo, "%s%s='", conninfo->len > 0 ? " " : "", keyword);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            g_string_append_c(conninfo, '\\');
        g_string_append_c(conninfo, *value);
    }
    g_string_append_c(conninfo, '\'');
}

static bool
wish_is_open(const PQconninfoOption *given, const char *keyword, const char *variable)
{
    if (variable != NULL && getenv(variable) != NULL)
        return false;
    for (; given->keyword != NULL; given++)
        if (given->val != NULL && strcmp(given->keyword, keyword) == 0)
            return false;
    return true;
}

bool
heed_database_is_conninfo(const char *text)
{
    g_autoptr(PQconninfoOption) read = PQconninfoParse(text, NULL);

    return read != NULL && text[strspn(text, " \t\n")] != '\0';
}

static bool
target_read(const char *conninfo, Target *out, GError **error)
{
    g_autoptr(PQconninfoOption) given = PQconninfoParse(conninfo, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    const char *timeout = getenv("PGCONNECT_TIMEOUT");

    if (given == NULL) {
        /* libpq's own words may quote a password. */
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_CONFIG,
                            "the connection string of the database is not understood: it is "
                            "postgresql://USER@HOST:PORT/NAME or KEYWORD=VALUE …");
        return false;
    }
    for (const PQconninfoOption *option = given; option->keyword != NULL; option++) {
        if (option->val == NULL)
            continue;
        heed_session_add_keyword(text, option->keyword, option->val);
        if (g_str_has_prefix(option->keyword, "host") && strchr(option->val, ',') != NULL)
            out->several_hosts = true;
        if (strcmp(option->keyword, "connect_timeout") == 0)
            timeout = option->val;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(wishes); i++)
        if (wish_is_open(given, wishes[i].keyword, wishes[i].variable))
            heed_session_add_keyword(text, wishes[i].keyword, wishes[i].value);
    out->timeout_seconds = timeout != NULL ? g_ascii_strtoll(timeout, NULL, 10) : CONNECT_SECONDS;
    out->conninfo = g_strdup(text->str);
    return true;
}

/*
 * Connects, with the SQLSTATE in the messages: libpq has no other way to tell why a server refused.
 * Ends at the deadline with the connection half made.
 */
static PGconn *
connect_and_watch(const Target *target, bool *out_expired)
{
    g_autoptr(PGconn) connection = PQconnectStart(target->conninfo);
    /* Two seconds at least, as libpq has it; none or less is no limit. */
    int64_t deadline =
        target->timeout_seconds > 0
            ? g_get_monotonic_time() + MAX(target->timeout_seconds, 2) * G_USEC_PER_SEC
            : INT64_MAX;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    *out_expired = false;
    if (connection == NULL || PQstatus(connection) == CONNECTION_BAD)
        return g_steal_pointer(&connection);
    (void)PQsetNoticeReceiver(connection, ignore_notice, NULL);
    (void)PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        struct pollfd wait = {.fd = PQsocket(connection),
                              .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int64_t left = (deadline - g_get_monotonic_time()) / 1000;

        if (left <= 0) {
            *out_expired = true;
            break;
        }
        if (poll(&wait, 1, (int)MIN(left, G_MAXINT)) < 0 && errno != EINTR)
            break;
        if (wait.revents != 0)
            state = PQconnectPoll(connection);
    }
    (void)PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
    return g_steal_pointer(&connection);
}

/* The last "SEVERITY:  SQLSTATE: message" of the text; severities are translated, states are not.
 */
static const char *
find_sqlstate(const char *text)
{
    const char *found = NULL;

    for (const char *at = strstr(text, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        size_t length = strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (length == SQLSTATE_BYTES && at[3 + length] == ':')
            found = at + 3;
    }
    return found;
}

static void
fail_to_connect(const PGconn *connection, bool expired, GError **error)
{
    const char *text = connection != NULL ? PQerrorMessage(connection) : "";
    const char *sqlstate = find_sqlstate(text);
    /* An internal error before we asked for anything, such as a full disk, is the server's. */
    bool is_servers = sqlstate == NULL || g_str_has_prefix(sqlstate, "XX000");
    int code = is_servers ? HEED_ERROR_TEMPORARY : heed_sqlstate_code(sqlstate);
    g_autofree char *line = NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) kept = g_string_new(NULL);

    for (size_t i = 0; lines[i] != NULL; i++)
        if (lines[i][0] != '\0' && !g_str_has_prefix(lines[i], "LOCATION:"))
            g_string_append_printf(kept, "%s%s", kept->len > 0 ? "; " : "", g_strstrip(lines[i]));
    if (expired)
        g_string_append(kept, kept->len > 0 ? "; no answer in time" : "no answer in time");
    if (connection != NULL && PQconnectionNeedsPassword(connection) != 0)
        code = HEED_ERROR_PERMISSION;
    if (kept->len > LONGEST_MESSAGE_BYTES)
        g_string_truncate(kept, LONGEST_MESSAGE_BYTES);
    line = g_utf8_make_valid(kept->str, (gssize)kept->len);
    g_set_error(error, HEED_ERROR, code, "connect to the database: %s", line);
}

static bool
check_server(PGconn *connection, GError **error)
{
    const char *encoding = PQparameterStatus(connection, "server_encoding");

    if (PQserverVersion(connection) < OLDEST_SERVER) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "the database server is PostgreSQL %d, and 15 or later is needed",
                    PQserverVersion(connection) / 10000);
        return false;
    }
    if (g_strcmp0(encoding, "UTF8") != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "the database has the encoding %s, and UTF8 is needed (CREATE DATABASE … "
                    "ENCODING 'UTF8' TEMPLATE template0)",
                    encoding != NULL ? encoding : "(unknown)");
        return false;
    }
    return true;
}

static bool
take_on_role(HeedDatabase *database, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, database->role);
    return heed_database_run(database, "take on the role", role_sql, params, error);
}

static bool
set_up_session(HeedDatabase *database, GError **error)
{
    return heed_database_script(database, "set up the session", session_sql, error) &&
           (database->role == NULL || take_on_role(database, error));
}

static bool
connect_once(HeedDatabase *database, GError **error)
{
    g_auto(Target) target = {0};
    g_autoptr(PGconn) connection = NULL;
    bool expired = false;

    g_clear_pointer(&database->connection, PQfinish);
    database->in_transaction = false;
    if (!target_read(database->conninfo, &target, error))
        return false;
    connection = connect_and_watch(&target, &expired);
    if (expired && target.several_hosts) {
        /* Only libpq's own waiting can give up on one host and go on to the next. */
        g_clear_pointer(&connection, PQfinish);
        connection = PQconnectdb(target.conninfo);
        expired = false;
    }
    if (connection == NULL || PQstatus(connection) != CONNECTION_OK) {
        fail_to_connect(connection, expired, error);
        return false;
    }
    (void)PQsetNoticeReceiver(connection, ignore_notice, NULL);
    if (!check_server(connection, error))
        return false;
    database->connection = g_steal_pointer(&connection);
    database->connected_at = g_get_monotonic_time();
    if (!set_up_session(database, error)) {
        g_clear_pointer(&database->connection, PQfinish);
        return false;
    }
    return true;
}

static bool
is_stopped(const HeedDatabase *database)
{
    return database->stop != NULL && __atomic_load_n(database->stop, __ATOMIC_SEQ_CST) != 0;
}

/* Doubles with each try, and varies, so that many clients do not come back as one. */
static void
back_off(const HeedDatabase *database, int64_t until)
{
    double delay = FIRST_DELAY_SECONDS;
    int64_t end = 0;

    for (unsigned i = 1; i < database->tries && delay < LONGEST_DELAY_SECONDS; i++)
        delay *= 2;
    delay = MIN(delay, LONGEST_DELAY_SECONDS) * g_random_double_range(0.5, 1.5);
    end = MIN(until, g_get_monotonic_time() + (int64_t)(delay * G_USEC_PER_SEC));
    while (!is_stopped(database) && g_get_monotonic_time() < end)
        g_usleep((gulong)MIN(end - g_get_monotonic_time() + 1, G_USEC_PER_SEC / 10));
}

bool
heed_database_reconnect(HeedDatabase *database, GError **error)
{
    int64_t patience = (int64_t)database->patience_seconds * G_USEC_PER_SEC;
    int64_t now = g_get_monotonic_time();
    g_autoptr(GError) reason = NULL;

    /* A connection that held for long was a good one, even when it committed nothing. */
    if (database->trouble_since == 0 ||
        now - database->connected_at > MAX(patience, G_USEC_PER_SEC)) {
        database->trouble_since = now;
        database->tries = 0;
    }
    for (;;) {
        if (database->tries > 0)
            back_off(database, database->trouble_since + patience);
        if (is_stopped(database)) {
            g_set_error_literal(error, HEED_ERROR, HEED_ERROR_CANCELLED,
                                "connect to the database: asked to stop");
            return false;
        }
        if (database->tries > 0 && g_get_monotonic_time() - database->trouble_since >= patience)
            break;
        database->tries++;
        g_clear_error(&reason);
        if (connect_once(database, &reason))
            return true;
        if (!g_error_matches(reason, HEED_ERROR, HEED_ERROR_TEMPORARY))
            break;
    }
    if (reason != NULL)
        g_propagate_error(error, g_steal_pointer(&reason));
    else
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_TEMPORARY,
                            "the database can be reached, and fails again and again");
    return false;
}

HeedDatabase *
heed_database_open(const HeedDatabaseOptions *options, GError **error)
{
    g_autoptr(HeedDatabase) database = g_new0(HeedDatabase, 1);

    database->conninfo = g_strdup(options->conninfo);
    database->role = g_strdup(options->role);
    database->patience_seconds = options->patience_seconds;
    database->stop = options->stop;
    if (!heed_database_reconnect(database, error))
        return NULL;
    database->trouble_since = 0;
    database->tries = 0;
    return g_steal_pointer(&database);
}

bool
heed_database_become(HeedDatabase *database, const char *role, GError **error)
{
    g_free(database->role);
    database->role = g_strdup(role);
    return take_on_role(database, error);
}

HeedDatabase *
heed_database_open_another(const HeedDatabase *database, GError **error)
{
    const HeedDatabaseOptions options = {.conninfo = database->conninfo, .role = database->role};

    return heed_database_open(&options, error);
}

void
heed_database_close(HeedDatabase *database)
{
    if (database == NULL)
        return;
    PQfinish(database->connection);
    g_free(database->conninfo);
    g_free(database->role);
    g_free(database);
}
