/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "suppress/queries.h"
#include "suppress/suppressed_set.h"

#include <inttypes.h>
#include <string.h>

/*
 * Most of the time is the server's: reading rows, of which a statement that answers one by one
 * spends as much again on sending them. So addresses are joined to long texts there
 * (suppressed_range.sql), and a few connections read ranges of blocks side by side, all in one
 * snapshot.
 */

/* Blocks that one statement reads: many, since a statement costs something, and few, since the last
 * ones are waited for. */
#define BLOCKS_AT_ONCE 1024U

/* As many connections as the machine has cores, but no more: the server has other clients. */
#define MOST_CONNECTIONS 4U

/* Keys that are made between two additions to the set, which one thread at a time may do. */
#define KEYS_AT_ONCE 4096U

/* Addresses are in normal form, which has no control characters. */
#define SEPARATOR '\n'

/* What the connections share. */
typedef struct Load {
    const HeedDatabase *first; /* borrowed; whoever has no other connection opens one like it */
    const HeedSuppressedQuery *query;
    char *snapshot; /* owned; its name */
    char *moment;   /* owned; for queries */
    int64_t seconds;
    uint64_t blocks;
    uint64_t next;          /* of the blocks; atomic */
    GMutex lock;            /* for what follows */
    HeedSuppressedSet *set; /* owned */
    GArray *allowed;        /* owned; of HeedAddressKey */
} Load;

static void
load_clear(Load *load)
{
    g_free(load->snapshot);
    g_free(load->moment);
    g_mutex_clear(&load->lock);
    heed_suppressed_set_free(load->set);
    g_array_unref(load->allowed);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Load, load_clear)

/* "hard bad-mailbox"; "manual". */
static char *
name_reason(const char *verdict, const char *reason)
{
    if (verdict == NULL && reason == NULL)
        return g_strdup("suppressed");
    if (verdict == NULL || reason == NULL || strcmp(verdict, reason) == 0)
        return g_strdup(verdict != NULL ? verdict : reason);
    return g_strconcat(verdict, " ", reason, NULL);
}

/* What each thread has of its own. */
typedef struct Reading {
    Load *load;             /* borrowed */
    HeedDatabase *database; /* borrowed */
    GString *digest;        /* owned; scratch */
} Reading;

static HeedAddressKey
make_key(const Reading *reading, const char *address, size_t length)
{
    const HeedKeySecret *secret = heed_suppressed_set_secret(reading->load->set);
    HeedListKind kind = reading->load->query->kind;

    if (kind == HEED_LIST_OF_ADDRESSES)
        return heed_key_make(secret, address, length);
    heed_list_digest(kind, address, length, reading->digest);
    return heed_key_make(secret, reading->digest->str, reading->digest->len);
}

/* The keys of the next addresses of a text, which moves on behind them. */
static size_t
make_keys(const Reading *reading, const char **text, const char *end, HeedAddressKey *out)
{
    size_t count = 0;

    while (*text < end && count < KEYS_AT_ONCE) {
        const char *separator = memchr(*text, SEPARATOR, (size_t)(end - *text));
        const char *stop = separator != NULL ? separator : end;

        out[count++] = make_key(reading, *text, (size_t)(stop - *text));
        *text = stop + 1;
    }
    return count;
}

static void
add_suppressed(const Reading *reading, const char *text, const char *why)
{
    Load *load = reading->load;
    const char *end = text + strlen(text);
    HeedAddressKey keys[KEYS_AT_ONCE];
    size_t count;

    while ((count = make_keys(reading, &text, end, keys)) > 0) {
        g_mutex_lock(&load->lock);
        heed_suppressed_set_add_keys(load->set, keys, count,
                                     heed_suppressed_set_reason(load->set, why));
        g_mutex_unlock(&load->lock);
    }
}

static void
note_allowed(const Reading *reading, const char *text)
{
    Load *load = reading->load;
    const char *end = text + strlen(text);
    HeedAddressKey keys[KEYS_AT_ONCE];
    size_t count;

    while ((count = make_keys(reading, &text, end, keys)) > 0) {
        g_mutex_lock(&load->lock);
        g_array_append_vals(load->allowed, keys, (guint)count);
        g_mutex_unlock(&load->lock);
    }
}

static void
take_row(const HeedRows *row, void *data)
{
    const Reading *reading = data;
    const char *suppressed = heed_rows_text(row, 0, 2);
    const char *allowed = heed_rows_text(row, 0, 3);
    g_autofree char *why = name_reason(heed_rows_text(row, 0, 0), heed_rows_text(row, 0, 1));

    if (suppressed != NULL)
        add_suppressed(reading, suppressed, why);
    if (allowed != NULL)
        note_allowed(reading, allowed);
}

/* Two aggregates cost a third more than one, which is all that is needed without a scope. */
static const char *
query_of(const HeedSuppressedQuery *query)
{
    if (query->scope == NULL)
        return query->with_reasons ? "suppressed_range_reasons.sql" : "suppressed_range.sql";
    return query->with_reasons ? "suppressed_range_scope_reasons.sql"
                               : "suppressed_range_scope.sql";
}

static bool
load_range(Reading *reading, uint64_t from, GError **error)
{
    const Load *load = reading->load;
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, (int64_t)from);
    heed_params_int(params, (int64_t)(from + BLOCKS_AT_ONCE));
    heed_params_text(params, load->moment);
    if (load->query->scope != NULL)
        heed_params_text(params, load->query->scope);
    return heed_database_query_each(reading->database, "read the suppressions",
                                    heed_suppress_query(query_of(load->query)), params, take_row,
                                    reading, error);
}

/* Reads ranges until there are no more. */
static bool
load_ranges(Load *load, HeedDatabase *database, GError **error)
{
    g_autoptr(GString) digest = g_string_new(NULL);
    Reading reading = {.load = load, .database = database, .digest = digest};

    for (;;) {
        uint64_t from = __atomic_fetch_add(&load->next, BLOCKS_AT_ONCE, __ATOMIC_RELAXED);

        if (from >= load->blocks)
            return true;
        if (!load_range(&reading, from, error)) {
            __atomic_store_n(&load->next, load->blocks, __ATOMIC_RELAXED);
            return false;
        }
    }
}

/*
 * A thread beside the first one; its result is an error (owned by who joins it), or NULL. It is no
 * error when the server has no connection to spare or it leads to another server (of several, or
 * behind a pooler), which does not know the snapshot: the others read all there is.
 */
static void *
help(void *data)
{
    Load *load = data;
    g_autoptr(HeedDatabase) database = heed_database_open_another(load->first, NULL);
    g_autoptr(HeedTransaction) transaction = NULL;
    GError *error = NULL;

    if (database != NULL)
        transaction = heed_transaction_begin_exported(database, load->snapshot, NULL);
    if (transaction != NULL)
        (void)load_ranges(load, database, &error);
    return error;
}

static bool
load_side_by_side(Load *load, HeedDatabase *database, GError **error)
{
    uint64_t ranges = load->blocks / BLOCKS_AT_ONCE + 1;
    guint helpers = (guint)MIN(MIN(g_get_num_processors(), MOST_CONNECTIONS), ranges) - 1;
    GThread *threads[MOST_CONNECTIONS];
    bool good;

    for (guint i = 0; i < helpers; i++)
        threads[i] = g_thread_new("suppressions", help, load);
    good = load_ranges(load, database, error);
    for (guint i = 0; i < helpers; i++) {
        g_autoptr(GError) trouble = g_thread_join(threads[i]);

        if (trouble != NULL && good) {
            g_propagate_error(error, g_steal_pointer(&trouble));
            good = false;
        }
    }
    return good;
}

/* Whether any address stands for somebody who was forgotten, and by what key. */
static bool
find_pseudonyms(const Load *load, HeedDatabase *database, GError **error)
{
    g_autoptr(HeedRows) rows =
        heed_database_query(database, "look for whom was forgotten",
                            heed_suppress_query("forgotten_secret.sql"), NULL, error);

    if (rows == NULL)
        return false;
    if (heed_rows_count(rows) > 0) {
        g_autoptr(GBytes) secret = heed_rows_bytes(rows, 0, 0);

        heed_suppressed_set_has_pseudonyms(load->set, g_bytes_get_data(secret, NULL));
    }
    return true;
}

/* How much there is, and of what moment. */
static bool
look_ahead(Load *load, HeedDatabase *database, GError **error)
{
    g_autoptr(HeedRows) row =
        heed_database_query_row(database, "measure the suppressions",
                                heed_suppress_query("suppressed_extent.sql"), NULL, error);

    if (row == NULL)
        return false;
    load->set = heed_suppressed_set_new(
        MAX((uint64_t)heed_rows_int(row, 0, 0), load->query->expected), load->query->salted, error);
    load->blocks = (uint64_t)heed_rows_int(row, 0, 1);
    load->moment = g_strdup(heed_rows_text(row, 0, 2));
    load->seconds = heed_rows_time(row, 0, 3);
    return load->set != NULL && find_pseudonyms(load, database, error);
}

HeedSuppressedSet *
heed_suppressed_set_query(HeedDatabase *database,
                          const HeedSuppressedQuery *query,
                          int64_t *out_moment,
                          GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);
    g_auto(Load) load = {.first = database,
                         .query = query,
                         .allowed = g_array_new(FALSE, FALSE, sizeof(HeedAddressKey))};

    g_mutex_init(&load.lock);
    if (transaction == NULL ||
        (load.snapshot = heed_transaction_export_snapshot(transaction, error)) == NULL ||
        !look_ahead(&load, database, error) || !load_side_by_side(&load, database, error) ||
        !heed_transaction_commit(transaction, error))
        return NULL;
    for (guint i = 0; i < load.allowed->len; i++)
        heed_suppressed_set_except(load.set, g_array_index(load.allowed, HeedAddressKey, i));
    *out_moment = load.seconds;
    return g_steal_pointer(&load.set);
}

HeedSuppressedSet *
heed_suppressed_set_load(
    HeedDatabase *database, const char *scope, HeedListKind kind, bool with_reasons, GError **error)
{
    const HeedSuppressedQuery query = {.scope = scope, .kind = kind, .with_reasons = with_reasons};
    int64_t moment;

    return heed_suppressed_set_query(database, &query, &moment, error);
}
