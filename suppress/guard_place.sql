-- Places a hold, unless the moment is held already. Holds of a name do not overlap: what somebody decided of another one
-- stays decided. $1: the dimension; $2: the name; $3: the moment, in seconds since 1970; $4: the hours in which it shows;
-- $5: how many; $6: the highest before; $7: the threshold; $8: the days that are known; $9: when it was over, NULL:
-- nobody knows, so that it lasts, but only to $10, a day after its last failure, where later ones are known.
INSERT INTO heed_data.guard_hold (dimension, name, began_at, ended_at, placed_at, statistics)
SELECT $1::text, $2::text, greatest(date_trunc('hour', moment.at - make_interval(hours => $4::integer)), (
        SELECT max(hold.ended_at) FROM heed_data.guard_hold AS hold
        WHERE hold.name = $2::text AND hold.dimension = $1::text AND hold.ended_at <= moment.at
    )), least(coalesce(to_timestamp($9::bigint), (
        SELECT to_timestamp($10::bigint) FROM heed_data.guard_count AS later
        WHERE later.name = $2::text AND later.dimension = $1::text AND later.at > to_timestamp($10::bigint)
        LIMIT 1
    ), 'infinity'), (
        SELECT min(hold.began_at) FROM heed_data.guard_hold AS hold
        WHERE hold.name = $2::text AND hold.dimension = $1::text AND hold.began_at > moment.at
    )), moment.at,
    jsonb_build_object('window_hours', $4::bigint, 'seen', $5::bigint, 'highest_before', $6::bigint,
        'threshold', $7::bigint, 'days', $8::bigint)
FROM (SELECT to_timestamp($3::bigint) AS at) AS moment
WHERE NOT EXISTS (
    SELECT FROM heed_data.guard_hold AS hold
    WHERE hold.dimension = $1::text AND hold.name = $2::text AND hold.began_at <= moment.at AND hold.ended_at > moment.at
)
RETURNING hold_id;
