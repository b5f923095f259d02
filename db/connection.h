/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_CONNECTION_H
#define HEED_DB_CONNECTION_H

/*
 * A connection to PostgreSQL, transactions and queries. The only header of Heed through which SQL
 * runs; nothing outside this room links libpq. Queries are parameterised, and each states the shape
 * of answer it expects; a server error becomes a GError whose text holds the SQLSTATE and the
 * server's primary message, never the query, its parameters or the server's detail (which quotes
 * rows).
 *
 * Error codes: HEED_ERROR_TEMPORARY (no connection, restarting, read-only, disk full, too many
 * clients), HEED_ERROR_CONFLICT (40001, 40P01), HEED_ERROR_PERMISSION (28xxx, 42501),
 * HEED_ERROR_UNAVAILABLE (damaged data), HEED_ERROR_CONFIG (no such database, a wrong connection
 * string), HEED_ERROR_INTERNAL (a query of ours that is wrong).
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct HeedDatabase HeedDatabase;

typedef struct HeedDatabaseOptions {
    const char *conninfo; /* "postgresql://…" or key=value, libpq's rules; several hosts allowed */
    const char *role;     /* SET ROLE after connecting when the session may; NULL for none */
    unsigned patience_seconds; /* how long to go on connecting with back-off; 0: one try */
    const int *stop;           /* set by a signal handler: wait no longer; may be NULL; borrowed */
} HeedDatabaseOptions;

/* Whether libpq understands it as a connection string; the empty one, which would be whatever the
 * environment says, is none. */
bool heed_database_is_conninfo(const char *text);

/* Connects, checks that the server is PostgreSQL 15 or later and the database UTF8, sets UTC,
 * application_name, time limits and the search path. Of several hosts the one that can be written
 * to, unless the connection string wants another. */
HeedDatabase *heed_database_open(const HeedDatabaseOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Takes on a role, when the session may, now and whenever it connects again. */
bool heed_database_become(HeedDatabase *database, const char *role, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Another connection to the same database in the same role, for work side by side: a connection is
 * used by one thread at a time. One try. */
HeedDatabase *heed_database_open_another(const HeedDatabase *database, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Accepts NULL. */
void heed_database_close(HeedDatabase *database);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedDatabase, heed_database_close)

/* Connects again after HEED_ERROR_TEMPORARY, with back-off. Patience runs from the first trouble
 * to the next commit, so that a caller who repeats its transaction after this gives up in the end,
 * with a full disk too. HEED_ERROR_CANCELLED when asked to stop. */
bool heed_database_reconnect(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * One parameter. Scalars are sent as text; arrays as binary arrays for unnest(), NULL elements
 * allowed. Build them with the functions below; a HeedParams grows by one for each call and is used
 * once.
 */
typedef struct HeedParams HeedParams;

HeedParams *heed_params_new(void);
void heed_params_free(HeedParams *params);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedParams, heed_params_free)

void heed_params_text(HeedParams *params, const char *value); /* copied; NULL is NULL */
void heed_params_int(HeedParams *params, int64_t value);      /* bigint */
void heed_params_bool(HeedParams *params, bool value);
void
heed_params_bytes(HeedParams *params, const void *bytes, size_t length); /* bytea; NULL is NULL */
void heed_params_time(HeedParams *params,
                      int64_t seconds); /* timestamptz; HEED_DATE_UNKNOWN is NULL */

/* Arrays: add the array parameter, then its elements with _add_. Element types: text[], bigint[],
 * boolean[], bytea[], timestamptz[]. */
typedef struct HeedArrayParam HeedArrayParam; /* borrowed from its HeedParams */
HeedArrayParam *heed_params_text_array(HeedParams *params);
HeedArrayParam *heed_params_int_array(HeedParams *params);
HeedArrayParam *heed_params_bool_array(HeedParams *params);
HeedArrayParam *heed_params_bytes_array(HeedParams *params);
HeedArrayParam *heed_params_time_array(HeedParams *params);
void heed_array_add_text(HeedArrayParam *array, const char *value);
void heed_array_add_int(HeedArrayParam *array, int64_t value);
void heed_array_add_null(HeedArrayParam *array);
void heed_array_add_bool(HeedArrayParam *array, bool value);
void heed_array_add_bytes(HeedArrayParam *array, const void *bytes, size_t length);
void heed_array_add_time(HeedArrayParam *array, int64_t seconds);

/* Rows of an answer, all in memory: for answers that are bounded by the query. */
typedef struct HeedRows HeedRows;

void heed_rows_free(HeedRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedRows, heed_rows_free)
size_t heed_rows_count(const HeedRows *rows);
bool heed_rows_is_null(const HeedRows *rows, size_t row, size_t column);
const char *
heed_rows_text(const HeedRows *rows, size_t row, size_t column); /* borrowed; NULL for NULL */
int64_t heed_rows_int(const HeedRows *rows, size_t row, size_t column); /* 0 for NULL */
bool heed_rows_bool(const HeedRows *rows, size_t row, size_t column);   /* false for NULL */
GBytes *
heed_rows_bytes(const HeedRows *rows, size_t row, size_t column); /* of a bytea; NULL for NULL */
int64_t
heed_rows_time(const HeedRows *rows, size_t row, size_t column); /* of extract(epoch …)::bigint */

/* Runs one statement. Params may be NULL. The name, a short English phrase ("store the events"),
 * begins errors. */
bool heed_database_run(HeedDatabase *database,
                       const char *name,
                       const char *sql,
                       HeedParams *params,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
HeedRows *heed_database_query(HeedDatabase *database,
                              const char *name,
                              const char *sql,
                              HeedParams *params,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for exactly one row. HEED_ERROR_INTERNAL for none or several. */
HeedRows *heed_database_query_row(HeedDatabase *database,
                                  const char *name,
                                  const char *sql,
                                  HeedParams *params,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for an answer of any size: each row is taken as it comes, in rows that hold it alone. */
typedef void (*HeedRowTaker)(const HeedRows *row, void *data);
bool heed_database_query_each(HeedDatabase *database,
                              const char *name,
                              const char *sql,
                              HeedParams *params,
                              HeedRowTaker take,
                              void *data,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Several statements without parameters or answers (migrations, views). */
bool heed_database_script(HeedDatabase *database, const char *name, const char *sql, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/*
 * Streams the answer of a query of any size through COPY (…) TO STDOUT. The query is a constant of
 * ours: COPY takes no parameters, so a caller that needs some sets them first with
 * heed_database_setting(). The callback gets one row's bytes in COPY text format without the
 * newline; false stops the stream and is not an error by itself, but a transaction around it can
 * only be rolled back then.
 */
typedef bool (*HeedCopyRow)(const char *row, size_t length, void *data);
bool heed_database_copy_out(HeedDatabase *database,
                            const char *name,
                            const char *query,
                            HeedCopyRow callback,
                            void *data,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Undoes COPY's text escapes in place; returns the new length. "\N" alone is not handled: ask for
 * coalesce(). */
size_t heed_copy_unescape(char *field, size_t length);

/* set_config('heed.NAME', value, is_local := true), read in SQL by current_setting('heed.NAME'). In
 * a transaction. */
bool
heed_database_setting(HeedDatabase *database, const char *name, const char *value, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/*
 * A transaction, rolled back when it goes out of scope unless it was committed:
 *     g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, error);
 */
typedef struct HeedTransaction HeedTransaction;
HeedTransaction *heed_transaction_begin(HeedDatabase *database, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* A REPEATABLE READ READ ONLY one, for exports. */
HeedTransaction *heed_transaction_begin_snapshot(HeedDatabase *database, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* What a transaction of the former kind sees, for others to see the same as long as it lasts: its
 * name (caller frees), and a transaction on another connection that goes by it. */
char *heed_transaction_export_snapshot(HeedTransaction *transaction, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
HeedTransaction *heed_transaction_begin_exported(HeedDatabase *database,
                                                 const char *snapshot,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool heed_transaction_commit(HeedTransaction *transaction, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void heed_transaction_free(HeedTransaction *transaction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedTransaction, heed_transaction_free)

#endif
