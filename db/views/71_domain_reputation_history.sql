CREATE OR REPLACE VIEW heed.domain_reputation_history AS
SELECT day, domain, sum(failures)::bigint AS failures,
    sum(hard)::bigint AS hard,
    sum(soft)::bigint AS soft,
    sum(block)::bigint AS block,
    sum(transient)::bigint AS transient,
    sum(complaints)::bigint AS complaints
FROM heed_data.count_now
WHERE domain <> ''
GROUP BY day, domain;

COMMENT ON VIEW heed.domain_reputation_history IS
    'How mail to each recipient domain fared, by day and by its reports.';
COMMENT ON COLUMN heed.domain_reputation_history.day IS 'The day, UTC';
COMMENT ON COLUMN heed.domain_reputation_history.domain IS 'The recipient domain';
COMMENT ON COLUMN heed.domain_reputation_history.failures IS 'Failed deliveries';
COMMENT ON COLUMN heed.domain_reputation_history.hard IS 'Of these, hard: the address does not work';
COMMENT ON COLUMN heed.domain_reputation_history.soft IS 'Of these, soft: it may not work now';
COMMENT ON COLUMN heed.domain_reputation_history.block IS 'Of these, blocks: about the sender';
COMMENT ON COLUMN heed.domain_reputation_history.transient IS 'Of these, transient: network, load and the like';
COMMENT ON COLUMN heed.domain_reputation_history.complaints IS 'Complaints';
