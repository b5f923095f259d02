CREATE OR REPLACE VIEW heed.domain_reputation_history AS
SELECT day, name AS domain, failures, hard, soft, block, transient, complaints, delivered + failed AS sent, delivered,
    deferred, judged.score, judged.band
FROM (
    SELECT day, name, sum(failures)::bigint AS failures, sum(hard)::bigint AS hard, sum(soft)::bigint AS soft,
        sum(block)::bigint AS block, sum(transient)::bigint AS transient, sum(complaints)::bigint AS complaints,
        sum(delivered)::bigint AS delivered, sum(failed)::bigint AS failed, sum(deferred)::bigint AS deferred
    FROM heed_data.reputation_day_now
    WHERE dimension = 'recipient-domain'
    GROUP BY day, name
) AS counted
CROSS JOIN LATERAL heed_data.judged(delivered + failed, delivered + failed, delivered, hard, block, deferred,
    complaints) AS judged;

COMMENT ON VIEW heed.domain_reputation_history IS
    'How mail to each recipient domain fared, by day, by reports and logs.';
COMMENT ON COLUMN heed.domain_reputation_history.day IS 'The day, UTC';
COMMENT ON COLUMN heed.domain_reputation_history.domain IS 'The recipient domain';
COMMENT ON COLUMN heed.domain_reputation_history.failures IS 'Failed deliveries';
COMMENT ON COLUMN heed.domain_reputation_history.hard IS 'Of these, hard: the address does not work';
COMMENT ON COLUMN heed.domain_reputation_history.soft IS 'Of these, soft: it may not work now';
COMMENT ON COLUMN heed.domain_reputation_history.block IS 'Of these, blocks: about the sender';
COMMENT ON COLUMN heed.domain_reputation_history.transient IS 'Of these, transient: network, load and the like';
COMMENT ON COLUMN heed.domain_reputation_history.complaints IS 'Complaints';
COMMENT ON COLUMN heed.domain_reputation_history.sent IS
    'Messages that were delivered or failed for good, by the logs; 0: no log tells';
COMMENT ON COLUMN heed.domain_reputation_history.delivered IS 'Of these, delivered';
COMMENT ON COLUMN heed.domain_reputation_history.deferred IS 'Messages put off, each once';
COMMENT ON COLUMN heed.domain_reputation_history.score IS 'The score of this day alone; NULL: not enough is known';
COMMENT ON COLUMN heed.domain_reputation_history.band IS 'The score in a word: good, fair, poor, bad, unknown';

-- What these views were made of before; nothing asks for it any more.
DROP VIEW IF EXISTS heed_data.count_now;
DROP FUNCTION IF EXISTS heed_data.score(float8, float8, float8, float8, float8, float8, float8);
