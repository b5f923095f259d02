-- Counts addresses that fail hard for the first time in 30 days, by the hour in which our mail system received it, and
-- tells what must be looked at: names that have had more than so many within a day of it, and those of failures, first
-- ones or not, at the time of a hold that nobody has decided, or within a day of it.
--
-- $1 text[]: the addresses of the batch; $2: when its reports arrived, NULL for now; $3: the least trust that is counted;
-- $4: the least count that is looked at.
WITH moment AS MATERIALIZED (
    SELECT coalesce(to_timestamp($2::bigint), now()) AS at
),
failed AS MATERIALIZED (
    SELECT wanted.address, now_failed.domain, now_failed.provider, now_failed.reporter_mta, now_failed.occurred_at,
        date_trunc('hour', now_failed.occurred_at) AS hour,
        now_failed.trust >= $3::bigint AND NOT EXISTS (
            SELECT FROM heed_data.event AS earlier
            WHERE earlier.address = wanted.address AND earlier.verdict = 'hard' AND earlier.trust >= $3::bigint
                AND coalesce(earlier.action, 'failed') = 'failed'
                AND earlier.arrived_at > now_failed.occurred_at - interval '30 days'
                AND earlier.occurred_at > now_failed.occurred_at - interval '30 days'
                AND earlier.occurred_at < now_failed.occurred_at
        ) AS is_new
    FROM (SELECT DISTINCT unnest($1::text[]) COLLATE "C" AS address) AS wanted
    CROSS JOIN moment
    CROSS JOIN LATERAL (
        SELECT domain, provider, reporter_mta, trust, occurred_at
        FROM heed_data.event AS event
        WHERE event.address = wanted.address AND event.arrived_at = moment.at AND event.verdict = 'hard'
            AND event.trust >= 2 AND coalesce(event.action, 'failed') = 'failed'
        OFFSET 0
    ) AS now_failed
    WHERE now_failed.domain IS NOT NULL
),
counted AS MATERIALIZED (
    SELECT 'domain' AS dimension, domain AS name, hour, count(DISTINCT address) FILTER (WHERE is_new) AS addresses,
        min(occurred_at) AS oldest, max(occurred_at) AS newest
    FROM failed GROUP BY domain, hour
    UNION ALL
    SELECT 'provider', provider, hour, count(DISTINCT address) FILTER (WHERE is_new), min(occurred_at), max(occurred_at)
    FROM failed WHERE provider IS NOT NULL GROUP BY provider, hour
    UNION ALL
    -- Of a server each domain, or provider, once in each hour of the clock: once in any hour would leave out for good what
    -- goes on failing, and make of an hour without it a surge.
    SELECT 'mta', reporter_mta, hour, count(DISTINCT coalesce(provider, domain)) FILTER (WHERE is_new AND NOT EXISTS (
        SELECT FROM heed_data.guard_count AS earlier
        WHERE earlier.name = coalesce(failed.provider, failed.domain)
            AND earlier.dimension = CASE WHEN failed.provider IS NULL THEN 'domain' ELSE 'provider' END
            AND earlier.at >= failed.hour AND earlier.at < failed.hour + interval '1 hour'
    )), min(occurred_at), max(occurred_at)
    FROM failed WHERE reporter_mta IS NOT NULL GROUP BY reporter_mta, hour
),
-- Minutes count while they are young.
inserted AS (
    INSERT INTO heed_data.guard_count (dimension, name, at, addresses)
    SELECT dimension, name, CASE WHEN newest < date_trunc('hour', moment.at - interval '2 hours') THEN hour ELSE newest END,
        addresses
    FROM counted CROSS JOIN moment WHERE addresses > 0
),
together AS (
    SELECT *, sum(addresses) OVER (PARTITION BY dimension, name ORDER BY hour
        RANGE BETWEEN interval '24 hours' PRECEDING AND interval '24 hours' FOLLOWING) AS within_a_day
    FROM counted
)
SELECT together.dimension, together.name, ceil(extract(epoch FROM together.newest))::bigint
FROM together
WHERE EXISTS (
        SELECT FROM heed_data.guard_hold AS hold
        WHERE hold.name = together.name COLLATE "C" AND hold.dimension = together.dimension AND hold.resolution IS NULL
            AND hold.began_at < together.newest + interval '25 hours'
            AND hold.ended_at > together.oldest - interval '25 hours'
    ) OR (together.addresses > 0 AND together.within_a_day + coalesce((
        SELECT sum(stored.addresses)
        FROM heed_data.guard_count AS stored
        WHERE stored.name = together.name COLLATE "C" AND stored.dimension = together.dimension
            AND stored.at > together.hour - interval '24 hours' AND stored.at < together.hour + interval '25 hours'
    ), 0) > $4::bigint)
ORDER BY together.dimension, together.name, together.hour;
