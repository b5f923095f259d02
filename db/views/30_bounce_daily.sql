CREATE OR REPLACE VIEW heed.bounce_daily AS
SELECT day, stream, domain, provider, sender_domain, class, verdict, sum(failures)::bigint AS failures,
    sum(reports)::bigint AS reports
FROM heed_data.rollup_now
WHERE kind = 'bounce'
GROUP BY day, stream, domain, provider, sender_domain, class, verdict;

COMMENT ON VIEW heed.bounce_daily IS
    'Failed deliveries by day, domain and class.';
COMMENT ON COLUMN heed.bounce_daily.day IS 'The day, UTC';
COMMENT ON COLUMN heed.bounce_daily.stream IS 'What the mail belonged to; empty: none';
COMMENT ON COLUMN heed.bounce_daily.domain IS 'The domain of the recipients; empty: unknown';
COMMENT ON COLUMN heed.bounce_daily.provider IS 'Their mailbox provider; empty: unknown';
COMMENT ON COLUMN heed.bounce_daily.sender_domain IS 'The domain of the author of the mail; empty: unknown';
COMMENT ON COLUMN heed.bounce_daily.class IS 'What went wrong';
COMMENT ON COLUMN heed.bounce_daily.verdict IS 'hard, soft, block, transient or none';
COMMENT ON COLUMN heed.bounce_daily.failures IS 'Failed deliveries, each counted once';
COMMENT ON COLUMN heed.bounce_daily.reports IS 'Reports of them, of which a failure may have several';
