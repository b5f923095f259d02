-- Ends a hold: what arrives from now on counts. Not when later failures are stored already, by others whose transactions
-- began after this one: it does not know how many there are. $1: the hold; $2: the moment, in seconds since 1970.
-- Answers whose failures it may have held that arrived at the moment or later: they are to be folded.
WITH ended AS (
    UPDATE heed_data.guard_hold AS hold SET ended_at = to_timestamp($2::bigint)
    WHERE hold.hold_id = $1::bigint AND hold.ended_at = 'infinity'
        AND NOT EXISTS (
            SELECT FROM heed_data.event AS event
            WHERE event.arrived_at > to_timestamp($2::bigint + 1) AND event.verdict = 'hard'
                AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
                    ELSE event.reporter_mta END = hold.name
        )
        AND NOT EXISTS (
            SELECT FROM heed_data.evidence AS event
            WHERE event.arrived_at > to_timestamp($2::bigint + 1) AND event.verdict = 'hard'
                AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
                    ELSE event.reporter_mta END = hold.name
        )
    RETURNING hold.dimension, hold.name
)
SELECT DISTINCT event.address
FROM ended AS hold
JOIN heed_data.event AS event ON event.arrived_at >= to_timestamp($2::bigint) AND event.verdict = 'hard'
    AND event.address IS NOT NULL
    AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
        ELSE event.reporter_mta END = hold.name
ORDER BY 1;
