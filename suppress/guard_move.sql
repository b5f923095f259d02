-- Moves the beginning or the end of a hold that nobody has decided. $1: the hold; $2: the beginning, if earlier than it is,
-- NULL: as it is; $3: the end, but never before it showed; NULL: a day after its last failure, $4, where later ones are
-- known, else, or with $4 NULL, it lasts. All in seconds since 1970. Holds of a name do not overlap.
-- Answers whose failures it held and holds no more, or the other way round: they are to be folded.
WITH before AS MATERIALIZED (
    SELECT hold.*, greatest(least(hold.began_at, to_timestamp($2::bigint)), (
            SELECT max(other.ended_at) FROM heed_data.guard_hold AS other
            WHERE other.name = hold.name AND other.dimension = hold.dimension AND other.ended_at <= hold.placed_at
                AND other.hold_id <> hold.hold_id
        )) AS new_began_at, least(coalesce(CASE WHEN $3::bigint IS NOT NULL
                THEN greatest(to_timestamp($3::bigint), hold.placed_at) END, (
            SELECT to_timestamp($4::bigint) FROM heed_data.guard_count AS later
            WHERE later.name = hold.name AND later.dimension = hold.dimension AND later.at > to_timestamp($4::bigint)
            LIMIT 1
        ), 'infinity'), (
            SELECT min(other.began_at) FROM heed_data.guard_hold AS other
            WHERE other.name = hold.name AND other.dimension = hold.dimension AND other.began_at > hold.placed_at
                AND other.hold_id <> hold.hold_id
        )) AS new_ended_at
    FROM heed_data.guard_hold AS hold
    WHERE hold.hold_id = $1::bigint AND hold.resolution IS NULL
),
written AS (
    UPDATE heed_data.guard_hold AS hold SET began_at = before.new_began_at, ended_at = before.new_ended_at
    FROM before
    WHERE hold.hold_id = before.hold_id
),
moved AS MATERIALIZED (
    SELECT dimension, name, least(began_at, new_began_at) AS since, greatest(began_at, new_began_at) AS until
    FROM before
    UNION ALL
    SELECT dimension, name, least(ended_at, new_ended_at), greatest(ended_at, new_ended_at)
    FROM before
)
SELECT event.address
FROM moved AS hold
JOIN heed_data.event AS event ON event.arrived_at >= hold.since AND event.occurred_at >= hold.since
    AND event.occurred_at < hold.until AND event.verdict = 'hard' AND event.domain IS NOT NULL
    AND event.address IS NOT NULL
    AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
        ELSE event.reporter_mta END = hold.name
UNION
SELECT event.address
FROM moved AS hold
JOIN heed_data.evidence AS event ON event.arrived_at >= hold.since AND event.occurred_at >= hold.since
    AND event.occurred_at < hold.until AND event.verdict = 'hard' AND event.domain IS NOT NULL
    AND event.address IS NOT NULL
    AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
        ELSE event.reporter_mta END = hold.name
ORDER BY 1;
