-- $1: how many days that end today, $2: of a stream, or NULL for all mail, $3: how many classes at most. What went
-- wrong, the most frequent first: class, verdict, failures, messages put off.
SELECT class, verdict, failures::bigint, deferred::bigint
FROM (
    SELECT class, verdict, coalesce(sum(failures::float8) FILTER (WHERE kind = 'bounce'), 0) AS failures,
        coalesce(sum(failures::float8) FILTER (WHERE kind = 'delay'), 0) AS deferred
    FROM heed_data.rollup_total_now
    WHERE day > (SELECT (now() AT TIME ZONE 'UTC')::date - $1::bigint::integer) AND kind IN ('bounce', 'delay')
        AND ($2::text IS NULL OR stream = $2::text)
    GROUP BY class, verdict
) AS counted
WHERE failures > 0 OR deferred > 0
ORDER BY failures + deferred DESC, class, verdict
LIMIT $3::bigint
