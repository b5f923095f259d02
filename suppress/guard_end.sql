-- Ends a hold: what was received from now on counts. $1: the hold; $2: the moment, in seconds since 1970, but never before
-- it was noticed. Answers whose failures of the moment or later it may have held: they are to be folded. What was received
-- then arrived then or later, which bounds what is read.
WITH ended AS MATERIALIZED (
    UPDATE heed_data.guard_hold AS hold SET ended_at = greatest(to_timestamp($2::bigint), hold.placed_at)
    WHERE hold.hold_id = $1::bigint AND hold.ended_at = 'infinity'
    RETURNING hold.dimension, hold.name, hold.ended_at
)
SELECT event.address
FROM ended AS hold
JOIN heed_data.event AS event ON event.arrived_at >= hold.ended_at AND event.occurred_at >= hold.ended_at
    AND event.verdict = 'hard' AND event.address IS NOT NULL
    AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
        ELSE event.reporter_mta END = hold.name
UNION
SELECT event.address
FROM ended AS hold
JOIN heed_data.evidence AS event ON event.arrived_at >= hold.ended_at AND event.occurred_at >= hold.ended_at
    AND event.verdict = 'hard' AND event.address IS NOT NULL
    AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
        ELSE event.reporter_mta END = hold.name
ORDER BY 1;
