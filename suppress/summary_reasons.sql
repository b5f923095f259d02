-- $1: how many days that end today, $2: of a stream and everywhere, or NULL for all. What is suppressed, by reason, the
-- most frequent first: reason, verdict, addresses, of them since these days, of them for a time only.
SELECT reason, verdict, count(*),
    count(*) FILTER (WHERE since >= ((now() AT TIME ZONE 'UTC')::date - $1::bigint::integer + 1)::timestamp AT TIME ZONE 'UTC'),
    count(until)
FROM heed.suppression
WHERE $2::text IS NULL OR scope IN ('', $2::text)
GROUP BY reason, verdict
ORDER BY count(*) DESC, reason, verdict
