-- What mail there was beside that which failed, and what is counted of each domain, provider and source by day.

-- Deliveries and final failures as the logs of mail servers tell of them, by hour: the denominators. Deltas are appended
-- and folded as those of the roll-ups are; '' is an unknown name.
CREATE TABLE heed_data.volume (
    hour          timestamptz NOT NULL,
    stream        text COLLATE "C" NOT NULL,
    domain        text COLLATE "C" NOT NULL,
    provider      text COLLATE "C" NOT NULL,
    sender_domain text COLLATE "C" NOT NULL,
    source_ip     text COLLATE "C" NOT NULL,
    delivered     bigint NOT NULL,
    failed        bigint NOT NULL,
    PRIMARY KEY (hour, stream, domain, provider, sender_domain, source_ip)
);
CREATE TABLE heed_data.volume_delta (LIKE heed_data.volume);

-- Roll-ups and volumes by one name each, so that what a score costs does not depend on how finely they are kept.
CREATE TABLE heed_data.reputation_day (
    dimension  text COLLATE "C" NOT NULL CHECK (dimension IN
        ('recipient-domain', 'provider', 'sender-domain', 'source-ip')),
    name       text COLLATE "C" NOT NULL,
    day        date NOT NULL,                   -- UTC
    delivered  bigint NOT NULL,                 -- by the logs, as is failed
    failed     bigint NOT NULL,
    failures   bigint NOT NULL,                 -- by reports and logs, each once; of them:
    hard       bigint NOT NULL,
    soft       bigint NOT NULL,
    block      bigint NOT NULL,
    transient  bigint NOT NULL,
    deferred   bigint NOT NULL,                 -- messages put off
    complaints bigint NOT NULL,
    PRIMARY KEY (dimension, day, name)          -- all names of some days
);
CREATE INDEX reputation_day_name ON heed_data.reputation_day (name, dimension, day); -- all days of one

-- Roll-ups and volumes as rows of reputation_day. SQL, so that a query sees through them.
CREATE FUNCTION heed_data.reputation_of_rollup(day date, domain text, provider text, sender_domain text, source_ip text,
    kind heed_data.kind, verdict text, failures bigint)
RETURNS SETOF heed_data.reputation_day LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    SELECT dimension, name, $1, 0::bigint, 0::bigint,
        CASE WHEN $6 = 'bounce' THEN $8 ELSE 0 END,
        CASE WHEN $6 = 'bounce' AND $7 = 'hard' THEN $8 ELSE 0 END,
        CASE WHEN $6 = 'bounce' AND $7 = 'soft' THEN $8 ELSE 0 END,
        CASE WHEN $6 = 'bounce' AND $7 = 'block' THEN $8 ELSE 0 END,
        CASE WHEN $6 = 'bounce' AND $7 = 'transient' THEN $8 ELSE 0 END,
        CASE WHEN $6 = 'delay' THEN $8 ELSE 0 END,
        CASE WHEN $6 = 'complaint' THEN $8 ELSE 0 END
    FROM (VALUES ('recipient-domain', $2), ('provider', $3), ('sender-domain', $4), ('source-ip', $5))
        AS named (dimension, name)
    WHERE name <> '' AND $6 IN ('bounce', 'delay', 'complaint')
$function$;

CREATE FUNCTION heed_data.reputation_of_volume(hour timestamptz, domain text, provider text, sender_domain text,
    source_ip text, delivered bigint, failed bigint)
RETURNS SETOF heed_data.reputation_day LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    SELECT dimension, name, ($1 AT TIME ZONE 'UTC')::date, $6, $7,
        0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint
    FROM (VALUES ('recipient-domain', $2), ('provider', $3), ('sender-domain', $4), ('source-ip', $5))
        AS named (dimension, name)
    WHERE name <> ''
$function$;

-- Folds the deltas: each into its roll-up or volume, and both into the days. Whoever reads sees each count once, since
-- all of it is one transaction.
CREATE OR REPLACE FUNCTION heed_data.fold_rollups()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('heed.rollup', 0)) THEN
        RETURN;
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
        ON CONFLICT (day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict) DO UPDATE
        SET failures = rollup.failures + excluded.failures, reports = rollup.reports + excluded.reports
    ), volume AS (
        DELETE FROM heed_data.volume_delta RETURNING *
    ), sent AS (
        INSERT INTO heed_data.volume AS volume (hour, stream, domain, provider, sender_domain, source_ip, delivered,
            failed)
        SELECT hour, stream, domain, provider, sender_domain, source_ip, sum(delivered)::bigint, sum(failed)::bigint
        FROM volume
        GROUP BY hour, stream, domain, provider, sender_domain, source_ip
        ON CONFLICT (hour, stream, domain, provider, sender_domain, source_ip) DO UPDATE
        SET delivered = volume.delivered + excluded.delivered, failed = volume.failed + excluded.failed
    )
    INSERT INTO heed_data.reputation_day AS counted
    SELECT dimension, name, day, sum(delivered)::bigint, sum(failed)::bigint, sum(failures)::bigint, sum(hard)::bigint,
        sum(soft)::bigint, sum(block)::bigint, sum(transient)::bigint, sum(deferred)::bigint, sum(complaints)::bigint
    FROM (
        SELECT said.*
        FROM delta, heed_data.reputation_of_rollup(delta.day, delta.domain, delta.provider, delta.sender_domain,
            delta.source_ip, delta.kind, delta.verdict, delta.failures) AS said
        UNION ALL
        SELECT said.*
        FROM volume, heed_data.reputation_of_volume(volume.hour, volume.domain, volume.provider, volume.sender_domain,
            volume.source_ip, volume.delivered, volume.failed) AS said
    ) AS said
    GROUP BY dimension, name, day
    ON CONFLICT (dimension, day, name) DO UPDATE
    SET delivered = counted.delivered + excluded.delivered, failed = counted.failed + excluded.failed,
        failures = counted.failures + excluded.failures, hard = counted.hard + excluded.hard,
        soft = counted.soft + excluded.soft, block = counted.block + excluded.block,
        transient = counted.transient + excluded.transient, deferred = counted.deferred + excluded.deferred,
        complaints = counted.complaints + excluded.complaints;
END
$function$;

-- What was folded before.
INSERT INTO heed_data.reputation_day
SELECT dimension, name, said.day, 0, 0, sum(said.failures)::bigint, sum(hard)::bigint, sum(soft)::bigint,
    sum(block)::bigint, sum(transient)::bigint, sum(deferred)::bigint, sum(complaints)::bigint
FROM heed_data.rollup AS rollup, heed_data.reputation_of_rollup(rollup.day, rollup.domain, rollup.provider,
    rollup.sender_domain, rollup.source_ip, rollup.kind, rollup.verdict, rollup.failures) AS said
GROUP BY dimension, name, said.day;
