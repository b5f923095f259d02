-- $1: the dimension, $2: a name or NULL for all, $3: how many at most. The lowest scores first; of those with the same, and
-- of those with none, the most mail.
SELECT name, score, band, round(confidence * 100)::bigint, reason,
    sent_1d, delivered_1d, deferred_1d, failures_1d, hard_1d, soft_1d, block_1d, transient_1d, complaints_1d, sent_7d,
    delivered_7d, deferred_7d, failures_7d, hard_7d, soft_7d, block_7d, transient_7d, complaints_7d, sent_30d,
    delivered_30d, deferred_30d, failures_30d, hard_30d, soft_30d, block_30d, transient_30d, complaints_30d,
    count(*) OVER ()
FROM (
    SELECT 'recipient-domain' AS dimension, domain AS name, counted.*
    FROM heed.domain_reputation AS counted
    UNION ALL
    SELECT 'provider' AS dimension, provider AS name, counted.*
    FROM heed.provider_reputation AS counted
    UNION ALL
    SELECT 'sender-domain' AS dimension, sender_domain AS name, counted.*
    FROM heed.sender_reputation AS counted
    UNION ALL
    SELECT 'source-ip' AS dimension, source_ip AS name, counted.*
    FROM heed.ip_reputation AS counted
) AS reputation
WHERE dimension = $1::text AND ($2::text IS NULL OR name = $2::text)
ORDER BY score NULLS LAST, sent_30d DESC, failures_30d DESC, name
LIMIT $3::bigint
