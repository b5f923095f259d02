-- Private: what the views of counts are made of. Days are UTC.

-- What the roll-ups say at this moment, folded or not.
CREATE OR REPLACE VIEW heed_data.rollup_now AS
SELECT day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict, failures, reports
FROM heed_data.rollup
UNION ALL
SELECT day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict, failures, reports
FROM heed_data.rollup_delta;

-- The same of all recipient domains, and the volumes of a stream: far fewer rows.
CREATE OR REPLACE VIEW heed_data.rollup_total_now AS
SELECT day, stream, provider, sender_domain, source_ip, kind, class, verdict, has_domain, failures, reports
FROM heed_data.rollup_total
UNION ALL
SELECT day, stream, provider, sender_domain, source_ip, kind, class, verdict, domain <> '', failures, reports
FROM heed_data.rollup_delta;

CREATE OR REPLACE VIEW heed_data.volume_total_now AS
SELECT hour, stream, delivered, failed
FROM heed_data.volume_total
UNION ALL
SELECT hour, stream, delivered, failed
FROM heed_data.volume_delta;

-- What nobody has folded yet, as days of each name that reputation is told of.
CREATE OR REPLACE VIEW heed_data.reputation_delta AS
SELECT said.*
FROM heed_data.rollup_delta AS delta, heed_data.reputation_of_rollup(delta.day, delta.domain, delta.provider,
    delta.sender_domain, delta.source_ip, delta.kind, delta.verdict, delta.failures) AS said
UNION ALL
SELECT said.*
FROM heed_data.volume_delta AS delta, heed_data.reputation_of_volume(delta.hour, delta.domain, delta.provider,
    delta.sender_domain, delta.source_ip, delta.delivered, delta.failed) AS said;

-- And these days at this moment.
CREATE OR REPLACE VIEW heed_data.reputation_day_now AS
SELECT dimension, name, day, delivered, failed, failures, hard, soft, block, transient, deferred, complaints
FROM heed_data.reputation_day
UNION ALL
SELECT dimension, name, day, delivered, failed, failures, hard, soft, block, transient, deferred, complaints
FROM heed_data.reputation_delta;
