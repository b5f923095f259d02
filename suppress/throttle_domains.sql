-- The recipient domains of a mailbox provider ($1) that got mail in the last day; at most $2, those with the most.
SELECT domain
FROM (
    SELECT * FROM heed_data.volume
    UNION ALL
    SELECT * FROM heed_data.volume_delta
) AS volume
WHERE provider = $1 AND hour > now() - interval '1 day'
GROUP BY domain
ORDER BY sum(delivered + failed) DESC, domain
LIMIT $2
