/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/history.h"

#include "db/migrate.h"
#include "suppress/policy.h"
#include "tests/support/check.h"

#include <string.h>

#define YEAR_2026       INT64_C(1767225600)
#define DEFAULT_ADDRESS "a@example.com"
#define HOURS(column) \
    "coalesce(((extract(epoch FROM " column ")::bigint - 1767225600) / 3600)::text, '-')"

HeedPolicy *
heed_history_prepare(HeedTestDatabase *test)
{
    HeedPolicy *policy = heed_policy_new();
    g_autoptr(GError) error = NULL;
    const HeedRoles roles = {.none = true};

    heed_assert_done(heed_migrate(test->database, &roles, &error), error);
    heed_assert_done(heed_policy_establish(test->database, policy, &error), error);
    return policy;
}

bool
heed_history_is_lift(const HeedPastEvent *event)
{
    return g_str_equal(event->verdict, "delivered") || g_str_equal(event->verdict, "not-spam");
}

static const char *
usual_reason(const char *verdict)
{
    if (g_str_equal(verdict, "complaint"))
        return "abuse";
    return g_str_equal(verdict, "unsubscribe") ? "unsubscribe" : "bad-mailbox";
}

static void
add_number(HeedParams *params, uint32_t number)
{
    uint32_t big = GUINT32_TO_BE(number);

    heed_params_bytes(params, &big, sizeof(big));
}

/* As if `heed undo` had found it. */
static void
undo_event(HeedDatabase *database, uint32_t number)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GError) error = NULL;

    add_number(params, number);
    heed_assert_done(
        heed_database_run(
            database, "undo an event",
            "WITH undo AS (INSERT INTO heed_data.undo (decided_by, selection) VALUES ('test', '{}') "
            "RETURNING undo_id) INSERT INTO heed_data.undone_event (arrived_at, digest, ordinal, "
            "undo_id, address) SELECT arrived_at, digest, ordinal, undo_id, address FROM heed_data.event, "
            "undo WHERE digest = $1",
            params, &error),
        error);
}

bool
heed_history_try_event(HeedDatabase *database, const HeedPastEvent *event, GError **error)
{
    static uint32_t numbers = 1000000;
    g_autoptr(HeedParams) params = heed_params_new();
    uint32_t number =
        event->digest != 0 ? event->digest : (uint32_t)g_atomic_int_add((gint *)&numbers, 1);
    int64_t occurred = YEAR_2026 + event->hour * INT64_C(3600);
    bool is_delivery = g_str_equal(event->verdict, "delivered");
    bool is_withdrawal = g_str_equal(event->verdict, "not-spam");

    heed_params_time(params, occurred + event->late * INT64_C(3600));
    add_number(params, number);
    heed_params_time(params, occurred);
    heed_params_text(params, event->stream);
    heed_params_bool(params, event->closed);
    heed_params_int(params, event->trust);
    heed_params_text(params, is_delivery                                ? "success"
                             : is_withdrawal                            ? "not-spam"
                             : g_str_equal(event->verdict, "complaint") ? "complaint"
                                                                        : "bounce");
    heed_params_text(params, is_delivery ? "delivered" : NULL);
    heed_params_text(params, is_delivery             ? NULL
                             : is_withdrawal         ? "not-spam"
                             : event->reason != NULL ? event->reason
                                                     : usual_reason(event->verdict));
    heed_params_text(params, is_delivery ? NULL : is_withdrawal ? "none" : event->verdict);
    heed_params_text(params, event->address != NULL ? event->address : DEFAULT_ADDRESS);
    heed_params_text(params, event->status);
    heed_params_bytes(params, event->message == '\0' ? NULL : &event->message, 1);
    add_number(params, event->failure == '\0' ? number : (uint32_t)(unsigned char)event->failure);
    if (!heed_database_run(
            database, "add an event",
            "INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, stream, closed, "
            "trust, kind, action, class, verdict, address, domain, status, original_key, "
            "failure_key) VALUES ($1, $2, 0, $3, $4, $5, $6::bigint, $7::text::heed_data.kind, "
            "$8::text::heed_data.action, $9::text::heed_data.class, "
            "$10::text::heed_data.verdict, $11::text, substring($11::text FROM '[^@]*$'), $12, "
            "$13, $14::bytea || convert_to($11::text, 'UTF8'))",
            params, error))
        return false;
    if (event->undone)
        undo_event(database, number);
    return true;
}

void
heed_history_add_event(HeedDatabase *database, const HeedPastEvent *event)
{
    g_autoptr(GError) error = NULL;

    heed_assert_done(heed_history_try_event(database, event, &error), error);
}

void
heed_history_add_hold(HeedDatabase *database, int from, int to, const char *resolution)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GError) error = NULL;

    heed_params_time(params, YEAR_2026 + from * INT64_C(3600));
    heed_params_time(params, YEAR_2026 + to * INT64_C(3600));
    heed_params_text(params, resolution);
    heed_assert_done(
        heed_database_run(database, "add a hold",
                          "INSERT INTO heed_data.guard_hold (dimension, name, began_at, ended_at, "
                          "placed_at, statistics, resolution) VALUES ('domain', 'example.com', $1, "
                          "$2, $1, '{}', $3)",
                          params, &error),
        error);
}

void
heed_history_add_decision(HeedDatabase *database, const HeedPastDecision *decision)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(GError) error = NULL;

    heed_params_time(params, YEAR_2026 + decision->hour * INT64_C(3600));
    heed_params_text(params, decision->action);
    heed_params_text(params, decision->scope);
    heed_params_text(params, decision->address != NULL ? decision->address : DEFAULT_ADDRESS);
    heed_assert_done(
        heed_database_run(
            database, "add a decision",
            "INSERT INTO heed_data.decision (decided_at, decided_by, action, scope, address) "
            "VALUES ($1, 'test', $2::text::heed_data.decision_action, $3, $4)",
            params, &error),
        error);
}

void
heed_history_fold(HeedDatabase *database, const HeedPolicy *policy, const char *address)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, &error);

    g_assert_no_error(error);
    g_ptr_array_add(addresses, g_strdup(address != NULL ? address : DEFAULT_ADDRESS));
    heed_assert_done(heed_policy_fold(database, policy, addresses, &error), error);
    heed_assert_done(heed_transaction_commit(transaction, &error), error);
}

char *
heed_history_states(HeedDatabase *database, const char *address)
{
    static const char sql[] =
        "SELECT format('%s %s %s %s since %s%s, %s from %s to %s: %s', scope, "
        "CASE WHEN suppressed THEN 'suppressed' WHEN allowed THEN 'allowed' ELSE 'waiting' END, "
        "coalesce(verdict, '-'), coalesce(reason, '-'), " HOURS("since") ", coalesce(' until ' || ((extract(epoch FROM until)::bigint - 1767225600) / 3600), ''), evidence_count, " HOURS(
            "first_event_at") ", " HOURS("last_event_at") ", rule) "
                                                          "FROM heed_data.address_state WHERE address = $1 ORDER BY scope";
    g_autoptr(GString) states = g_string_new(NULL);
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    g_autoptr(GError) error = NULL;

    heed_params_text(params, address != NULL ? address : DEFAULT_ADDRESS);
    rows = heed_database_query(database, "read the states", sql, params, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_string_append_printf(states, "%s\n", heed_rows_text(rows, i, 0));
    return g_string_free(g_steal_pointer(&states), FALSE);
}
