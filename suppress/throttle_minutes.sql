-- What the destinations did with our attempts that put mail off for pace or standing of the sender, by the minute.
--
-- $1: the classes that are about that; $2: at least so many refusals in 24 hours; $3: at most so many destinations, those
-- with the most refusals; $4: how many minutes are looked at.
-- In the order of destinations; of each, every minute with its classes and replies.
WITH chosen AS (
    SELECT destination, source_ip
    FROM heed_data.attempt_minute
    WHERE minute > now() - interval '1 day' AND minute <= now() AND class = ANY ($1)
    GROUP BY destination, source_ip
    HAVING sum(deferred + failed) >= $2
    ORDER BY sum(deferred + failed) DESC, destination, source_ip
    LIMIT $3
)
SELECT attempt.destination, attempt.source_ip, extract(epoch FROM attempt.minute)::bigint, attempt.class,
    attempt.reply, sum(attempt.delivered)::bigint, sum(attempt.deferred)::bigint, sum(attempt.failed)::bigint
FROM heed_data.attempt_minute AS attempt
JOIN chosen USING (destination, source_ip)
WHERE attempt.minute > now() - $4 * interval '1 minute' AND attempt.minute <= now()
GROUP BY attempt.destination, attempt.source_ip, attempt.minute, attempt.class, attempt.reply
ORDER BY attempt.destination, attempt.source_ip, attempt.minute, attempt.class, attempt.reply
