CREATE OR REPLACE VIEW heed.forgotten_suppression AS
SELECT scope, reason, verdict, since, until
FROM heed_data.address_state
WHERE address >= 'hmac:' AND address < 'hmac;' AND suppressed AND (until IS NULL OR until > now());

COMMENT ON VIEW heed.forgotten_suppression IS
    'What must not be mailed of those who were forgotten, one row a person and scope, without who: heed clean and heed why know them.';
COMMENT ON COLUMN heed.forgotten_suppression.scope IS 'The stream it holds for; empty: all mail';
COMMENT ON COLUMN heed.forgotten_suppression.reason IS 'Why it was suppressed';
COMMENT ON COLUMN heed.forgotten_suppression.verdict IS 'hard, complaint, unsubscribe or manual';
COMMENT ON COLUMN heed.forgotten_suppression.since IS 'From when on';
COMMENT ON COLUMN heed.forgotten_suppression.until IS 'Until when; NULL: without end';
