/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/undo.h"

#include "base/error.h"
#include "parsers/report.h"
#include "suppress/fold.h"
#include "suppress/policy.h"
#include "suppress/queries.h"

#include <inttypes.h>
#include <string.h>

#define PAGE_ADDRESSES 1000
/* How often an undo that lost a race is tried. */
#define UNDO_TRIES 10

/* An undo or a taking back, as it is done. */
typedef struct Undoing {
    HeedDatabase *database; /* all borrowed */
    HeedPolicy *policy;
    const HeedUndoSelection *selection; /* NULL: an undo is taken back */
    const char *who;
    const char *why;
    const HeedUndoTeller *teller;
    bool dry_run;
    HeedUndone done;
} Undoing;

/* --- what is selected --- */

static bool
is_empty(const HeedUndoSelection *selection)
{
    return selection->domain == NULL && selection->provider == NULL && selection->class_ == NULL &&
           selection->verdict == NULL && selection->stream == NULL && selection->mailbox == NULL &&
           selection->mta == NULL && selection->text == NULL && selection->since == NULL &&
           selection->until == NULL;
}

static bool
check_words(const HeedUndoSelection *selection, GError **error)
{
    HeedVerdict verdict;
    HeedClass class_;

    if (is_empty(selection)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "undo what? Name a domain, a provider, a class, a time or the like");
        return false;
    }
    if (selection->text != NULL && selection->text[0] == '\0') {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "--text is empty, which every reply fits");
        return false;
    }
    if (selection->class_ != NULL && !heed_class_from_name(selection->class_, &class_)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--class %s: there is no such class",
                    selection->class_);
        return false;
    }
    if (selection->verdict != NULL &&
        (!heed_verdict_from_name(selection->verdict, &verdict) || verdict == HEED_VERDICT_BLOCK ||
         verdict == HEED_VERDICT_TRANSIENT || verdict == HEED_VERDICT_NONE)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE,
                    "--verdict %s: what suppresses is hard, soft, complaint or unsubscribe",
                    selection->verdict);
        return false;
    }
    return true;
}

/* A word that only the server can tell to be one: by an error, or by no row. */
typedef struct Doubtful {
    const char *option;
    const char *word;
    const char *sql;
    const char *should_be;
} Doubtful;

static bool
check_doubtful(HeedDatabase *database, const Doubtful *doubtful, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) row = NULL;
    g_autoptr(GError) reason = NULL;

    if (doubtful->word == NULL)
        return true;
    heed_params_text(params, doubtful->word);
    row = heed_database_query_row(database, "read the selection", doubtful->sql, params, &reason);
    if (row != NULL)
        return true;
    if (g_error_matches(reason, HEED_ERROR, HEED_ERROR_TEMPORARY))
        g_propagate_error(error, g_steal_pointer(&reason));
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--%s %s: not %s", doubtful->option,
                    doubtful->word, doubtful->should_be);
    return false;
}

/* Both are times. */
static bool
check_order(HeedDatabase *database, const HeedUndoSelection *selection, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) row = NULL;

    if (selection->since == NULL || selection->until == NULL)
        return true;
    heed_params_text(params, selection->since);
    heed_params_text(params, selection->until);
    row = heed_database_query_row(database, "compare the times",
                                  "SELECT $1::text::timestamptz < $2::text::timestamptz", params,
                                  error);
    if (row == NULL)
        return false;
    if (!heed_rows_bool(row, 0, 0)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--since %s: not before --until %s",
                    selection->since, selection->until);
        return false;
    }
    return true;
}

static bool
check(HeedDatabase *database, const HeedUndoSelection *selection, GError **error)
{
    static const char time_sql[] = "SELECT $1::text::timestamptz IS NULL";
    static const char a_time[] = "a time; 2026-01-31 or 2026-01-31 12:00+01 is one";
    const Doubtful all[] = {
        {"text", selection->text, "SELECT '' ~* $1::text",
         "a regular expression that PostgreSQL understands"},
        {"since", selection->since, time_sql, a_time},
        {"until", selection->until, time_sql, a_time},
        {"source", selection->mailbox, "SELECT FROM heed_data.mailbox WHERE name = $1::text",
         "a mailbox that was ever fetched from"},
    };

    if (!check_words(selection, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        if (!check_doubtful(database, &all[i], error))
            return false;
    return check_order(database, selection, error);
}

/* --- the ledger --- */

static HeedRows *
insert(const Undoing *undoing, GError **error)
{
    const HeedUndoSelection *selection = undoing->selection;
    const char *const words[] = {selection->domain,  selection->provider, selection->class_,
                                 selection->verdict, selection->stream,   selection->mailbox,
                                 selection->mta,     selection->text,     selection->since,
                                 selection->until};
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, undoing->who);
    heed_params_text(params, undoing->why);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        heed_params_text(params, words[i]);
    return heed_database_query_row(undoing->database, "undo events",
                                   heed_suppress_query("undo_insert.sql"), params, error);
}

static HeedRows *
take_back(const Undoing *undoing, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_int(params, undoing->done.undo_id);
    heed_params_text(params, undoing->who);
    heed_params_text(params, undoing->why);
    rows = heed_database_query(undoing->database, "take an undo back",
                               heed_suppress_query("undo_revert.sql"), params, error);
    if (rows == NULL)
        return NULL;
    if (heed_rows_count(rows) == 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT,
                    "there is no undo %" PRId64 " to take back: heed undo list",
                    undoing->done.undo_id);
        return NULL;
    }
    return g_steal_pointer(&rows);
}

static bool
record(Undoing *undoing, GError **error)
{
    g_autoptr(HeedRows) row =
        undoing->selection != NULL ? insert(undoing, error) : take_back(undoing, error);

    if (row == NULL)
        return false;
    undoing->done = (HeedUndone){
        .undo_id = heed_rows_int(row, 0, 0),
        .events = (uint64_t)heed_rows_int(row, 0, 1),
        .addresses = (uint64_t)heed_rows_int(row, 0, 2),
        .kept_since = heed_rows_time(row, 0, 3),
    };
    return true;
}

/* --- what follows --- */

static HeedRows *
read_states(const Undoing *undoing, const GPtrArray *page, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *addresses = heed_params_text_array(params);

    for (guint i = 0; i < page->len; i++)
        heed_array_add_text(addresses, g_ptr_array_index(page, i));
    return heed_database_query(undoing->database, "read what is suppressed",
                               heed_suppress_query("undo_states.sql"), params, error);
}

/* Of two rows of undo_states.sql, which comes first; that of a list at its end comes last. */
static int
compare_rows(const HeedRows *a, size_t i, const HeedRows *b, size_t j)
{
    int order = 0;

    if (i == heed_rows_count(a) || j == heed_rows_count(b))
        return (i == heed_rows_count(a)) - (j == heed_rows_count(b));
    order = strcmp(heed_rows_text(a, i, 0), heed_rows_text(b, j, 0));
    return order != 0 ? order : strcmp(heed_rows_text(a, i, 1), heed_rows_text(b, j, 1));
}

static void
tell(Undoing *undoing, const HeedRows *rows, size_t row, HeedUndoEffect effect)
{
    const HeedUndoChange change = {.address = heed_rows_text(rows, row, 0),
                                   .scope = heed_rows_text(rows, row, 1),
                                   .effect = effect,
                                   .rule = heed_rows_text(rows, row, 2)};

    undoing->done.lifted += effect == HEED_UNDO_LIFTED;
    undoing->done.stays += effect == HEED_UNDO_STAYS;
    undoing->done.suppressed += effect == HEED_UNDO_SUPPRESSED;
    if (undoing->teller != NULL)
        undoing->teller->tell(&change, undoing->teller->data);
}

static void
tell_differences(Undoing *undoing, const HeedRows *before, const HeedRows *after)
{
    size_t i = 0;
    size_t j = 0;

    while (i < heed_rows_count(before) || j < heed_rows_count(after)) {
        int order = compare_rows(before, i, after, j);

        if (order < 0)
            tell(undoing, before, i, HEED_UNDO_LIFTED);
        else
            tell(undoing, after, j, order == 0 ? HEED_UNDO_STAYS : HEED_UNDO_SUPPRESSED);
        i += order <= 0;
        j += order >= 0;
    }
}

static GPtrArray *
next_page(const Undoing *undoing, const char *after, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    GPtrArray *page = NULL;

    heed_params_int(params, undoing->done.undo_id);
    heed_params_text(params, after);
    heed_params_int(params, PAGE_ADDRESSES);
    rows = heed_database_query(undoing->database, "list whom the undo is about",
                               heed_suppress_query("undo_page.sql"), params, error);
    if (rows == NULL)
        return NULL;
    page = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(page, g_strdup(heed_rows_text(rows, i, 0)));
    return page;
}

static bool
fold_page(Undoing *undoing, const GPtrArray *page, GError **error)
{
    g_autoptr(HeedRows) before = NULL;
    g_autoptr(HeedRows) after = NULL;
    HeedFolded folded;

    if (!heed_fold_lock(undoing->database, undoing->policy, page, error))
        return false;
    before = read_states(undoing, page, error);
    if (before == NULL ||
        !heed_fold_locked(undoing->database, undoing->policy, page, &folded, error))
        return false;
    after = read_states(undoing, page, error);
    if (after == NULL)
        return false;
    tell_differences(undoing, before, after);
    return true;
}

/* In order of the addresses over all pages, as everybody locks them. */
static bool
fold_all(Undoing *undoing, GError **error)
{
    g_autofree char *after = NULL;

    for (;;) {
        g_autoptr(GPtrArray) page = next_page(undoing, after, error);

        if (page == NULL)
            return false;
        if (page->len == 0)
            return true;
        if (!fold_page(undoing, page, error))
            return false;
        g_free(after);
        after = g_strdup(g_ptr_array_index(page, page->len - 1));
    }
}

static bool
do_once(Undoing *undoing, GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(undoing->database, error);

    if (transaction == NULL)
        return false;
    if (undoing->teller != NULL)
        undoing->teller->begin(undoing->teller->data);
    if (!record(undoing, error) || !fold_all(undoing, error))
        return false;
    if (undoing->dry_run || undoing->done.events == 0) {
        undoing->done.undo_id = 0;
        return true; /* what was done ends with the transaction */
    }
    return heed_transaction_commit(transaction, error);
}

static bool
do_until_done(Undoing *undoing, GError **error)
{
    g_autoptr(HeedPolicy) policy = heed_policy_in_force(undoing->database, error);
    int64_t undo_id = undoing->done.undo_id;

    if (policy == NULL)
        return false;
    undoing->policy = policy;
    for (unsigned tries = 1;; tries++) {
        g_autoptr(GError) lost = NULL;

        undoing->done.undo_id = undo_id;
        if (do_once(undoing, &lost))
            return true;
        if (tries == UNDO_TRIES || !g_error_matches(lost, HEED_ERROR, HEED_ERROR_CONFLICT)) {
            g_propagate_error(error, g_steal_pointer(&lost));
            return false;
        }
    }
}

bool /* NOLINTNEXTLINE(readability-function-size): an undo has that many sides */
heed_undo(HeedDatabase *database,
          const HeedUndoSelection *selection,
          const char *who,
          const char *why,
          bool dry_run,
          const HeedUndoTeller *teller,
          HeedUndone *out,
          GError **error)
{
    Undoing undoing = {.database = database,
                       .selection = selection,
                       .who = who,
                       .why = why,
                       .teller = teller,
                       .dry_run = dry_run};

    if (!check(database, selection, error) || !do_until_done(&undoing, error))
        return false;
    *out = undoing.done;
    return true;
}

bool /* NOLINTNEXTLINE(readability-function-size): the same */
heed_undo_revert(HeedDatabase *database,
                 int64_t undo_id,
                 const char *who,
                 const char *why,
                 const HeedUndoTeller *teller,
                 HeedUndone *out,
                 GError **error)
{
    Undoing undoing = {.database = database,
                       .who = who,
                       .why = why,
                       .teller = teller,
                       .done = {.undo_id = undo_id}};

    if (!do_until_done(&undoing, error))
        return false;
    *out = undoing.done;
    return true;
}

HeedRows *
heed_undo_list(HeedDatabase *database, GError **error)
{
    return heed_database_query(database, "list the undos", heed_suppress_query("undo_list.sql"),
                               NULL, error);
}
