CREATE OR REPLACE VIEW heed.event_log AS
SELECT event.arrived_at, event.occurred_at, encode(event.digest, 'hex') AS digest, event.ordinal,
    event.kind::text AS kind, event.action::text AS action, event.class::text AS class, event.verdict::text AS verdict,
    CASE event.trust WHEN 1 THEN 'unproven' WHEN 2 THEN 'plausible' WHEN 3 THEN 'authenticated'
        WHEN 4 THEN 'signed' END AS trust,
    event.address, event.domain, event.address_source::text AS address_source, event.original_recipient,
    event.final_recipient, event.status, event.code, event.diagnostic, event.remote_mta, event.provider, event.rule,
    event.stream, mailbox.name AS mailbox, report.format, report.reporter_mta, report.reporter_from, report.message_id,
    report.original_message_id, report.original_from, report.original_subject
FROM heed_data.event AS event
LEFT JOIN heed_data.report AS report ON report.arrived_at = event.arrived_at AND report.digest = event.digest
LEFT JOIN heed_data.mailbox AS mailbox ON mailbox.mailbox_id = report.mailbox_id;

COMMENT ON VIEW heed.event_log IS
    'Every recipient of every report, as it was read.';
COMMENT ON COLUMN heed.event_log.arrived_at IS 'When it was stored, by the clock of this server; the tables are divided by it';
COMMENT ON COLUMN heed.event_log.occurred_at IS 'When it counts: when the report was received';
COMMENT ON COLUMN heed.event_log.digest IS 'The SHA-256 of the report, in hexadecimal';
COMMENT ON COLUMN heed.event_log.ordinal IS 'The place of the recipient in its report, from 0';
COMMENT ON COLUMN heed.event_log.kind IS 'bounce, delay, success, complaint, auth-failure, not-spam, unsubscribe';
COMMENT ON COLUMN heed.event_log.action IS 'failed, delayed, delivered, relayed or expanded';
COMMENT ON COLUMN heed.event_log.class IS 'What went wrong, such as bad-mailbox; of a complaint its feedback type';
COMMENT ON COLUMN heed.event_log.verdict IS 'hard, soft, block, transient, complaint, unsubscribe or none';
COMMENT ON COLUMN heed.event_log.trust IS 'How far it is believed: unproven, plausible, authenticated or signed; NULL: unknown';
COMMENT ON COLUMN heed.event_log.address IS 'Whom the sender had mailed, normalised; NULL: unmatched';
COMMENT ON COLUMN heed.event_log.domain IS 'The domain of the address';
COMMENT ON COLUMN heed.event_log.address_source IS 'Where the address was taken from';
COMMENT ON COLUMN heed.event_log.original_recipient IS 'The original recipient as reported';
COMMENT ON COLUMN heed.event_log.final_recipient IS 'The final recipient as reported';
COMMENT ON COLUMN heed.event_log.status IS 'The enhanced status code';
COMMENT ON COLUMN heed.event_log.code IS 'The SMTP reply code';
COMMENT ON COLUMN heed.event_log.diagnostic IS 'The reply of the server, or the words of the notice';
COMMENT ON COLUMN heed.event_log.remote_mta IS 'The server that gave the reply';
COMMENT ON COLUMN heed.event_log.provider IS 'The mailbox provider, where known';
COMMENT ON COLUMN heed.event_log.rule IS 'What decided the class';
COMMENT ON COLUMN heed.event_log.stream IS 'What the mail belonged to';
COMMENT ON COLUMN heed.event_log.mailbox IS 'The mailbox the report was read from; NULL: given on the command line';
COMMENT ON COLUMN heed.event_log.format IS 'The format of the report, such as rfc3464';
COMMENT ON COLUMN heed.event_log.reporter_mta IS 'The server that made the report';
COMMENT ON COLUMN heed.event_log.reporter_from IS 'The sender of the report';
COMMENT ON COLUMN heed.event_log.message_id IS 'The Message-ID of the report';
COMMENT ON COLUMN heed.event_log.original_message_id IS 'The Message-ID of the mail it is about';
COMMENT ON COLUMN heed.event_log.original_from IS 'The author of the mail it is about';
COMMENT ON COLUMN heed.event_log.original_subject IS 'The subject of the mail it is about';
