-- Whose failures some holds hold. $1 bigint[]: the holds. What was received in their span arrived then or later: partitions
-- of before are left out, and in the others event_hard finds it.
SELECT DISTINCT event.address
FROM heed_data.guard_hold AS hold
JOIN heed_data.event AS event ON event.arrived_at >= hold.began_at AND event.occurred_at >= hold.began_at
    AND event.occurred_at < hold.ended_at AND event.verdict = 'hard' AND event.domain IS NOT NULL
    AND event.address IS NOT NULL
    AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
        ELSE event.reporter_mta END = hold.name
WHERE hold.hold_id = ANY ($1::bigint[])
UNION
SELECT event.address
FROM heed_data.guard_hold AS hold
JOIN heed_data.evidence AS event ON event.arrived_at >= hold.began_at AND event.occurred_at >= hold.began_at
    AND event.occurred_at < hold.ended_at AND event.verdict = 'hard' AND event.domain IS NOT NULL
    AND event.address IS NOT NULL
    AND CASE hold.dimension WHEN 'domain' THEN event.domain WHEN 'provider' THEN event.provider
        ELSE event.reporter_mta END = hold.name
WHERE hold.hold_id = ANY ($1::bigint[])
ORDER BY 1;
