-- $1: how many days that end today, $2: how many at most. The guard's holds that began within them or last, the
-- newest first: number, dimension, name, beginning, end (NULL: it lasts), seen, threshold, hours, resolution,
-- addresses held now.
SELECT hold_id, dimension, name, extract(epoch FROM began_at)::bigint, extract(epoch FROM ended_at)::bigint, seen, threshold,
    window_hours, resolution, (
        SELECT count(DISTINCT state.address)
        FROM heed_data.address_state AS state
        WHERE state.hold_id = hold.hold_id AND state.until > now()
    )
FROM heed.guard_hold AS hold
WHERE began_at > now() - $1::bigint * interval '1 day' OR ended_at IS NULL
ORDER BY hold_id DESC
LIMIT $2::bigint
