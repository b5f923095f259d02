-- What the guard knows of the past: addresses that failed hard for the first time, by recipient domain, mailbox provider
-- and reporting server; of a server, domains instead of addresses. Appended by whoever stores, summed up by the hour
-- later, forgotten after 31 days.
CREATE TABLE heed_data.guard_count (
    dimension text COLLATE "C" NOT NULL CHECK (dimension IN ('domain', 'provider', 'mta')),
    name      text COLLATE "C" NOT NULL,
    at        timestamptz NOT NULL,             -- of arrival
    addresses bigint NOT NULL
);
CREATE INDEX guard_count_name ON heed_data.guard_count (name, dimension, at);
CREATE INDEX guard_count_at ON heed_data.guard_count (at);

-- Whom a hold pauses.
CREATE INDEX address_state_hold ON heed_data.address_state (hold_id) WHERE hold_id IS NOT NULL;

CREATE FUNCTION heed_data.fold_guard()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('heed.guard_count', 0)) THEN
        RETURN;
    END IF;
    DELETE FROM heed_data.guard_count WHERE at < now() - interval '31 days';
    -- Minutes count while they are young; those of the last two hours are left as they came.
    WITH gone AS (
        DELETE FROM heed_data.guard_count
        WHERE at < date_trunc('hour', now() - interval '2 hours') AND at <> date_trunc('hour', at)
        RETURNING *
    )
    INSERT INTO heed_data.guard_count (dimension, name, at, addresses)
    SELECT dimension, name, date_trunc('hour', at), sum(addresses)::bigint
    FROM gone
    GROUP BY dimension, name, date_trunc('hour', at);
END
$function$;
REVOKE ALL ON FUNCTION heed_data.fold_guard FROM PUBLIC;
