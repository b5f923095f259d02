CREATE OR REPLACE VIEW heed.volume_hourly AS
SELECT hour, stream, domain, provider, sender_domain, source_ip, sum(delivered)::bigint AS delivered,
    sum(failed)::bigint AS failed
FROM (
    SELECT hour, stream, domain, provider, sender_domain, source_ip, delivered, failed FROM heed_data.volume
    UNION ALL
    SELECT hour, stream, domain, provider, sender_domain, source_ip, delivered, failed FROM heed_data.volume_delta
) AS volume
GROUP BY hour, stream, domain, provider, sender_domain, source_ip;

COMMENT ON VIEW heed.volume_hourly IS
    'What was sent, by hour and domain, by the logs of mail servers.';
COMMENT ON COLUMN heed.volume_hourly.hour IS 'The beginning of the hour';
COMMENT ON COLUMN heed.volume_hourly.stream IS 'What the mail belonged to; empty: none';
COMMENT ON COLUMN heed.volume_hourly.domain IS 'The domain of the recipients; empty: unknown';
COMMENT ON COLUMN heed.volume_hourly.provider IS 'Their mailbox provider; empty: unknown';
COMMENT ON COLUMN heed.volume_hourly.sender_domain IS 'The domain that sent it; empty: unknown';
COMMENT ON COLUMN heed.volume_hourly.source_ip IS 'The address of our server; empty: unknown';
COMMENT ON COLUMN heed.volume_hourly.delivered IS 'Messages that were delivered';
COMMENT ON COLUMN heed.volume_hourly.failed IS 'Messages that failed for good';
