-- $1: how many days that end today, $2: of a stream, or NULL for all mail. A row a day, the oldest first: its
-- beginning, delivered and failed by the logs, failures by reports and logs (hard, soft, block, transient, others),
-- messages put off, complaints, requests to unsubscribe, and suppressions of today that began on it.
WITH span AS (
    SELECT (now() AT TIME ZONE 'UTC')::date - $1::bigint::integer + 1 AS first
), hours AS (
    SELECT hour, sum(delivered::float8) AS delivered, sum(failed::float8) AS failed
    FROM heed_data.volume_total_now
    WHERE hour >= (SELECT first::timestamp AT TIME ZONE 'UTC' FROM span) AND ($2::text IS NULL OR stream = $2::text)
    GROUP BY hour
), sent AS (
    SELECT (hour AT TIME ZONE 'UTC')::date AS day, sum(delivered) AS delivered, sum(failed) AS failed
    FROM hours
    GROUP BY (hour AT TIME ZONE 'UTC')::date
), verdicts AS (
    SELECT day, kind, verdict, sum(failures::float8) AS failures
    FROM heed_data.rollup_total_now
    WHERE day >= (SELECT first FROM span) AND ($2::text IS NULL OR stream = $2::text)
    GROUP BY day, kind, verdict
), counted AS (
    SELECT day, sum(failures) FILTER (WHERE kind = 'bounce' AND verdict = 'hard') AS hard,
        sum(failures) FILTER (WHERE kind = 'bounce' AND verdict = 'soft') AS soft,
        sum(failures) FILTER (WHERE kind = 'bounce' AND verdict = 'block') AS block,
        sum(failures) FILTER (WHERE kind = 'bounce' AND verdict = 'transient') AS transient,
        sum(failures) FILTER (WHERE kind = 'bounce'
            AND verdict NOT IN ('hard', 'soft', 'block', 'transient')) AS other,
        sum(failures) FILTER (WHERE kind = 'delay') AS deferred,
        sum(failures) FILTER (WHERE kind = 'complaint') AS complaints,
        sum(failures) FILTER (WHERE kind = 'unsubscribe') AS unsubscribed
    FROM verdicts
    GROUP BY day
), began AS (
    SELECT (since AT TIME ZONE 'UTC')::date AS day, count(*) AS suppressed
    FROM heed.suppression
    WHERE since >= (SELECT first::timestamp AT TIME ZONE 'UTC' FROM span)
        AND ($2::text IS NULL OR scope IN ('', $2::text))
    GROUP BY (since AT TIME ZONE 'UTC')::date
)
SELECT extract(epoch FROM day)::bigint, coalesce(delivered, 0)::bigint, coalesce(failed, 0)::bigint,
    coalesce(hard, 0)::bigint, coalesce(soft, 0)::bigint, coalesce(block, 0)::bigint, coalesce(transient, 0)::bigint,
    coalesce(other, 0)::bigint, coalesce(deferred, 0)::bigint, coalesce(complaints, 0)::bigint,
    coalesce(unsubscribed, 0)::bigint, coalesce(suppressed, 0)
FROM (SELECT first + age AS day FROM span, generate_series(0, $1::bigint::integer - 1) AS age) AS days
LEFT JOIN sent USING (day)
LEFT JOIN counted USING (day)
LEFT JOIN began USING (day)
ORDER BY day
