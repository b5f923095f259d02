-- One row: messages delivered and failed in the last 24 whole hours by the logs, complaints of 30 days that name no
-- recipient, failures of 30 days that no rule knows, holds that last, addresses held.
SELECT coalesce(sum(delivered), 0)::bigint, coalesce(sum(failed), 0)::bigint, (
        SELECT coalesce(sum(failures), 0)::bigint
        FROM heed_data.rollup_total_now
        WHERE day > (now() AT TIME ZONE 'UTC')::date - 30 AND kind = 'complaint' AND NOT has_domain
    ), (
        SELECT coalesce(sum(failures), 0)::bigint
        FROM heed_data.rollup_total_now
        WHERE day > (now() AT TIME ZONE 'UTC')::date - 30 AND kind IN ('bounce', 'delay') AND class = 'unknown'
    ), (
        SELECT count(*) FROM heed.guard_hold WHERE ended_at IS NULL
    ), (
        SELECT count(DISTINCT address) FROM heed_data.address_state WHERE hold_id IS NOT NULL AND until > now()
    )
FROM heed_data.volume_total_now
WHERE hour >= date_trunc('hour', now()) - interval '24 hours' AND hour < date_trunc('hour', now())
