/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/fold.h"

#include "base/limits.h"
#include "suppress/judge.h"
#include "suppress/queries.h"

#include <string.h>

static void
add_addresses(HeedParams *params, const GPtrArray *addresses)
{
    HeedArrayParam *array = heed_params_text_array(params);

    for (guint i = 0; i < addresses->len; i++)
        heed_array_add_text(array, g_ptr_array_index(addresses, i));
}

GPtrArray *
heed_fold_touched(HeedDatabase *database, const GPtrArray *addresses, GError **error)
{
    g_autoptr(GPtrArray) touched = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    add_addresses(params, addresses);
    rows = heed_database_query(database, "find what to judge anew",
                               heed_suppress_query("touched.sql"), params, error);
    if (rows == NULL)
        return NULL;
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(touched, g_strdup(heed_rows_text(rows, i, 0)));
    return g_steal_pointer(&touched);
}

bool
heed_fold_lock(HeedDatabase *database,
               const HeedPolicy *policy,
               const GPtrArray *addresses,
               GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    add_addresses(params, addresses);
    heed_params_int(params, policy->version);
    return heed_database_run(database, "wait for the guard", heed_suppress_query("fold_guard.sql"),
                             NULL, error) &&
           heed_database_run(database, "lock the addresses", heed_suppress_query("lock.sql"),
                             params, error);
}

/* The columns of gather.sql. */
enum {
    COLUMN_PLACE,
    COLUMN_ACTION,
    COLUMN_SCOPE,
    COLUMN_WHAT,
    COLUMN_TRUST,
    COLUMN_VERDICT,
    COLUMN_CLASS,
    COLUMN_CLOSED,
    COLUMN_NULL_MX,
    COLUMN_AT,
    COLUMN_ARRIVED,
    COLUMN_HELD_UNTIL,
    COLUMN_HOLD,
    COLUMN_STREAM,
    COLUMN_ORIGINAL,
    COLUMN_DIGEST,
    COLUMN_ORDINAL,
    COLUMN_TURN,
    COLUMN_KEPT_SUPPRESSED,
    COLUMN_KEPT_ALLOWED,
    COLUMN_KEPT_REASON,
    COLUMN_KEPT_VERDICT,
    COLUMN_KEPT_SINCE,
    COLUMN_KEPT_UNTIL,
    COLUMN_KEPT_COUNT,
    COLUMN_KEPT_FIRST,
    COLUMN_KEPT_LAST,
    COLUMN_KEPT_RULE
};

static HeedFact
read_fact(const HeedRows *rows, size_t row)
{
    const char *what = heed_rows_text(rows, row, COLUMN_WHAT);
    const char *verdict = heed_rows_text(rows, row, COLUMN_VERDICT);
    const char *class_ = heed_rows_text(rows, row, COLUMN_CLASS);
    HeedFact fact = {
        .kind = g_str_equal(what, "failed")      ? HEED_FACT_FAILURE
                : g_str_equal(what, "delivered") ? HEED_FACT_DELIVERY
                                                 : HEED_FACT_WITHDRAWAL,
        .trust = (HeedTrust)heed_rows_int(rows, row, COLUMN_TRUST),
        .closed = heed_rows_bool(rows, row, COLUMN_CLOSED),
        .null_mx = heed_rows_bool(rows, row, COLUMN_NULL_MX),
        .occurred_at = heed_rows_int(rows, row, COLUMN_AT),
        .first_arrived_at = heed_rows_int(rows, row, COLUMN_ARRIVED),
        .held_until = heed_rows_is_null(rows, row, COLUMN_HOLD)
                          ? HEED_TIME_NONE
                          : heed_rows_int(rows, row, COLUMN_HELD_UNTIL),
        .hold_id = heed_rows_int(rows, row, COLUMN_HOLD),
        .stream = heed_rows_text(rows, row, COLUMN_STREAM),
        .original = heed_rows_text(rows, row, COLUMN_ORIGINAL),
    };

    if (verdict != NULL)
        (void)heed_verdict_from_name(verdict, &fact.verdict);
    if (class_ != NULL)
        (void)heed_class_from_name(class_, &fact.class_);
    return fact;
}

static int64_t
int_or(const HeedRows *rows, size_t row, size_t column, int64_t none)
{
    return heed_rows_is_null(rows, row, column) ? none : heed_rows_int(rows, row, column);
}

static HeedKept
read_kept(const HeedRows *rows, size_t row)
{
    return (HeedKept){
        .suppressed = heed_rows_bool(rows, row, COLUMN_KEPT_SUPPRESSED),
        .allowed = heed_rows_bool(rows, row, COLUMN_KEPT_ALLOWED),
        .reason = heed_rows_text(rows, row, COLUMN_KEPT_REASON),
        .verdict = heed_rows_text(rows, row, COLUMN_KEPT_VERDICT),
        .since = int_or(rows, row, COLUMN_KEPT_SINCE, HEED_TIME_NONE),
        .until = int_or(rows, row, COLUMN_KEPT_UNTIL, HEED_TIME_WITHOUT_END),
        .evidence_count = (unsigned)heed_rows_int(rows, row, COLUMN_KEPT_COUNT),
        .first_event_at = int_or(rows, row, COLUMN_KEPT_FIRST, HEED_TIME_NONE),
        .last_event_at = int_or(rows, row, COLUMN_KEPT_LAST, HEED_TIME_NONE),
        .rule = heed_rows_text(rows, row, COLUMN_KEPT_RULE),
    };
}

static HeedDecided
read_decision(const HeedRows *rows, size_t row)
{
    static const char *const actions[] = {"add", "remove", "allow", "disallow", "forget", "keep"};
    const char *action = heed_rows_text(rows, row, COLUMN_ACTION);
    HeedDecided decided = {.decided_at = heed_rows_int(rows, row, COLUMN_AT),
                           .scope = heed_rows_text(rows, row, COLUMN_SCOPE)};

    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
        if (g_str_equal(action, actions[i]))
            decided.kind = (HeedDecisionKind)i;
    if (decided.kind == HEED_DECIDED_KEEP)
        decided.kept = read_kept(rows, row);
    return decided;
}

/* The arrays of write.sql, one element a judgement. */
typedef struct Columns {
    HeedArrayParam *scope; /* borrowed, as all */
    HeedArrayParam *address;
    HeedArrayParam *suppressed;
    HeedArrayParam *allowed;
    HeedArrayParam *reason;
    HeedArrayParam *verdict;
    HeedArrayParam *since;
    HeedArrayParam *until;
    HeedArrayParam *hold;
    HeedArrayParam *count;
    HeedArrayParam *first;
    HeedArrayParam *last;
    HeedArrayParam *rule;
} Columns;

static Columns
make_columns(HeedParams *params)
{
    Columns columns;

    columns.scope = heed_params_text_array(params);
    columns.address = heed_params_text_array(params);
    columns.suppressed = heed_params_bool_array(params);
    columns.allowed = heed_params_bool_array(params);
    columns.reason = heed_params_text_array(params);
    columns.verdict = heed_params_text_array(params);
    columns.since = heed_params_int_array(params);
    columns.until = heed_params_int_array(params);
    columns.hold = heed_params_int_array(params);
    columns.count = heed_params_int_array(params);
    columns.first = heed_params_int_array(params);
    columns.last = heed_params_int_array(params);
    columns.rule = heed_params_text_array(params);
    return columns;
}

/* A number, or NULL for the value that says there is none. */
static void
add_int_but(HeedArrayParam *array, int64_t value, int64_t none)
{
    if (value == none)
        heed_array_add_null(array);
    else
        heed_array_add_int(array, value);
}

static void
add_judgement(const Columns *columns, const char *address, const HeedJudgement *judgement)
{
    heed_array_add_text(columns->scope, judgement->scope);
    heed_array_add_text(columns->address, address);
    heed_array_add_bool(columns->suppressed, judgement->suppressed);
    heed_array_add_bool(columns->allowed, judgement->allowed);
    heed_array_add_text(columns->reason, judgement->reason);
    heed_array_add_text(columns->verdict, judgement->verdict);
    add_int_but(columns->since, judgement->since, HEED_TIME_NONE);
    add_int_but(columns->until, judgement->until, HEED_TIME_WITHOUT_END);
    add_int_but(columns->hold, judgement->hold_id, 0);
    heed_array_add_int(columns->count, judgement->evidence_count);
    add_int_but(columns->first, judgement->first_event_at, HEED_TIME_NONE);
    add_int_but(columns->last, judgement->last_event_at, HEED_TIME_NONE);
    heed_array_add_text(columns->rule, judgement->rule);
}

/* Judges one address by its rows, from *row on, which moves behind them. */
static GArray *
judge_next(const HeedPolicy *policy, const HeedRows *rows, size_t *row, const char *address)
{
    g_autoptr(GArray) facts = g_array_new(FALSE, FALSE, sizeof(HeedFact));
    g_autoptr(GArray) decisions = g_array_new(FALSE, FALSE, sizeof(HeedDecided));
    int64_t place = heed_rows_int(rows, *row, COLUMN_PLACE);
    HeedCase the_case = {.address = address};

    for (; *row < heed_rows_count(rows) && heed_rows_int(rows, *row, COLUMN_PLACE) == place;
         (*row)++) {
        if (heed_rows_is_null(rows, *row, COLUMN_ACTION)) {
            HeedFact fact = read_fact(rows, *row);

            g_array_append_val(facts, fact);
        } else {
            HeedDecided decided = read_decision(rows, *row);

            g_array_append_val(decisions, decided);
        }
    }
    the_case.facts = (const HeedFact *)facts->data;
    the_case.fact_count = facts->len;
    the_case.decisions = (const HeedDecided *)decisions->data;
    the_case.decision_count = decisions->len;
    return heed_judge(policy, &the_case);
}

static HeedRows *
gather(HeedDatabase *database, const HeedPolicy *policy, const GPtrArray *addresses, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    add_addresses(params, addresses);
    heed_params_int(params, policy->hold_hours);
    heed_params_int(params, HEED_LIMIT_JUDGED_FAILURES);
    return heed_database_query(database, "gather the evidence", heed_suppress_query("gather.sql"),
                               params, error);
}

bool
heed_fold_locked(HeedDatabase *database,
                 const HeedPolicy *policy,
                 const GPtrArray *addresses,
                 HeedFolded *out,
                 GError **error)
{
    g_autoptr(HeedRows) rows = gather(database, policy, addresses, error);
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) row = NULL;
    Columns columns;

    if (rows == NULL)
        return false;
    add_addresses(params, addresses);
    heed_params_int(params, policy->version);
    columns = make_columns(params);
    for (size_t i = 0; i < heed_rows_count(rows);) {
        int64_t place = heed_rows_int(rows, i, COLUMN_PLACE);
        const char *address = g_ptr_array_index(addresses, (guint)place - 1);
        g_autoptr(GArray) judgements = judge_next(policy, rows, &i, address);

        for (guint j = 0; j < judgements->len; j++)
            add_judgement(&columns, address, &g_array_index(judgements, HeedJudgement, j));
    }
    row = heed_database_query_row(database, "write what was judged",
                                  heed_suppress_query("write.sql"), params, error);
    if (row == NULL)
        return false;
    out->changed = (uint64_t)heed_rows_int(row, 0, 0);
    out->switched = (uint64_t)heed_rows_int(row, 0, 1);
    return true;
}
