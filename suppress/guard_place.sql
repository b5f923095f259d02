-- Places a hold, unless another has meanwhile. $1: the dimension; $2: the name; $3: the moment, in seconds since 1970;
-- $4: the hours in which it shows; $5: how many; $6: the highest before; $7: the threshold; $8: the days that are known.
INSERT INTO heed_data.guard_hold (dimension, name, began_at, placed_at, statistics)
SELECT $1::text, $2::text, to_timestamp($3::bigint) - make_interval(hours => $4::integer), to_timestamp($3::bigint),
    jsonb_build_object('window_hours', $4::bigint, 'seen', $5::bigint, 'highest_before', $6::bigint,
        'threshold', $7::bigint, 'days', $8::bigint)
WHERE NOT EXISTS (
    SELECT FROM heed_data.guard_hold AS hold
    WHERE hold.dimension = $1::text AND hold.name = $2::text AND hold.ended_at = 'infinity'
)
RETURNING hold_id;
