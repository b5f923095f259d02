-- Private: what the views of counts are made of. Days are UTC.

-- What the roll-ups say at this moment, folded or not.
CREATE OR REPLACE VIEW heed_data.rollup_now AS
SELECT day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict, failures, reports
FROM heed_data.rollup
UNION ALL
SELECT day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict, failures, reports
FROM heed_data.rollup_delta;

-- The same by what it speaks of, and how many days ago.
CREATE OR REPLACE VIEW heed_data.count_now AS
SELECT day, (now() AT TIME ZONE 'UTC')::date - day AS age, domain, provider, sender_domain, source_ip,
    CASE WHEN kind = 'bounce' THEN failures ELSE 0 END AS failures,
    CASE WHEN kind = 'bounce' AND verdict = 'hard' THEN failures ELSE 0 END AS hard,
    CASE WHEN kind = 'bounce' AND verdict = 'soft' THEN failures ELSE 0 END AS soft,
    CASE WHEN kind = 'bounce' AND verdict = 'block' THEN failures ELSE 0 END AS block,
    CASE WHEN kind = 'bounce' AND verdict = 'transient' THEN failures ELSE 0 END AS transient,
    CASE WHEN kind = 'complaint' THEN failures ELSE 0 END AS complaints
FROM heed_data.rollup_now
WHERE kind IN ('bounce', 'complaint');
