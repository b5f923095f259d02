CREATE OR REPLACE VIEW heed.mailbox_status AS
SELECT mailbox.name, mailbox.url, mailbox.last_poll_at, mailbox.last_success_at, mailbox.last_message_at,
    mailbox.last_error, now() - mailbox.last_success_at AS lag, mailbox.messages_stored, open.unacknowledged,
    open.unreadable, (
        SELECT count(*) FROM heed_data.quarantine
        WHERE quarantine.mailbox_id = mailbox.mailbox_id AND quarantine.resolved_at IS NULL
    ) AS quarantined
FROM heed_data.mailbox AS mailbox
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE message.disposition <> 3) AS unacknowledged,
        count(*) FILTER (WHERE message.disposition = 3) AS unreadable
    FROM heed_data.mailbox_message AS message
    WHERE message.mailbox_id = mailbox.mailbox_id AND message.epoch = mailbox.epoch AND NOT message.acknowledged
) AS open;

COMMENT ON VIEW heed.mailbox_status IS
    'How each mailbox fares.';
COMMENT ON COLUMN heed.mailbox_status.name IS 'The name of the mailbox';
COMMENT ON COLUMN heed.mailbox_status.url IS 'Where it is, without secrets';
COMMENT ON COLUMN heed.mailbox_status.last_poll_at IS 'When it was polled last';
COMMENT ON COLUMN heed.mailbox_status.last_success_at IS 'When that last went well';
COMMENT ON COLUMN heed.mailbox_status.last_message_at IS 'When a message was stored last';
COMMENT ON COLUMN heed.mailbox_status.last_error IS 'What went wrong at the last poll; NULL: nothing';
COMMENT ON COLUMN heed.mailbox_status.lag IS 'How long ago the last good poll was; NULL: there was none';
COMMENT ON COLUMN heed.mailbox_status.messages_stored IS 'Messages read from it';
COMMENT ON COLUMN heed.mailbox_status.unacknowledged IS 'Messages stored but not yet acknowledged on its server';
COMMENT ON COLUMN heed.mailbox_status.unreadable IS 'Messages its server did not give, to be asked for again';
COMMENT ON COLUMN heed.mailbox_status.quarantined IS 'Messages of it that wait in quarantine';
