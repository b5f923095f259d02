-- Counts addresses that fail hard for the first time in 30 days, and tells what must be looked at: names that have had
-- more than so many in 24 hours, and those of failures, first ones or not, that a hold lasts for.
--
-- $1 text[]: the addresses of the batch; $2: when its reports arrived, NULL for now; $3: the least trust that is counted;
-- $4: the least count that is looked at.
WITH moment AS MATERIALIZED (
    SELECT coalesce(to_timestamp($2::bigint), now()) AS at
),
failed AS MATERIALIZED (
    SELECT wanted.address, now_failed.domain, now_failed.provider, now_failed.reporter_mta,
        now_failed.trust >= $3::bigint AND NOT EXISTS (
            SELECT FROM heed_data.event AS earlier
            WHERE earlier.address = wanted.address AND earlier.verdict = 'hard' AND earlier.trust >= $3::bigint
                AND coalesce(earlier.action, 'failed') = 'failed'
                AND earlier.arrived_at > moment.at - interval '30 days' AND earlier.arrived_at < moment.at
        ) AS is_new
    FROM (SELECT DISTINCT unnest($1::text[]) COLLATE "C" AS address) AS wanted
    CROSS JOIN moment
    CROSS JOIN LATERAL (
        SELECT domain, provider, reporter_mta, trust
        FROM heed_data.event AS event
        WHERE event.address = wanted.address AND event.arrived_at = moment.at AND event.verdict = 'hard'
            AND event.trust >= 2 AND coalesce(event.action, 'failed') = 'failed'
        ORDER BY trust DESC
        LIMIT 1
    ) AS now_failed
    WHERE now_failed.domain IS NOT NULL
),
counted AS MATERIALIZED (
    SELECT 'domain' AS dimension, domain AS name, count(*) FILTER (WHERE is_new) AS addresses
    FROM failed GROUP BY domain
    UNION ALL
    SELECT 'provider', provider, count(*) FILTER (WHERE is_new)
    FROM failed WHERE provider IS NOT NULL GROUP BY provider
    UNION ALL
    -- Of a server each domain, or provider, once in each hour of the clock: once in any hour would leave out for good what
    -- goes on failing, and make of an hour without it a surge.
    SELECT 'mta', reporter_mta, count(DISTINCT coalesce(provider, domain)) FILTER (WHERE is_new AND NOT EXISTS (
        SELECT FROM heed_data.guard_count AS earlier
        WHERE earlier.name = coalesce(failed.provider, failed.domain)
            AND earlier.dimension = CASE WHEN failed.provider IS NULL THEN 'domain' ELSE 'provider' END
            AND earlier.at >= date_trunc('hour', moment.at) AND earlier.at <= moment.at
    ))
    FROM failed CROSS JOIN moment WHERE reporter_mta IS NOT NULL GROUP BY reporter_mta
),
inserted AS (
    INSERT INTO heed_data.guard_count (dimension, name, at, addresses)
    SELECT dimension, name, at, addresses FROM counted CROSS JOIN moment WHERE addresses > 0
)
SELECT counted.dimension, counted.name, lasting.hold_id, ceil(extract(epoch FROM moment.at))::bigint,
    (lasting.statistics->>'window_hours')::bigint, (lasting.statistics->>'threshold')::bigint
FROM counted
CROSS JOIN moment
LEFT JOIN LATERAL (
    SELECT hold_id, statistics
    FROM heed_data.guard_hold AS hold
    WHERE hold.name = counted.name COLLATE "C" AND hold.dimension = counted.dimension AND hold.ended_at = 'infinity'
    ORDER BY hold_id DESC
    LIMIT 1
) AS lasting ON true
WHERE lasting.hold_id IS NOT NULL OR (counted.addresses > 0 AND counted.addresses + coalesce((
        SELECT sum(earlier.addresses)
        FROM heed_data.guard_count AS earlier
        WHERE earlier.name = counted.name COLLATE "C" AND earlier.dimension = counted.dimension
            AND earlier.at > moment.at - interval '24 hours' AND earlier.at <= moment.at
    ), 0) > $4::bigint)
ORDER BY counted.dimension, counted.name;
