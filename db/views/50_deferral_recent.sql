CREATE OR REPLACE VIEW heed.deferral_recent AS
SELECT domain, provider, remote_mta, class::text AS class, verdict::text AS verdict, status, code,
    count(*) AS deferrals, min(occurred_at) AS first_at, max(occurred_at) AS last_at, max(diagnostic COLLATE "C") AS example
FROM heed_data.event
WHERE action = 'delayed' AND arrived_at > now() - interval '24 hours'
GROUP BY domain, provider, remote_mta, class, verdict, status, code;

COMMENT ON VIEW heed.deferral_recent IS
    'Which destinations put mail off in the last 24 hours, and why.';
COMMENT ON COLUMN heed.deferral_recent.domain IS 'The domain of the recipients';
COMMENT ON COLUMN heed.deferral_recent.provider IS 'Their mailbox provider, where known';
COMMENT ON COLUMN heed.deferral_recent.remote_mta IS 'The server that gave the reply';
COMMENT ON COLUMN heed.deferral_recent.class IS 'The reason';
COMMENT ON COLUMN heed.deferral_recent.verdict IS 'Whom it is about';
COMMENT ON COLUMN heed.deferral_recent.status IS 'The enhanced status code';
COMMENT ON COLUMN heed.deferral_recent.code IS 'The SMTP reply code';
COMMENT ON COLUMN heed.deferral_recent.deferrals IS 'How many';
COMMENT ON COLUMN heed.deferral_recent.first_at IS 'When the first came';
COMMENT ON COLUMN heed.deferral_recent.last_at IS 'When the newest came';
COMMENT ON COLUMN heed.deferral_recent.example IS 'One of the replies';
