CREATE OR REPLACE VIEW heed.unmatched_complaint AS
SELECT event.arrived_at, event.occurred_at, encode(event.digest, 'hex') AS digest, event.class::text AS class,
    event.stream, event.provider, report.reporter_from, report.feedback ->> 'source_ip' AS source_ip,
    report.feedback ->> 'original_mail_from' AS original_mail_from, report.original_message_id, report.original_from,
    report.original_subject, report.original_list_id, report.original_feedback_id, report.original_date,
    report.feedback ->> 'cfbl_feedback_id' AS cfbl_feedback_id
FROM heed_data.event AS event
JOIN heed_data.report AS report ON report.arrived_at = event.arrived_at AND report.digest = event.digest
WHERE event.address IS NULL AND event.kind = 'complaint'
    AND event.address_source IS NULL; -- else it names somebody who was forgotten

COMMENT ON VIEW heed.unmatched_complaint IS
    'Complaints that name no recipient, with what may help to find him.';
COMMENT ON COLUMN heed.unmatched_complaint.arrived_at IS 'When it was stored';
COMMENT ON COLUMN heed.unmatched_complaint.occurred_at IS 'When the report was received';
COMMENT ON COLUMN heed.unmatched_complaint.digest IS 'The SHA-256 of the report, in hexadecimal';
COMMENT ON COLUMN heed.unmatched_complaint.class IS 'The type of feedback, such as abuse';
COMMENT ON COLUMN heed.unmatched_complaint.stream IS 'What the mail belonged to';
COMMENT ON COLUMN heed.unmatched_complaint.provider IS 'The mailbox provider, where known';
COMMENT ON COLUMN heed.unmatched_complaint.reporter_from IS 'The sender of the report';
COMMENT ON COLUMN heed.unmatched_complaint.source_ip IS 'The address the mail was sent from';
COMMENT ON COLUMN heed.unmatched_complaint.original_mail_from IS 'The envelope sender of the mail';
COMMENT ON COLUMN heed.unmatched_complaint.original_message_id IS 'The Message-ID of the mail';
COMMENT ON COLUMN heed.unmatched_complaint.original_from IS 'The author of the mail';
COMMENT ON COLUMN heed.unmatched_complaint.original_subject IS 'The subject of the mail';
COMMENT ON COLUMN heed.unmatched_complaint.original_list_id IS 'The List-Id of the mail';
COMMENT ON COLUMN heed.unmatched_complaint.original_feedback_id IS 'The Feedback-ID of the mail';
COMMENT ON COLUMN heed.unmatched_complaint.original_date IS 'The date of the mail';
COMMENT ON COLUMN heed.unmatched_complaint.cfbl_feedback_id IS
    'The CFBL-Feedback-ID of the mail (RFC 9477)';
