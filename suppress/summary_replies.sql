-- $1: how many days that end today, $2: of a stream, or NULL for all mail, $3: how many replies at most, $4: of how
-- many of the newest events. Replies that are alike, the most frequent first, without whom they are about: the text,
-- class, verdict, status, code, a server that said it, how many of them, at how many domains, one of them as it came
-- (which may name people), and how many events were looked at.
SELECT reply, class, mode() WITHIN GROUP (ORDER BY verdict), mode() WITHIN GROUP (ORDER BY status),
    mode() WITHIN GROUP (ORDER BY code), max(remote_mta), count(*), count(DISTINCT domain),
    max(diagnostic COLLATE "C"), max(looked_at)
FROM (
    SELECT heed_data.blotted(diagnostic, address) AS reply, class::text, verdict::text, status, code, remote_mta, domain,
        diagnostic, count(*) OVER () AS looked_at
    FROM (
        SELECT *
        FROM heed_data.event
        WHERE arrived_at > now() - $1::bigint * interval '1 day' AND occurred_at > now() - $1::bigint * interval '1 day'
            AND kind IN ('bounce', 'delay') AND diagnostic IS NOT NULL AND class IS NOT NULL AND ($2::text IS NULL OR stream = $2::text)
        ORDER BY arrived_at DESC
        LIMIT $4::bigint
    ) AS newest
) AS said
GROUP BY reply, class
ORDER BY count(*) DESC, reply, class
LIMIT $3::bigint
