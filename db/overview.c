/* SPDX-License-Identifier: Apache-2.0 */
#include "db/overview.h"

HeedRows *
heed_overview_mailboxes(HeedDatabase *database, GError **error)
{
    return heed_database_query(
        database, "read the mailboxes",
        "SELECT m.name, m.url, extract(epoch FROM m.last_poll_at)::bigint, "
        "       extract(epoch FROM m.last_success_at)::bigint, "
        "       extract(epoch FROM m.last_message_at)::bigint, m.last_error, m.messages_stored, "
        "       (SELECT count(*) FROM heed_data.mailbox_message o "
        "        WHERE o.mailbox_id = m.mailbox_id AND o.epoch = m.epoch AND NOT o.acknowledged) "
        "FROM heed_data.mailbox m ORDER BY m.name",
        NULL, error);
}

HeedRows *
heed_overview_logs(HeedDatabase *database, GError **error)
{
    return heed_database_query(
        database, "read the logs",
        "SELECT name, path, extract(epoch FROM last_read_at)::bigint, "
        "       extract(epoch FROM last_success_at)::bigint, "
        "       extract(epoch FROM last_line_at)::bigint, last_error, lines, unread, behind, "
        "       delivered, deferred, failed, format "
        "FROM heed_data.log ORDER BY name",
        NULL, error);
}

HeedRows *
heed_overview_kinds(HeedDatabase *database, GError **error)
{
    return heed_database_query(
        database, "count the reports",
        "SELECT kind::text, sum(reports)::bigint, sum(failures)::bigint, "
        "       coalesce(sum(reports) FILTER (WHERE day >= today), 0)::bigint, "
        "       coalesce(sum(reports) FILTER (WHERE day > today - 7), 0)::bigint "
        "FROM heed_data.rollup_total_now, (SELECT (now() AT TIME ZONE 'UTC')::date AS today) AS clock "
        "GROUP BY kind ORDER BY kind",
        NULL, error);
}

HeedRows *
heed_overview_suppressions(HeedDatabase *database, GError **error)
{
    return heed_database_query(database, "count the suppressions",
                               "SELECT scope, verdict, reason, count(*) "
                               "FROM heed_data.address_state "
                               "WHERE suppressed AND (until IS NULL OR until > now()) "
                               "GROUP BY scope, verdict, reason ORDER BY scope, verdict, reason",
                               NULL, error);
}

HeedRows *
heed_overview_database(HeedDatabase *database, GError **error)
{
    return heed_database_query_row(
        database, "look at the database",
        "SELECT (SELECT count(*) FROM heed_data.quarantine WHERE resolved_at IS NULL), "
        "       pg_database_size(current_database()), current_setting('server_version'), "
        "       current_database(), "
        "       (SELECT coalesce(sum(reports), 0)::bigint "
        "        FROM heed_data.rollup_total_now WHERE kind = 'complaint' AND NOT has_domain)",
        NULL, error);
}
