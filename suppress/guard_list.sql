-- The holds, the newest first. $1: those that nothing rests on any more, too.
SELECT hold.hold_id, hold.dimension, hold.name, extract(epoch FROM hold.began_at)::bigint,
    CASE WHEN hold.ended_at < 'infinity' THEN extract(epoch FROM hold.ended_at)::bigint END,
    extract(epoch FROM hold.placed_at)::bigint, (hold.statistics->>'seen')::bigint,
    (hold.statistics->>'threshold')::bigint, (hold.statistics->>'window_hours')::bigint, hold.resolution,
    hold.resolved_by, hold.why, held.addresses, held.until,
    (
        SELECT string_agg(reply, E'\n')
        FROM (
            SELECT left(event.diagnostic, 200) AS reply
            FROM heed_data.event AS event
            WHERE event.arrived_at >= hold.began_at AND event.occurred_at >= hold.began_at
                AND event.occurred_at < hold.ended_at AND event.verdict = 'hard' AND event.domain IS NOT NULL
                AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
                    ELSE event.reporter_mta END = hold.name
            GROUP BY left(event.diagnostic, 200)
            ORDER BY count(*) DESC, left(event.diagnostic, 200)
            LIMIT 3
        ) AS replies
    )
FROM heed_data.guard_hold AS hold
CROSS JOIN LATERAL (
    SELECT count(DISTINCT state.address) AS addresses, extract(epoch FROM max(state.until))::bigint AS until
    FROM heed_data.address_state AS state
    WHERE state.hold_id = hold.hold_id AND state.until > clock_timestamp()
) AS held
WHERE $1::boolean OR hold.ended_at = 'infinity' OR held.addresses > 0
ORDER BY hold.hold_id DESC;
