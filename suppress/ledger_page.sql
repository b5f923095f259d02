-- The decisions in force, and who was forgotten, a page at a time: $1 is the last decision_id of the page before.
SELECT d.decision_id, extract(epoch FROM d.decided_at)::bigint, d.action::text, d.scope, d.address, d.decided_by, d.why
FROM heed_data.decision d
WHERE d.decision_id > $1::bigint AND d.action <> 'keep'
  AND NOT EXISTS (SELECT FROM heed_data.decision later
                  WHERE later.address = d.address AND later.scope = d.scope AND later.decision_id > d.decision_id
                    AND later.action <> 'keep')
ORDER BY d.decision_id
LIMIT 1000
