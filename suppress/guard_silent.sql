-- Holds that last, and where nothing was counted for so many days: which, and when they were over, a day after the hour of
-- their last failure, in seconds since 1970. $1: the moment, in seconds since 1970, NULL for now; $2: the days; $3: for how
-- many days counts are kept: a hold that has none any more had its last failure before.
SELECT hold.hold_id, ceil(extract(epoch FROM least(moment.at,
    coalesce(date_trunc('hour', last.at) + interval '25 hours', moment.at - make_interval(days => $3::integer)))))::bigint
FROM (SELECT coalesce(to_timestamp($1::bigint), now()) AS at) AS moment
CROSS JOIN heed_data.guard_hold AS hold
CROSS JOIN LATERAL (
    SELECT max(counted.at) AS at
    FROM heed_data.guard_count AS counted
    WHERE counted.name = hold.name AND counted.dimension = hold.dimension AND counted.at >= date_trunc('hour', hold.began_at)
) AS last
WHERE hold.ended_at = 'infinity'
    AND greatest(hold.placed_at, last.at) <= moment.at - make_interval(days => $2::integer)
ORDER BY hold.hold_id;
