-- Records an undo and the events it disregards. Events that another undo disregards too are among them: each undo holds
-- by itself. The evidence of dropped events is looked at as they were; of what mailbox it came is not known any more.
--
-- $1: who; $2: why; $3 … $12: what is selected, each NULL for all: domain, provider, class, verdict, stream, mailbox,
-- reporting server, regular expression in the reply, since, until.
-- Answers the undo, how many events and addresses, and since when all events are kept where older ones were asked for.
WITH undo AS (
    INSERT INTO heed_data.undo (decided_by, why, selection)
    VALUES ($1::text, $2::text, jsonb_strip_nulls(jsonb_build_object('domain', $3::text, 'provider', $4::text,
        'class', $5::text, 'verdict', $6::text, 'stream', $7::text, 'mailbox', $8::text, 'mta', $9::text,
        'text', $10::text, 'since', $11::text::timestamptz, 'until', $12::text::timestamptz)))
    RETURNING undo_id
),
known AS (
    SELECT arrived_at, digest, ordinal, address, domain, provider, class, verdict, kind, action, stream, reporter_mta,
        diagnostic
    FROM heed_data.event
    UNION ALL
    SELECT arrived_at, digest, ordinal, address, domain, provider, class, verdict, kind, action, stream, reporter_mta,
        diagnostic
    FROM heed_data.evidence
),
undone AS (
    INSERT INTO heed_data.undone_event (arrived_at, digest, ordinal, undo_id, address)
    SELECT known.arrived_at, known.digest, known.ordinal, undo.undo_id, known.address
    FROM known
    CROSS JOIN undo
    WHERE known.address IS NOT NULL
        AND known.verdict IN ('hard', 'soft', 'complaint', 'unsubscribe')
        AND coalesce(known.action, 'failed') = 'failed' AND known.kind <> 'not-spam'
        AND ($3::text IS NULL OR known.domain = $3::text)
        AND ($4::text IS NULL OR known.provider = $4::text)
        AND ($5::text IS NULL OR known.class = $5::text::heed_data.class)
        AND ($6::text IS NULL OR known.verdict = $6::text::heed_data.verdict)
        AND ($7::text IS NULL OR coalesce(known.stream, '') = $7::text)
        AND ($9::text IS NULL OR known.reporter_mta = $9::text)
        AND ($10::text IS NULL OR known.diagnostic ~* $10::text)
        AND ($11::text IS NULL OR known.arrived_at >= $11::text::timestamptz)
        AND ($12::text IS NULL OR known.arrived_at < $12::text::timestamptz)
        AND ($8::text IS NULL OR EXISTS (
            SELECT FROM heed_data.report AS report
            JOIN heed_data.mailbox AS mailbox ON mailbox.mailbox_id = report.mailbox_id
            WHERE report.arrived_at = known.arrived_at AND report.digest = known.digest AND mailbox.name = $8::text
        ))
    ON CONFLICT DO NOTHING
    RETURNING address
),
oldest AS (
    SELECT min(arrived_at) AS kept_since FROM heed_data.event
)
SELECT undo.undo_id, counted.events, counted.addresses,
    (SELECT extract(epoch FROM kept_since)::bigint
        FROM oldest
        WHERE ($11::text IS NULL OR $11::text::timestamptz < kept_since)
            AND EXISTS (SELECT FROM heed_data.evidence WHERE arrived_at < kept_since)) AS kept_since
FROM undo
CROSS JOIN (SELECT count(*) AS events, count(DISTINCT address) AS addresses FROM undone) AS counted;
