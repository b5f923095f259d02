-- What the destinations did with our attempts that put mail off for pace or standing of the sender, by the minute.
--
-- $1: the classes that are about that; $2: at least so many refusals in 24 hours; $3: at most so many destinations, those
-- with the most refusals; $4: how many minutes are looked at.
-- All rows of one destination together, in no order.
WITH chosen AS (
    SELECT destination, source_ip
    FROM heed_data.attempt_minute
    WHERE minute > now() - interval '1 day' AND minute <= now() AND class = ANY ($1)
    GROUP BY destination, source_ip
    HAVING sum(deferred + failed) >= $2
    ORDER BY sum(deferred + failed) DESC, destination, source_ip
    LIMIT $3
)
SELECT attempt.destination, attempt.source_ip, extract(epoch FROM attempt.minute)::bigint, attempt.class, attempt.reply,
    attempt.delivered, attempt.deferred, attempt.failed
FROM heed_data.attempt_minute AS attempt
JOIN chosen USING (destination, source_ip)
WHERE attempt.minute > now() - $4 * interval '1 minute' AND attempt.minute <= now()
ORDER BY attempt.destination, attempt.source_ip
