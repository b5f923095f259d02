-- Keeps what is suppressed of an address: the states as they are, also of one that was forgotten before; a stream in which
-- it is allowed only beside a suppression everywhere, from which that is an exception.
--
-- $1: the address; $2: its pseudonym; $3: by whom; $4: suppress it everywhere if it is not.
-- Answers of how many states it is suppressed.
WITH state AS MATERIALIZED (
    SELECT DISTINCT ON (scope) scope, suppressed, allowed, reason, verdict, since, until, evidence_count,
        first_event_at, last_event_at, regexp_replace(rule, '^kept: ', '') AS rule
    FROM heed_data.address_state
    WHERE address IN ($1::text, $2::text) AND rule IS NOT NULL AND (suppressed OR allowed)
        AND (until IS NULL OR until > now())
    ORDER BY scope, suppressed DESC, until DESC NULLS FIRST, since
),
chosen AS MATERIALIZED (
    SELECT *
    FROM state
    WHERE suppressed
        OR (scope <> '' AND EXISTS (SELECT FROM state AS everywhere WHERE everywhere.scope = '' AND everywhere.suppressed))
    UNION ALL
    SELECT '', true, false, 'manual', 'manual', now(), NULL, 0, NULL, NULL, 'forgotten'
    WHERE $4::boolean
        AND NOT EXISTS (SELECT FROM state AS everywhere WHERE everywhere.scope = '' AND everywhere.suppressed)
),
decision AS (
    INSERT INTO heed_data.decision (action, scope, address, decided_by)
    SELECT 'keep', scope, $2::text, $3::text FROM chosen ORDER BY scope
    RETURNING decision_id, scope
),
kept AS (
    INSERT INTO heed_data.kept (decision_id, suppressed, allowed, reason, verdict, since, until, evidence_count,
        first_event_at, last_event_at, rule)
    SELECT decision.decision_id, suppressed, allowed, reason, verdict, since, until, evidence_count, first_event_at,
        last_event_at, rule
    FROM chosen
    JOIN decision USING (scope)
)
SELECT count(*) FROM chosen WHERE suppressed;
