-- Whose failures a hold of the guard holds is asked by when they were received, which for old mail is long before they
-- arrived: without these all partitions since then are read. That they have a domain only the guard asks for: an index by
-- time alone would be taken for other questions too, such as what an address failed with, where nothing is known of the
-- distribution yet.
CREATE INDEX event_hard ON heed_data.event (occurred_at) WHERE verdict = 'hard' AND domain IS NOT NULL;
CREATE INDEX evidence_hard ON heed_data.evidence (occurred_at) WHERE verdict = 'hard' AND domain IS NOT NULL;
