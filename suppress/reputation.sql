-- $1: the dimension, $2: names, or NULL for all. In the order of reputation_lowest.sql.
SELECT name, score, band, round(confidence * 100)::bigint, reason,
    sent_1d, delivered_1d, deferred_1d, failures_1d, hard_1d, soft_1d, block_1d, transient_1d, complaints_1d, sent_7d,
    delivered_7d, deferred_7d, failures_7d, hard_7d, soft_7d, block_7d, transient_7d, complaints_7d, sent_30d,
    delivered_30d, deferred_30d, failures_30d, hard_30d, soft_30d, block_30d, transient_30d, complaints_30d,
    pulled_by
FROM heed_data.reputation
WHERE dimension = $1::text AND ($2::text[] IS NULL OR name = ANY ($2::text[]))
ORDER BY score NULLS LAST, sent_30d DESC, failures_30d DESC, name
