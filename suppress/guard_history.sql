-- What was counted of a name, by how many whole hours before a moment, negative: after it. All; of these, while nothing
-- was held; and of these with what was held but is taken for usual, because somebody released it, or because little was
-- known when it was held.
--
-- $1: the dimension; $2: the name; $3: the moment, in seconds since 1970; $4: from how many days on much is known; $5, $6:
-- how many hours are asked for, before and after.
-- The row of hours NULL has since how many hours anything is counted at all, of that time.
WITH past AS (
    SELECT floor(extract(epoch FROM to_timestamp($3::bigint) - counted.at) / 3600)::bigint AS hours, counted.addresses,
        held.any AS held, held.surge
    FROM heed_data.guard_count AS counted
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS any,
            coalesce(bool_or(hold.resolution = 'discarded'
                OR (hold.resolution IS NULL AND (hold.statistics->>'days')::bigint >= $4::bigint)), false) AS surge
        FROM heed_data.guard_hold AS hold
        WHERE hold.name = counted.name AND hold.dimension = counted.dimension
            AND counted.at >= date_trunc('hour', hold.began_at) AND counted.at < hold.ended_at
    ) AS held
    WHERE counted.name = $2::text AND counted.dimension = $1::text
        AND counted.at > to_timestamp($3::bigint) - make_interval(hours => $5::integer)
        AND counted.at <= to_timestamp($3::bigint) + make_interval(hours => $6::integer)
)
SELECT hours, sum(addresses)::bigint, coalesce(sum(addresses) FILTER (WHERE NOT held), 0)::bigint,
    coalesce(sum(addresses) FILTER (WHERE NOT surge), 0)::bigint
FROM past
GROUP BY hours
UNION ALL
SELECT NULL, floor(extract(epoch FROM to_timestamp($3::bigint) - min(at)) / 3600)::bigint, 0, 0
FROM heed_data.guard_count
WHERE at > to_timestamp($3::bigint) - make_interval(hours => $5::integer) AND at <= to_timestamp($3::bigint);
