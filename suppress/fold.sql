-- The state of addresses from their reports, the decisions of people and a policy: all of invariant 3 of design.md is
-- in this statement. A batch, a decision and a rebuild run it; none of them knows another way. No rule of it depends
-- on the moment it runs: what it sees is all that counts.
--
-- The addresses are locked (lock.sql) by an earlier statement of the same READ COMMITTED transaction.
--
-- $1 text[]: the addresses, each once; $2: the policy's version; $3 boolean[]: which of them are role addresses.
-- Answers how many addresses have another state now, and of how many rows the suppression changed.
WITH policy AS MATERIALIZED (
    SELECT (settings ->> 'plausible_messages')::integer AS messages,
        make_interval(hours => (settings ->> 'plausible_apart_hours')::integer) AS apart,
        make_interval(hours => (settings ->> 'bad_domain_apart_hours')::integer) AS domain_apart
    FROM heed_data.policy
    WHERE version = $2::bigint
),
wanted AS MATERIALIZED (
    SELECT w.address COLLATE "C" AS address, w.role
    FROM unnest($1::text[], $3::boolean[]) AS w (address, role)
),
-- Whatever is believable, of any verdict: a more trusted report of a failure may say that it was not a hard one.
-- OFFSET 0 keeps this a walk of the index for each address.
report AS (
    SELECT wanted.address, wanted.role, found.*
    FROM wanted
    CROSS JOIN LATERAL (
        SELECT arrived_at, digest, ordinal, occurred_at, stream, closed, trust, class, verdict, status, original_key,
            failure_key
        FROM heed_data.event AS event
        WHERE event.address = wanted.address AND event.trust >= 2 AND event.verdict IS NOT NULL
        UNION ALL
        SELECT arrived_at, digest, ordinal, occurred_at, stream, closed, trust, class, verdict, status, original_key,
            failure_key
        FROM heed_data.evidence AS evidence
        WHERE evidence.address = wanted.address AND evidence.trust >= 2 AND evidence.verdict IS NOT NULL
        OFFSET 0
    ) AS found
),
-- Each failure once; the most trusted report speaks for it, of equals the earliest, but of complaints first one from a
-- closed mailbox: it proves more, and nothing is gained by sending another ahead of it.
failure AS (
    SELECT DISTINCT ON (address, failure_key)
        address, role, digest, ordinal, occurred_at, closed, trust, class, verdict, status,
        CASE verdict WHEN 'hard' THEN '' ELSE coalesce(stream, '') END COLLATE "C" AS scope,
        CASE WHEN verdict = 'hard' AND class = 'bad-domain' THEN 'bad-domain' ELSE verdict::text END AS matter,
        -- Reports that do not say which message failed count as being about one message.
        coalesce(encode(original_key, 'hex'), '') COLLATE "C" AS original,
        min(arrived_at) OVER (PARTITION BY address, failure_key) AS first_arrived_at
    FROM report
    ORDER BY address, failure_key, trust DESC, (verdict = 'complaint' AND closed) DESC, occurred_at, digest, ordinal
),
decision AS MATERIALIZED (
    SELECT wanted.address, found.*
    FROM wanted
    CROSS JOIN LATERAL (
        SELECT decision_id, decided_at, action, scope
        FROM heed_data.decision AS decision
        WHERE decision.address = wanted.address
        OFFSET 0
    ) AS found
),
removal AS MATERIALIZED (
    SELECT scope, address, max(decided_at) AS decided_at, max(decision_id) AS decision_id
    FROM decision
    WHERE action = 'remove'
    GROUP BY scope, address
),
-- What counts. A removal disregards what had arrived by then, by our own clock: a date that mail claims proves nothing,
-- and another report of a failure that was known by then is no new evidence either.
evidence AS (
    SELECT failure.*
    FROM failure
    LEFT JOIN removal AS here ON here.address = failure.address AND here.scope = failure.scope
    LEFT JOIN removal AS everywhere ON everywhere.address = failure.address AND everywhere.scope = ''
    WHERE failure.verdict IN ('hard', 'complaint', 'unsubscribe')
        AND NOT (failure.verdict = 'complaint' AND failure.role)
        AND failure.first_arrived_at
            > coalesce(greatest(here.decided_at, everywhere.decided_at), '-infinity'::timestamptz)
),
-- For each piece of evidence, what came long enough before it: of another message (the least or the greatest of them
-- differs from its own), or authenticated.
compared AS (
    SELECT *,
        row_number() OVER (PARTITION BY scope, address, matter, original ORDER BY occurred_at, digest, ordinal) = 1
            AS first_of_message,
        coalesce(min(original) OVER apart <> original OR max(original) OVER apart <> original, false)
            AS has_other_before,
        coalesce(min(original) OVER domain_apart <> original OR max(original) OVER domain_apart <> original, false)
            AS has_other_long_before,
        coalesce(bool_or(trust >= 3) OVER domain_apart, false) AS has_authenticated_long_before
    FROM evidence
    WINDOW apart AS (PARTITION BY scope, address, matter ORDER BY occurred_at
            RANGE BETWEEN UNBOUNDED PRECEDING AND (SELECT apart FROM policy) PRECEDING),
        domain_apart AS (PARTITION BY scope, address, matter ORDER BY occurred_at
            RANGE BETWEEN UNBOUNDED PRECEDING AND (SELECT domain_apart FROM policy) PRECEDING)
),
weighed AS (
    SELECT *,
        count(*) FILTER (WHERE first_of_message) OVER so_far AS messages,
        bool_or(has_other_before) OVER so_far AS has_pair
    FROM compared
    WINDOW so_far AS (PARTITION BY scope, address, matter ORDER BY occurred_at, digest, ordinal)
),
judged AS (
    SELECT weighed.*,
        CASE
            WHEN matter = 'bad-domain' THEN CASE
                WHEN status = '5.1.10' AND trust >= 3 THEN 'bad-domain: null MX'
                WHEN has_other_long_before OR (trust >= 3 AND has_authenticated_long_before)
                    THEN format('bad-domain: 2 reports %s h apart', extract(epoch FROM policy.domain_apart)::bigint / 3600)
                END
            WHEN trust >= 4 THEN matter || ': signed report'
            WHEN trust = 3 THEN matter || ': authenticated report'
            WHEN matter = 'complaint' AND closed THEN 'complaint: closed mailbox'
            WHEN policy.messages < 2 THEN matter || ': plausible report'
            WHEN weighed.messages >= policy.messages AND has_pair
                THEN format('%s: %s messages %s h apart', matter, policy.messages,
                    extract(epoch FROM policy.apart)::bigint / 3600)
        END COLLATE "C" AS rule
    FROM weighed CROSS JOIN policy
),
-- The rule that was satisfied first speaks for the scope.
decisive AS (
    SELECT DISTINCT ON (scope, address) scope, address, class, verdict, occurred_at, rule
    FROM judged
    WHERE rule IS NOT NULL
    ORDER BY scope, address, occurred_at, digest, ordinal
),
counted AS (
    SELECT scope, address, count(*) AS evidence_count, min(occurred_at) AS first_event_at,
        max(occurred_at) AS last_event_at
    FROM evidence
    GROUP BY scope, address
),
concerned AS (
    SELECT scope, address FROM counted UNION SELECT scope, address FROM decision
),
-- What people decided. Of several decisions the last one holds; a removal and an allowance in scope '' are for every
-- scope, an addition needs no row but its own.
decided AS (
    SELECT concerned.scope, concerned.address,
        min(decision.decided_at) FILTER (WHERE decision.action = 'add' AND decision.scope = concerned.scope
            AND decision.decision_id > coalesce(greatest(here.decision_id, everywhere.decision_id), 0)) AS added_at,
        coalesce((array_agg(decision.action ORDER BY decision.decision_id DESC)
            FILTER (WHERE decision.action IN ('allow', 'disallow')))[1] = 'allow', false) AS allowed
    FROM concerned
    JOIN decision ON decision.address = concerned.address AND decision.scope IN ('', concerned.scope)
    LEFT JOIN removal AS here ON here.address = concerned.address AND here.scope = concerned.scope
    LEFT JOIN removal AS everywhere ON everywhere.address = concerned.address AND everywhere.scope = ''
    GROUP BY concerned.scope, concerned.address
),
folded AS MATERIALIZED (
    SELECT concerned.scope, concerned.address,
        NOT coalesce(decided.allowed, false) AND (decided.added_at IS NOT NULL OR decisive.rule IS NOT NULL)
            AS suppressed,
        coalesce(decided.allowed, false) AS allowed,
        CASE
            WHEN decided.added_at IS NOT NULL THEN 'manual'
            ELSE coalesce(decisive.class::text, decisive.verdict::text)
        END COLLATE "C" AS reason,
        CASE WHEN decided.added_at IS NOT NULL THEN 'manual' ELSE decisive.verdict::text END COLLATE "C" AS verdict,
        coalesce(decided.added_at, decisive.occurred_at) AS since,
        coalesce(counted.evidence_count, 0)::integer AS evidence_count,
        counted.first_event_at,
        counted.last_event_at,
        CASE
            WHEN decided.allowed THEN 'allowed'
            WHEN decided.added_at IS NOT NULL THEN 'added by hand'
            ELSE coalesce(decisive.rule, 'not enough evidence yet')
        END COLLATE "C" AS rule
    FROM concerned
    LEFT JOIN counted USING (scope, address)
    LEFT JOIN decisive USING (scope, address)
    LEFT JOIN decided USING (scope, address)
    WHERE counted.evidence_count > 0 OR decided.allowed OR decided.added_at IS NOT NULL
),
-- The rows as they are, those that only lock.sql made among them.
before AS MATERIALIZED (
    SELECT wanted.address, found.*
    FROM wanted
    CROSS JOIN LATERAL (
        SELECT ctid AS place, scope, suppressed, allowed, reason, verdict, since, until, evidence_count,
            first_event_at, last_event_at, rule, policy_version
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
        until, evidence_count, first_event_at, last_event_at, rule, policy_version)
    SELECT scope, address, substring(address FROM '[^@]*$'), suppressed, allowed, reason, verdict, since, NULL,
        evidence_count, first_event_at, last_event_at, rule, $2::bigint
    FROM folded
    ON CONFLICT (scope, address) DO UPDATE
    SET suppressed = excluded.suppressed, allowed = excluded.allowed, reason = excluded.reason,
        verdict = excluded.verdict, since = excluded.since, until = excluded.until,
        evidence_count = excluded.evidence_count, first_event_at = excluded.first_event_at,
        last_event_at = excluded.last_event_at, rule = excluded.rule, policy_version = excluded.policy_version
    WHERE (state.suppressed, state.allowed, state.reason, state.verdict, state.since, state.until,
            state.evidence_count, state.first_event_at, state.last_event_at, state.rule, state.policy_version)
        IS DISTINCT FROM (excluded.suppressed, excluded.allowed, excluded.reason, excluded.verdict, excluded.since,
            excluded.until, excluded.evidence_count, excluded.first_event_at, excluded.last_event_at, excluded.rule,
            excluded.policy_version)
)
SELECT count(DISTINCT address) AS changed,
    count(*) FILTER (WHERE coalesce(old.suppressed, false) <> coalesce(folded.suppressed, false)) AS switched
FROM folded
FULL JOIN (SELECT * FROM before WHERE rule IS NOT NULL) AS old USING (scope, address)
WHERE (old.suppressed, old.allowed, old.reason, old.verdict, old.since, old.until, old.evidence_count,
        old.first_event_at, old.last_event_at, old.rule)
    IS DISTINCT FROM (folded.suppressed, folded.allowed, folded.reason, folded.verdict, folded.since,
        NULL::timestamptz, folded.evidence_count, folded.first_event_at, folded.last_event_at, folded.rule);
