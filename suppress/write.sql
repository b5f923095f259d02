-- Writes what was judged: rows that differ are written, rows that nothing speaks for any more are deleted, those that
-- only lock.sql made among them. Times are microseconds since 1970.
--
-- $1 text[]: the addresses that were judged, each once; $2: the policy's version; then a row for each address and scope,
-- as arrays: $3 scope, $4 address, $5 suppressed, $6 allowed, $7 reason, $8 verdict, $9 since, $10 until, $11 hold,
-- $12 evidence_count, $13 first_event_at, $14 last_event_at, $15 rule.
-- Answers how many addresses have another state now, and of how many rows the suppression is another at this moment: it
-- came, went, or has another end.
WITH wanted AS MATERIALIZED (
    SELECT unnest($1::text[]) COLLATE "C" AS address
),
folded AS MATERIALIZED (
    SELECT scope COLLATE "C" AS scope, address COLLATE "C" AS address, suppressed, allowed,
        reason COLLATE "C" AS reason, verdict COLLATE "C" AS verdict,
        timestamptz 'epoch' + since * interval '1 microsecond' AS since,
        timestamptz 'epoch' + until * interval '1 microsecond' AS until,
        hold_id, evidence_count::integer AS evidence_count,
        timestamptz 'epoch' + first_event_at * interval '1 microsecond' AS first_event_at,
        timestamptz 'epoch' + last_event_at * interval '1 microsecond' AS last_event_at,
        rule COLLATE "C" AS rule
    FROM (SELECT unnest($3::text[]) AS scope, unnest($4::text[]) AS address, unnest($5::boolean[]) AS suppressed,
            unnest($6::boolean[]) AS allowed, unnest($7::text[]) AS reason, unnest($8::text[]) AS verdict,
            unnest($9::bigint[]) AS since, unnest($10::bigint[]) AS until, unnest($11::bigint[]) AS hold_id,
            unnest($12::bigint[]) AS evidence_count, unnest($13::bigint[]) AS first_event_at,
            unnest($14::bigint[]) AS last_event_at, unnest($15::text[]) AS rule) AS judged
),
before AS MATERIALIZED (
    SELECT wanted.address, found.*
    FROM wanted
    CROSS JOIN LATERAL (
        SELECT ctid AS place, scope, suppressed, allowed, reason, verdict, since, until, evidence_count,
            first_event_at, last_event_at, rule, hold_id, policy_version
        FROM heed_data.address_state AS state
        WHERE state.address = wanted.address
        OFFSET 0
    ) AS found
),
deleted AS (
    DELETE FROM heed_data.address_state
    WHERE ctid = ANY (ARRAY(
        SELECT place FROM before
        WHERE NOT EXISTS (SELECT FROM folded WHERE folded.scope = before.scope AND folded.address = before.address)
    ))
),
written AS (
    INSERT INTO heed_data.address_state AS state (scope, address, domain, suppressed, allowed, reason, verdict, since,
        until, evidence_count, first_event_at, last_event_at, rule, hold_id, policy_version)
    SELECT scope, address, substring(address FROM '[^@]*$'), suppressed, allowed, reason, verdict, since, until,
        evidence_count, first_event_at, last_event_at, rule, hold_id, $2::bigint
    FROM folded
    ON CONFLICT (scope, address) DO UPDATE
    SET suppressed = excluded.suppressed, allowed = excluded.allowed, reason = excluded.reason,
        verdict = excluded.verdict, since = excluded.since, until = excluded.until,
        evidence_count = excluded.evidence_count, first_event_at = excluded.first_event_at,
        last_event_at = excluded.last_event_at, rule = excluded.rule, hold_id = excluded.hold_id,
        policy_version = excluded.policy_version
    WHERE (state.suppressed, state.allowed, state.reason, state.verdict, state.since, state.until,
            state.evidence_count, state.first_event_at, state.last_event_at, state.rule, state.hold_id,
            state.policy_version)
        IS DISTINCT FROM (excluded.suppressed, excluded.allowed, excluded.reason, excluded.verdict, excluded.since,
            excluded.until, excluded.evidence_count, excluded.first_event_at, excluded.last_event_at, excluded.rule,
            excluded.hold_id, excluded.policy_version)
)
SELECT count(DISTINCT address) AS changed,
    count(*) FILTER (WHERE CASE WHEN old.suppressed AND coalesce(old.until > clock_timestamp(), true)
            THEN coalesce(old.until, 'infinity') END
        IS DISTINCT FROM CASE WHEN folded.suppressed AND coalesce(folded.until > clock_timestamp(), true)
            THEN coalesce(folded.until, 'infinity') END) AS switched
FROM folded
FULL JOIN (SELECT * FROM before WHERE rule IS NOT NULL) AS old USING (scope, address)
WHERE (old.suppressed, old.allowed, old.reason, old.verdict, old.since, old.until, old.evidence_count,
        old.first_event_at, old.last_event_at, old.rule, old.hold_id)
    IS DISTINCT FROM (folded.suppressed, folded.allowed, folded.reason, folded.verdict, folded.since,
        folded.until, folded.evidence_count, folded.first_event_at, folded.last_event_at, folded.rule, folded.hold_id);
