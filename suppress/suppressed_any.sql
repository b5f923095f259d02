-- What is suppressed now, in whatever scope. Part of other queries (export.c, suppressed_set.c).
SELECT scope, address, domain, reason, verdict, since, until, evidence_count, last_event_at
FROM heed_data.address_state
WHERE suppressed AND (until IS NULL OR until > now())
