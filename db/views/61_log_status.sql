CREATE OR REPLACE VIEW heed.log_status AS
SELECT log.name, log.path, log.format, log.last_read_at, log.last_success_at, log.last_line_at, log.last_error,
    now() - log.last_success_at AS lag, log.lines, log.unread, log.delivered, log.deferred, log.failed, log.behind,
    (SELECT count(*) FROM heed_data.log_file WHERE log_file.log = log.name) AS files
FROM heed_data.log AS log;

COMMENT ON VIEW heed.log_status IS
    'How the reading of each mail server''s log fares.';
COMMENT ON COLUMN heed.log_status.name IS 'The name of the log';
COMMENT ON COLUMN heed.log_status.path IS 'Where it is';
COMMENT ON COLUMN heed.log_status.format IS 'Which server writes it';
COMMENT ON COLUMN heed.log_status.last_read_at IS 'When it was looked at last';
COMMENT ON COLUMN heed.log_status.last_success_at IS 'When that last went well';
COMMENT ON COLUMN heed.log_status.last_line_at IS 'When something new was found in it last';
COMMENT ON COLUMN heed.log_status.last_error IS 'What went wrong at the last look; NULL: nothing';
COMMENT ON COLUMN heed.log_status.lag IS 'How long ago the last good look was; NULL: there was none';
COMMENT ON COLUMN heed.log_status.lines IS 'Lines read from it';
COMMENT ON COLUMN heed.log_status.unread IS 'Of these, lines that could not be read';
COMMENT ON COLUMN heed.log_status.delivered IS 'Messages that reached a recipient, by these lines';
COMMENT ON COLUMN heed.log_status.deferred IS 'Attempts after which a message was put off';
COMMENT ON COLUMN heed.log_status.failed IS 'Messages that failed for good for a recipient';
COMMENT ON COLUMN heed.log_status.behind IS 'Bytes that were not read at the last look, as they are stored';
COMMENT ON COLUMN heed.log_status.files IS 'Files of it that are known, rotated ones included';
