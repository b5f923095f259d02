CREATE OR REPLACE VIEW heed.domain_reputation AS
SELECT domain,
    coalesce(sum(failures) FILTER (WHERE age < 1), 0)::bigint AS failures_1d,
    coalesce(sum(hard) FILTER (WHERE age < 1), 0)::bigint AS hard_1d,
    coalesce(sum(soft) FILTER (WHERE age < 1), 0)::bigint AS soft_1d,
    coalesce(sum(block) FILTER (WHERE age < 1), 0)::bigint AS block_1d,
    coalesce(sum(transient) FILTER (WHERE age < 1), 0)::bigint AS transient_1d,
    coalesce(sum(complaints) FILTER (WHERE age < 1), 0)::bigint AS complaints_1d,
    coalesce(sum(failures) FILTER (WHERE age < 7), 0)::bigint AS failures_7d,
    coalesce(sum(hard) FILTER (WHERE age < 7), 0)::bigint AS hard_7d,
    coalesce(sum(soft) FILTER (WHERE age < 7), 0)::bigint AS soft_7d,
    coalesce(sum(block) FILTER (WHERE age < 7), 0)::bigint AS block_7d,
    coalesce(sum(transient) FILTER (WHERE age < 7), 0)::bigint AS transient_7d,
    coalesce(sum(complaints) FILTER (WHERE age < 7), 0)::bigint AS complaints_7d,
    sum(failures)::bigint AS failures_30d,
    sum(hard)::bigint AS hard_30d,
    sum(soft)::bigint AS soft_30d,
    sum(block)::bigint AS block_30d,
    sum(transient)::bigint AS transient_30d,
    sum(complaints)::bigint AS complaints_30d
FROM heed_data.count_now
WHERE domain <> '' AND day > (now() AT TIME ZONE 'UTC')::date - 30
GROUP BY domain;

COMMENT ON VIEW heed.domain_reputation IS
    'How mail to each recipient domain fared, by its reports of 30 days. Days are UTC.';
COMMENT ON COLUMN heed.domain_reputation.domain IS 'The recipient domain';
COMMENT ON COLUMN heed.domain_reputation.failures_1d IS 'Failed deliveries, today';
COMMENT ON COLUMN heed.domain_reputation.hard_1d IS 'Of these, hard: the address does not work, today';
COMMENT ON COLUMN heed.domain_reputation.soft_1d IS 'Of these, soft: it may not work now, today';
COMMENT ON COLUMN heed.domain_reputation.block_1d IS 'Of these, blocks: about the sender, today';
COMMENT ON COLUMN heed.domain_reputation.transient_1d IS 'Of these, transient: network, load and the like, today';
COMMENT ON COLUMN heed.domain_reputation.complaints_1d IS 'Complaints, today';
COMMENT ON COLUMN heed.domain_reputation.failures_7d IS 'Failed deliveries, in 7 days';
COMMENT ON COLUMN heed.domain_reputation.hard_7d IS 'Of these, hard: the address does not work, in 7 days';
COMMENT ON COLUMN heed.domain_reputation.soft_7d IS 'Of these, soft: it may not work now, in 7 days';
COMMENT ON COLUMN heed.domain_reputation.block_7d IS 'Of these, blocks: about the sender, in 7 days';
COMMENT ON COLUMN heed.domain_reputation.transient_7d IS 'Of these, transient: network, load and the like, in 7 days';
COMMENT ON COLUMN heed.domain_reputation.complaints_7d IS 'Complaints, in 7 days';
COMMENT ON COLUMN heed.domain_reputation.failures_30d IS 'Failed deliveries, in 30 days';
COMMENT ON COLUMN heed.domain_reputation.hard_30d IS 'Of these, hard: the address does not work, in 30 days';
COMMENT ON COLUMN heed.domain_reputation.soft_30d IS 'Of these, soft: it may not work now, in 30 days';
COMMENT ON COLUMN heed.domain_reputation.block_30d IS 'Of these, blocks: about the sender, in 30 days';
COMMENT ON COLUMN heed.domain_reputation.transient_30d IS 'Of these, transient: network, load and the like, in 30 days';
COMMENT ON COLUMN heed.domain_reputation.complaints_30d IS 'Complaints, in 30 days';
