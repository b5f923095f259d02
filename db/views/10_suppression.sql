CREATE OR REPLACE VIEW heed.suppression AS
SELECT scope, address, domain, reason, verdict, since, until, evidence_count, last_event_at
FROM heed_data.address_state
WHERE suppressed AND (until IS NULL OR until > now())
    AND domain <> address; -- the pseudonyms of whom was forgotten are of no domain

COMMENT ON VIEW heed.suppression IS
    'What must not be mailed now, one row an address and scope, but for those who were forgotten (docs/privacy.md).';
COMMENT ON COLUMN heed.suppression.scope IS 'The stream it holds for; empty: all mail';
COMMENT ON COLUMN heed.suppression.address IS 'The address, normalised';
COMMENT ON COLUMN heed.suppression.domain IS 'The domain of the address';
COMMENT ON COLUMN heed.suppression.reason IS 'Why: a class such as bad-mailbox or abuse, or manual';
COMMENT ON COLUMN heed.suppression.verdict IS 'hard, complaint, unsubscribe or manual';
COMMENT ON COLUMN heed.suppression.since IS 'From when on';
COMMENT ON COLUMN heed.suppression.until IS 'Until when; NULL: without end';
COMMENT ON COLUMN heed.suppression.evidence_count IS 'How many pieces of evidence speak for it';
COMMENT ON COLUMN heed.suppression.last_event_at IS 'When the newest of them happened';
