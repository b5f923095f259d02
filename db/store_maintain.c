/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "db/store.h"

/* A table whose lock could not be had within its time is looked after at the next run. */
static bool
run_or_leave(
    HeedDatabase *database, const char *name, const char *sql, HeedParams *params, GError **error)
{
    g_autoptr(GError) reason = NULL;

    if (heed_database_run(database, name, sql, params, &reason) ||
        g_error_matches(reason, HEED_ERROR, HEED_ERROR_CONFLICT))
        return true;
    g_propagate_error(error, g_steal_pointer(&reason));
    return false;
}

/* Does what is done to things that are older than so many days; 0: nothing is. */
static bool
drop_older(HeedDatabase *database, const char *name, const char *sql, unsigned days, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, days);
    return days == 0 || run_or_leave(database, name, sql, params, error);
}

static bool
drop_raw_mail(HeedDatabase *database, unsigned days, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_int(params, days);
    return run_or_leave(database, "drop old mail",
                        "SELECT heed_data.drop_raw_messages($1::integer)", params, error);
}

static bool
make_partitions(HeedDatabase *database, GError **error)
{
    static const char *const tables[] = {"report", "event", "raw_message"};

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autoptr(HeedParams) params = heed_params_new();

        heed_params_text(params, tables[i]);
        if (!run_or_leave(database, "make partitions", "SELECT heed_data.ensure_partitions($1)",
                          params, error))
            return false;
    }
    return true;
}

bool
heed_store_maintain(HeedDatabase *database, const HeedRetention *retention, GError **error)
{
    return make_partitions(database, error) &&
           drop_raw_mail(database, retention->raw_days, error) &&
           drop_older(database, "drop old events",
                      "SELECT heed_data.drop_events(now() - make_interval(days => $1::integer))",
                      retention->event_days, error) &&
           run_or_leave(database, "fold the counts", "SELECT heed_data.fold_rollups()", NULL,
                        error) &&
           drop_older(database, "drop old counts",
                      "SELECT heed_data.drop_counts(now() - make_interval(days => $1::integer))",
                      retention->count_days, error) &&
           run_or_leave(database, "fold the guard's counts", "SELECT heed_data.fold_guard()", NULL,
                        error) &&
           run_or_leave(database, "drop old attempts", "SELECT heed_data.drop_attempts()", NULL,
                        error) &&
           drop_older(database, "forget old logs", "SELECT heed_data.drop_log_files($1::integer)",
                      retention->count_days, error) &&
           run_or_leave(database, "drop old deliveries", "SELECT heed_data.drop_deliveries()", NULL,
                        error);
}
