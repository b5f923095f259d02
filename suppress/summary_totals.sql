-- $1: how many days that end today, $2: of a stream, or NULL for all mail. Complaints that name no recipient,
-- failures that no rule knows.
SELECT coalesce(sum(failures) FILTER (WHERE kind = 'complaint' AND NOT has_domain), 0)::bigint,
    coalesce(sum(failures) FILTER (WHERE kind IN ('bounce', 'delay') AND class = 'unknown'), 0)::bigint
FROM heed_data.rollup_total_now
WHERE day > (SELECT (now() AT TIME ZONE 'UTC')::date - $1::bigint::integer) AND ($2::text IS NULL OR stream = $2::text)
