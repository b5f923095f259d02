-- Whose failures a hold of the guard holds is asked by when they were received, which for old mail is long before they
-- arrived: without these all partitions since then are read.
CREATE INDEX event_hard ON heed_data.event (occurred_at) WHERE verdict = 'hard';
CREATE INDEX evidence_hard ON heed_data.evidence (occurred_at) WHERE verdict = 'hard';
