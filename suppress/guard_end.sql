-- Ends a hold: what arrives from now on counts. $1: the hold; $2: the moment, in seconds since 1970.
UPDATE heed_data.guard_hold SET ended_at = to_timestamp($2::bigint)
WHERE hold_id = $1::bigint AND ended_at = 'infinity';
