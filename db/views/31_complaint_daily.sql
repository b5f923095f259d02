CREATE OR REPLACE VIEW heed.complaint_daily AS
SELECT day, stream, domain, provider, sender_domain, source_ip, class, sum(failures)::bigint AS complaints,
    sum(reports)::bigint AS reports
FROM heed_data.rollup_now
WHERE kind = 'complaint'
GROUP BY day, stream, domain, provider, sender_domain, source_ip, class;

COMMENT ON VIEW heed.complaint_daily IS
    'Complaints by day, domain and sending address.';
COMMENT ON COLUMN heed.complaint_daily.day IS 'The day, UTC';
COMMENT ON COLUMN heed.complaint_daily.stream IS 'What the mail belonged to; empty: none';
COMMENT ON COLUMN heed.complaint_daily.domain IS 'The domain of the recipients; empty: unknown';
COMMENT ON COLUMN heed.complaint_daily.provider IS 'Their mailbox provider; empty: unknown';
COMMENT ON COLUMN heed.complaint_daily.sender_domain IS 'The domain of the author of the mail; empty: unknown';
COMMENT ON COLUMN heed.complaint_daily.source_ip IS 'The address the mail was sent from; empty: unknown';
COMMENT ON COLUMN heed.complaint_daily.class IS 'The type of feedback, such as abuse';
COMMENT ON COLUMN heed.complaint_daily.complaints IS 'Complaints, each counted once';
COMMENT ON COLUMN heed.complaint_daily.reports IS 'Reports of them';
