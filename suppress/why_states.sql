-- $1: the address. What is suppressed everywhere comes first. What is kept of whom was forgotten stands under the
-- pseudonym.
SELECT scope, suppressed AND coalesce(until > now(), true), allowed, reason, verdict, rule,
    extract(epoch FROM since)::bigint, extract(epoch FROM until)::bigint, evidence_count,
    extract(epoch FROM first_event_at)::bigint, extract(epoch FROM last_event_at)::bigint
FROM heed_data.address_state
WHERE address IN ($1::text, (SELECT heed_data.pseudonym($1::text))) AND rule IS NOT NULL
ORDER BY scope;
