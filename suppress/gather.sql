-- All that there is to judge addresses by: their failures, each once, what lifts, and what people decided. Which reports
-- speak is decided here, what they mean in judge.c; nothing depends on the moment.
--
-- The addresses are locked (lock.sql) by an earlier statement of the same READ COMMITTED transaction.
--
-- $1 text[]: the addresses, each once; $2: hours that a hold of the guard pauses; $3: how many failures of one address
-- are looked at: of more, the most trusted, of those the newest, so that a flood of forged ones hides no other.
-- Answers the place of the address in $1, then what is known, in the order of history: a decision (its action, and what
-- it keeps), or a fact, whose action is NULL.
WITH wanted AS MATERIALIZED (
    SELECT place, address COLLATE "C" AS address FROM unnest($1::text[]) WITH ORDINALITY AS w (address, place)
),
-- Whatever is believable, of any verdict: a more trusted report of a failure may say that it was not a hard one. What
-- was undone, or discarded with a surge, never arrived. OFFSET 0 keeps this a walk of the index for each address.
report AS (
    SELECT wanted.place, found.*
    FROM wanted
    CROSS JOIN LATERAL (
        SELECT arrived_at, digest, ordinal, occurred_at, stream, closed, trust, kind, action, class, verdict, status,
            domain, provider, reporter_mta, original_key, failure_key
        FROM heed_data.event AS event
        WHERE event.address = wanted.address AND event.trust >= 2
        UNION ALL
        SELECT arrived_at, digest, ordinal, occurred_at, stream, closed, trust, kind, action, class, verdict, status,
            domain, provider, reporter_mta, original_key, failure_key
        FROM heed_data.evidence AS evidence
        WHERE evidence.address = wanted.address AND evidence.trust >= 2
        OFFSET 0
    ) AS found
    WHERE (found.verdict IS NOT NULL AND coalesce(found.action, 'failed') = 'failed' AND found.kind <> 'not-spam')
        OR (found.trust >= 3 AND (found.action = 'delivered' OR found.kind = 'not-spam'))
),
heard AS (
    SELECT report.*, held.pending, held.placed_at
    FROM report
    LEFT JOIN LATERAL (
        SELECT bool_or(hold.resolution = 'discarded') AS discarded,
            max(hold.hold_id) FILTER (WHERE hold.resolution IS NULL) AS pending,
            max(hold.placed_at) FILTER (WHERE hold.resolution IS NULL) AS placed_at
        FROM heed_data.guard_hold AS hold
        WHERE report.verdict = 'hard'
            AND hold.name IN (report.domain, report.provider, report.reporter_mta)
            AND CASE hold.dimension WHEN 'domain' THEN report.domain WHEN 'provider' THEN report.provider
                ELSE report.reporter_mta END = hold.name
            AND report.occurred_at >= hold.began_at AND report.occurred_at < hold.ended_at
    ) AS held ON true
    WHERE NOT coalesce(held.discarded, false)
        AND NOT EXISTS (
            SELECT FROM heed_data.undone_event AS undone
            JOIN heed_data.undo AS undo ON undo.undo_id = undone.undo_id
            WHERE undone.digest = report.digest AND undone.ordinal = report.ordinal AND undo.reverted_at IS NULL
        )
),
-- Each failure once; the most trusted report speaks for it, of equals the earliest, but of complaints first one from a
-- closed mailbox: it proves more, and nothing is gained by sending another ahead of it.
failure AS (
    SELECT DISTINCT ON (place, failure_key) heard.*,
        min(arrived_at) OVER (PARTITION BY place, failure_key) AS first_arrived_at
    FROM heard
    ORDER BY place, failure_key, trust DESC, (verdict = 'complaint' AND closed) DESC, occurred_at, digest, ordinal
),
fact AS (
    SELECT *, row_number() OVER (PARTITION BY place ORDER BY trust DESC, occurred_at DESC, digest DESC, ordinal DESC)
        AS rank
    FROM failure
)
SELECT place, NULL AS action, NULL AS scope,
    CASE WHEN kind = 'not-spam' THEN 'not-spam' WHEN action = 'delivered' THEN 'delivered' ELSE 'failed' END AS what,
    trust, verdict::text, class::text, closed, coalesce(status = '5.1.10', false) AS null_mx,
    (extract(epoch FROM occurred_at) * 1000000)::bigint AS at,
    (extract(epoch FROM first_arrived_at) * 1000000)::bigint AS arrived,
    (extract(epoch FROM greatest(occurred_at, placed_at) + make_interval(hours => $2::integer)) * 1000000)::bigint
        * CASE WHEN pending IS NULL THEN NULL ELSE 1 END AS held_until,
    pending, coalesce(stream, '') AS stream, coalesce(encode(original_key, 'hex'), '') AS original, digest, ordinal,
    NULL AS turn, NULL AS kept_suppressed, NULL AS kept_allowed, NULL AS kept_reason, NULL AS kept_verdict,
    NULL AS kept_since, NULL AS kept_until, NULL AS kept_count, NULL AS kept_first, NULL AS kept_last, NULL AS kept_rule
FROM fact
WHERE rank <= $3::bigint
UNION ALL
-- What the log of a server of ours says of deliveries counts as its own reports do.
SELECT wanted.place, NULL, NULL, 'delivered', 3, NULL, NULL, false, false,
    (extract(epoch FROM found.delivered_at) * 1000000)::bigint,
    (extract(epoch FROM found.arrived_at) * 1000000)::bigint, NULL, NULL, '',
    coalesce(encode(found.original_key, 'hex'), ''), NULL, NULL, NULL::bigint, NULL::boolean, NULL::boolean, NULL::text,
    NULL::text, NULL::bigint, NULL::bigint, NULL::integer, NULL::bigint, NULL::bigint, NULL::text
FROM wanted
CROSS JOIN LATERAL (
    SELECT delivered_at, arrived_at, original_key
    FROM heed_data.delivery AS delivery
    WHERE delivery.address = wanted.address
    OFFSET 0
) AS found
UNION ALL
SELECT wanted.place, found.action::text, found.scope, NULL, NULL, NULL, NULL, NULL, NULL,
    (extract(epoch FROM found.decided_at) * 1000000)::bigint, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    found.decision_id, kept.suppressed, kept.allowed, kept.reason, kept.verdict,
    (extract(epoch FROM kept.since) * 1000000)::bigint, (extract(epoch FROM kept.until) * 1000000)::bigint,
    kept.evidence_count, (extract(epoch FROM kept.first_event_at) * 1000000)::bigint,
    (extract(epoch FROM kept.last_event_at) * 1000000)::bigint, kept.rule
FROM wanted
CROSS JOIN LATERAL (
    SELECT decision_id, decided_at, action, scope
    FROM heed_data.decision AS decision
    WHERE decision.address = wanted.address
    OFFSET 0
) AS found
LEFT JOIN heed_data.kept AS kept ON found.action = 'keep' AND kept.decision_id = found.decision_id
ORDER BY place, turn NULLS FIRST, at, digest, ordinal
