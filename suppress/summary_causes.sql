-- $1: a dimension of reputation, $2: names in it, $3: what pulls each of them down (pulled_by of the views, NULL:
-- nothing is known to). The class that was counted most for each, of what pulls it down, in the 30 days of a score.
SELECT DISTINCT ON (name) name, class
FROM (
    SELECT asked.name, class, sum(failures::float8) AS failures
    FROM (
        SELECT domain AS name, day, kind, class, verdict, failures
        FROM heed_data.rollup_now
        WHERE $1::text = 'recipient-domain' AND domain = ANY ($2::text[])
        UNION ALL
        SELECT CASE $1::text WHEN 'provider' THEN provider WHEN 'sender-domain' THEN sender_domain ELSE source_ip END,
            day, kind, class, verdict, failures
        FROM heed_data.rollup_total_now
        WHERE $1::text <> 'recipient-domain'
    ) AS rollup
    JOIN unnest($2::text[], $3::text[]) AS asked (name, pulled_by) USING (name)
    WHERE day > (SELECT (now() AT TIME ZONE 'UTC')::date - 30)
        AND CASE asked.pulled_by WHEN 'complaints' THEN kind = 'complaint' WHEN 'deferred' THEN kind = 'delay'
            WHEN 'hard' THEN kind = 'bounce' AND verdict = 'hard' WHEN 'block' THEN kind = 'bounce' AND verdict = 'block'
            ELSE kind IN ('bounce', 'complaint') END
    GROUP BY asked.name, class
) AS counted
WHERE failures > 0
ORDER BY name, failures DESC, class
