-- What is stored, by kind, class and verdict: reports, and failures of which each is counted once.
SELECT kind::text, class, verdict, sum(reports::float8)::bigint, sum(failures::float8)::bigint
FROM heed_data.rollup_total_now
GROUP BY kind, class, verdict
ORDER BY kind, class, verdict
