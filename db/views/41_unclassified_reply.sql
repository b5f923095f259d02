CREATE OR REPLACE VIEW heed.unclassified_reply AS
SELECT reply, count(*) AS count, count(DISTINCT domain) AS domains, mode() WITHIN GROUP (ORDER BY status) AS status,
    mode() WITHIN GROUP (ORDER BY code) AS code, min(occurred_at) AS first_seen, max(occurred_at) AS last_seen,
    max(diagnostic COLLATE "C") AS example
FROM (
    SELECT domain, status, code, occurred_at, diagnostic, heed_data.blotted(diagnostic, address) COLLATE "default" AS reply
    FROM heed_data.event
    WHERE class = 'unknown' AND diagnostic IS NOT NULL AND arrived_at > now() - interval '90 days'
) AS unknown
GROUP BY reply;

COMMENT ON VIEW heed.unclassified_reply IS
    'Replies of servers that no rule knows, alike ones together, for people to classify.';
COMMENT ON COLUMN heed.unclassified_reply.reply IS 'The reply, with addresses and numbers blotted out';
COMMENT ON COLUMN heed.unclassified_reply.count IS 'How many events of the last 90 days';
COMMENT ON COLUMN heed.unclassified_reply.domains IS 'From how many recipient domains';
COMMENT ON COLUMN heed.unclassified_reply.status IS 'The most frequent enhanced status code';
COMMENT ON COLUMN heed.unclassified_reply.code IS 'The most frequent SMTP reply code';
COMMENT ON COLUMN heed.unclassified_reply.first_seen IS 'When the first of them was received';
COMMENT ON COLUMN heed.unclassified_reply.last_seen IS 'When the newest of them was received';
COMMENT ON COLUMN heed.unclassified_reply.example IS 'One of them as it came';
