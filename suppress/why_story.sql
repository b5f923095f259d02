-- All that was ever reported of an address, believed, undone or not, and decided: the newest $2 of it, oldest first. Of an event
-- whose reporting server is not known, when it arrived: its report may say more (why_reporters.sql).
WITH line AS (
    SELECT event.occurred_at AS at, false AS is_decision, event.stream AS scope,
        concat_ws(' ', event.kind::text, nullif(event.verdict::text, event.kind::text), event.class::text) AS what,
        event.trust, event.rule, event.diagnostic AS detail,
        event.reporter_mta AS source, encode(event.digest, 'hex') AS digest, event.ordinal::bigint AS number,
        CASE WHEN event.reporter_mta IS NULL THEN event.arrived_at::text END AS arrived_at
    FROM heed_data.event AS event
    WHERE event.address = $1::text
    UNION ALL
    SELECT occurred_at, false, stream, concat_ws(' ', kind::text, nullif(verdict::text, kind::text), class::text),
        trust, rule, diagnostic, NULL, encode(digest, 'hex'), ordinal::bigint, NULL
    FROM heed_data.evidence
    WHERE address = $1::text
    UNION ALL
    SELECT decided_at, true, scope, action::text, NULL, NULL, why, decided_by, NULL, decision_id, NULL
    FROM heed_data.decision
    WHERE address IN ($1::text, (SELECT heed_data.pseudonym($1::text)))
),
newest AS (
    SELECT *, count(*) OVER () AS all_lines
    FROM line
    ORDER BY at DESC, is_decision DESC, digest DESC, number DESC
    LIMIT $2::bigint
)
SELECT extract(epoch FROM at)::bigint, is_decision, scope,
    what || CASE WHEN NOT is_decision AND EXISTS (
            SELECT FROM heed_data.undone_event AS undone
            JOIN heed_data.undo AS undo ON undo.undo_id = undone.undo_id
            WHERE undone.digest = decode(newest.digest, 'hex') AND undone.ordinal = newest.number AND undo.reverted_at IS NULL
        ) THEN ' (undone)' ELSE '' END,
    trust, rule, detail, source, digest, all_lines, arrived_at
FROM newest
ORDER BY at, is_decision, digest, number;
