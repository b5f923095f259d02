-- The holds of a name that nobody has decided and that last at some time of a span, or within 25 hours of it: hold_id; when
-- the surge showed, began, and ended (NULL: it lasts), in seconds since 1970; in how many hours it showed; the threshold;
-- the end of the hold before it and the beginning of the one behind it (NULL: there is none), decided or not.
-- $1: the dimension; $2: the name; $3, $4: the span, in seconds since 1970.
SELECT hold_id, floor(extract(epoch FROM placed_at))::bigint, floor(extract(epoch FROM began_at))::bigint,
    CASE WHEN ended_at < 'infinity' THEN floor(extract(epoch FROM ended_at))::bigint END,
    (statistics->>'window_hours')::bigint, (statistics->>'threshold')::bigint, (
        SELECT ceil(extract(epoch FROM max(other.ended_at)))::bigint FROM heed_data.guard_hold AS other
        WHERE other.name = $2::text AND other.dimension = $1::text AND other.ended_at <= hold.placed_at
            AND other.hold_id <> hold.hold_id
    ), (
        SELECT floor(extract(epoch FROM min(other.began_at)))::bigint FROM heed_data.guard_hold AS other
        WHERE other.name = $2::text AND other.dimension = $1::text AND other.began_at > hold.placed_at
            AND other.hold_id <> hold.hold_id
    )
FROM heed_data.guard_hold AS hold
WHERE name = $2::text AND dimension = $1::text AND resolution IS NULL
    AND began_at < to_timestamp($4::bigint) + interval '25 hours'
    AND ended_at > to_timestamp($3::bigint) - interval '25 hours'
ORDER BY began_at;
