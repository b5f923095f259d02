-- Decides holds. $1 bigint[]: which, NULL for all that are not decided yet; $2: of this name only, NULL for any; $3:
-- released or discarded; $4: who; $5: why. Answers which.
UPDATE heed_data.guard_hold
SET resolution = $3::text, resolved_at = clock_timestamp(), resolved_by = $4::text, why = $5::text,
    ended_at = least(ended_at, clock_timestamp())
WHERE ($1::bigint[] IS NULL OR hold_id = ANY ($1::bigint[])) AND ($2::text IS NULL OR name = $2::text)
    AND ($1::bigint[] IS NOT NULL OR resolution IS NULL)
RETURNING hold_id;
