-- Sums of what is counted, so that scores and reports cost what follows the names and not their history.

-- Nobody folds meanwhile.
SELECT pg_advisory_xact_lock(hashtextextended('heed.rollup', 0));

-- The roll-ups of all recipient domains, and the volumes of all but the stream. Folded as they are.
CREATE TABLE heed_data.rollup_total (
    day           date NOT NULL,                -- UTC
    stream        text COLLATE "C" NOT NULL,
    provider      text COLLATE "C" NOT NULL,
    sender_domain text COLLATE "C" NOT NULL,
    source_ip     text COLLATE "C" NOT NULL,
    kind          heed_data.kind NOT NULL,
    class         text COLLATE "C" NOT NULL,
    verdict       text COLLATE "C" NOT NULL,
    has_domain    boolean NOT NULL,             -- whether a recipient domain is known
    failures      bigint NOT NULL,
    reports       bigint NOT NULL,
    PRIMARY KEY (day, stream, provider, sender_domain, source_ip, kind, class, verdict, has_domain)
) WITH (fillfactor = 80);
INSERT INTO heed_data.rollup_total
SELECT day, stream, provider, sender_domain, source_ip, kind, class, verdict, domain <> '', sum(failures)::bigint,
    sum(reports)::bigint
FROM heed_data.rollup
GROUP BY day, stream, provider, sender_domain, source_ip, kind, class, verdict, domain <> '';

CREATE TABLE heed_data.volume_total (
    hour      timestamptz NOT NULL,
    stream    text COLLATE "C" NOT NULL,
    delivered bigint NOT NULL,
    failed    bigint NOT NULL,
    PRIMARY KEY (hour, stream)
) WITH (fillfactor = 80);
INSERT INTO heed_data.volume_total
SELECT hour, stream, sum(delivered)::bigint, sum(failed)::bigint
FROM heed_data.volume
GROUP BY hour, stream;

CREATE INDEX rollup_domain ON heed_data.rollup (domain, day); -- why one fares as it does

-- What is folded meets the rows of its day over and over: with room on the page no index learns of it.
ALTER TABLE heed_data.rollup SET (fillfactor = 80);
ALTER TABLE heed_data.volume SET (fillfactor = 80);
ALTER TABLE heed_data.reputation_day SET (fillfactor = 80);

-- The 30 days of a score in three parts, of which its counts of 1, 7 and 30 days are made: 0 is the day that
-- reputation_summed tells, 1 the six days before it, 7 the others. Parts are counts by the weight of their day, in 2^20ths
-- (docs/reputation.md). Whoever changes a weight or a span in db/views/70_reputation.sql makes all this stale.
CREATE TABLE heed_data.reputation_sum (
    dimension        text COLLATE "C" NOT NULL,
    name             text COLLATE "C" NOT NULL,
    span             integer NOT NULL,
    delivered        bigint NOT NULL,
    failed           bigint NOT NULL,
    failures         bigint NOT NULL,
    hard             bigint NOT NULL,
    soft             bigint NOT NULL,
    block            bigint NOT NULL,
    transient        bigint NOT NULL,
    deferred         bigint NOT NULL,
    complaints       bigint NOT NULL,
    sent_parts       bigint NOT NULL,
    delivered_parts  bigint NOT NULL,
    hard_parts       bigint NOT NULL,
    block_parts      bigint NOT NULL,
    deferred_parts   bigint NOT NULL,
    complaints_parts bigint NOT NULL,
    PRIMARY KEY (dimension, name, span)
) WITH (fillfactor = 80);

-- The day (UTC) that the sums are of. On any other they say nothing: views sum the days then, until the next folding.
CREATE TABLE heed_data.reputation_summed (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    day      date NOT NULL
);
INSERT INTO heed_data.reputation_summed (day) VALUES ('-infinity');

-- Folds the deltas: each into its roll-up or volume and the total of these, both into the days, and these into the sums; on
-- a new day all days that there are. In the order of the keys, so that what is near each other is met together. Whoever reads sees each count once, since all of it is one transaction.
CREATE OR REPLACE FUNCTION heed_data.fold_rollups()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB'
AS $function$
DECLARE
    today CONSTANT date := (now() AT TIME ZONE 'UTC')::date;
    is_new boolean;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('heed.rollup', 0)) THEN
        RETURN;
    END IF;
    UPDATE heed_data.reputation_summed SET day = today WHERE day <> today;
    is_new := FOUND;
    IF is_new THEN
        DELETE FROM heed_data.reputation_sum;
    END IF;
    WITH delta AS (
        DELETE FROM heed_data.rollup_delta RETURNING *
    ), rolled AS (
        INSERT INTO heed_data.rollup AS rollup (day, stream, domain, provider, sender_domain, source_ip, kind, class,
            verdict, failures, reports)
        SELECT day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict,
            sum(failures)::bigint, sum(reports)::bigint
        FROM delta
        GROUP BY day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict
        ORDER BY day, stream, domain
        ON CONFLICT (day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict) DO UPDATE
        SET failures = rollup.failures + excluded.failures, reports = rollup.reports + excluded.reports
    ), rolled_total AS (
        INSERT INTO heed_data.rollup_total AS total (day, stream, provider, sender_domain, source_ip, kind, class,
            verdict, has_domain, failures, reports)
        SELECT day, stream, provider, sender_domain, source_ip, kind, class, verdict, domain <> '',
            sum(failures)::bigint, sum(reports)::bigint
        FROM delta
        GROUP BY day, stream, provider, sender_domain, source_ip, kind, class, verdict, domain <> ''
        ON CONFLICT (day, stream, provider, sender_domain, source_ip, kind, class, verdict, has_domain) DO UPDATE
        SET failures = total.failures + excluded.failures, reports = total.reports + excluded.reports
    ), volume AS (
        DELETE FROM heed_data.volume_delta RETURNING *
    ), sent AS (
        INSERT INTO heed_data.volume AS volume (hour, stream, domain, provider, sender_domain, source_ip, delivered,
            failed)
        SELECT hour, stream, domain, provider, sender_domain, source_ip, sum(delivered)::bigint, sum(failed)::bigint
        FROM volume
        GROUP BY hour, stream, domain, provider, sender_domain, source_ip
        ORDER BY hour, stream, domain
        ON CONFLICT (hour, stream, domain, provider, sender_domain, source_ip) DO UPDATE
        SET delivered = volume.delivered + excluded.delivered, failed = volume.failed + excluded.failed
    ), sent_total AS (
        INSERT INTO heed_data.volume_total AS total (hour, stream, delivered, failed)
        SELECT hour, stream, sum(delivered)::bigint, sum(failed)::bigint
        FROM volume
        GROUP BY hour, stream
        ON CONFLICT (hour, stream) DO UPDATE
        SET delivered = total.delivered + excluded.delivered, failed = total.failed + excluded.failed
    ), counted AS (
        SELECT dimension, name, day, sum(delivered)::bigint AS delivered, sum(failed)::bigint AS failed,
            sum(failures)::bigint AS failures, sum(hard)::bigint AS hard, sum(soft)::bigint AS soft,
            sum(block)::bigint AS block, sum(transient)::bigint AS transient, sum(deferred)::bigint AS deferred,
            sum(complaints)::bigint AS complaints
        FROM (
            SELECT said.*
            FROM delta, heed_data.reputation_of_rollup(delta.day, delta.domain, delta.provider, delta.sender_domain,
                delta.source_ip, delta.kind, delta.verdict, delta.failures) AS said
            UNION ALL
            SELECT said.*
            FROM volume, heed_data.reputation_of_volume(volume.hour, volume.domain, volume.provider,
                volume.sender_domain, volume.source_ip, volume.delivered, volume.failed) AS said
        ) AS said
        GROUP BY dimension, name, day
    ), days AS (
        INSERT INTO heed_data.reputation_day AS known
        SELECT * FROM counted
        ORDER BY dimension, day, name
        ON CONFLICT (dimension, day, name) DO UPDATE
        SET delivered = known.delivered + excluded.delivered, failed = known.failed + excluded.failed,
            failures = known.failures + excluded.failures, hard = known.hard + excluded.hard,
            soft = known.soft + excluded.soft, block = known.block + excluded.block,
            transient = known.transient + excluded.transient, deferred = known.deferred + excluded.deferred,
            complaints = known.complaints + excluded.complaints
    )
    -- The days that are read here are those of before this statement: what it adds to them is not among them.
    INSERT INTO heed_data.reputation_sum AS known
    SELECT dimension, name, span, sum(delivered::float8)::bigint, sum(failed::float8)::bigint,
        sum(failures::float8)::bigint, sum(hard::float8)::bigint, sum(soft::float8)::bigint, sum(block::float8)::bigint,
        sum(transient::float8)::bigint, sum(deferred::float8)::bigint, sum(complaints::float8)::bigint,
        sum((delivered + failed) * parts)::bigint, sum(delivered * parts)::bigint, sum(hard * parts)::bigint,
        sum(block * parts)::bigint, sum(deferred * parts)::bigint, sum(complaints * parts)::bigint
    FROM (
        SELECT * FROM counted
        UNION ALL
        SELECT * FROM heed_data.reputation_day WHERE is_new AND day > today - 30
    ) AS said
    JOIN heed_data.reputation_recent USING (day)
    GROUP BY dimension, name, span
    ORDER BY dimension, name, span
    ON CONFLICT (dimension, name, span) DO UPDATE
    SET delivered = known.delivered + excluded.delivered, failed = known.failed + excluded.failed,
        failures = known.failures + excluded.failures, hard = known.hard + excluded.hard,
        soft = known.soft + excluded.soft, block = known.block + excluded.block,
        transient = known.transient + excluded.transient, deferred = known.deferred + excluded.deferred,
        complaints = known.complaints + excluded.complaints,
        sent_parts = known.sent_parts + excluded.sent_parts,
        delivered_parts = known.delivered_parts + excluded.delivered_parts,
        hard_parts = known.hard_parts + excluded.hard_parts, block_parts = known.block_parts + excluded.block_parts,
        deferred_parts = known.deferred_parts + excluded.deferred_parts,
        complaints_parts = known.complaints_parts + excluded.complaints_parts;
END
$function$;

-- Forgets counts of days before a moment, by the hour and by the day. Sums that had such a day in them are made anew at
-- the next folding, which is kept from happening at the same time.
CREATE OR REPLACE FUNCTION heed_data.drop_counts(horizon timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('heed.rollup', 0));
    DELETE FROM heed_data.rollup WHERE day < (horizon AT TIME ZONE 'UTC')::date;
    DELETE FROM heed_data.rollup_total WHERE day < (horizon AT TIME ZONE 'UTC')::date;
    DELETE FROM heed_data.volume WHERE hour < horizon;
    DELETE FROM heed_data.volume_total WHERE hour < horizon;
    WITH dropped AS (
        DELETE FROM heed_data.reputation_day
        WHERE dimension IN ('recipient-domain', 'provider', 'sender-domain', 'source-ip') -- the key begins with it
            AND day < (horizon AT TIME ZONE 'UTC')::date
        RETURNING day
    )
    UPDATE heed_data.reputation_summed AS summed SET day = '-infinity'
    WHERE EXISTS (SELECT FROM dropped WHERE dropped.day > summed.day - 30);
END
$function$;
