-- The guard goes by when our mail system received a report, which for old mail is long before it arrived here: counts of
-- such a time are wanted for as long as it may still be read.
ALTER TABLE heed_data.guard_count ADD COLUMN stored_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN heed_data.guard_count.at IS 'Of receiving, to the hour when it is no longer young';
COMMENT ON COLUMN heed_data.guard_hold.began_at IS
    'By receiving, as is the end; the beginning of the surge, before it was noticed';
COMMENT ON COLUMN heed_data.guard_hold.placed_at IS 'When it was noticed, or would have been when the reports were received';

CREATE OR REPLACE FUNCTION heed_data.fold_guard()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('heed.guard_count', 0)) THEN
        RETURN;
    END IF;
    DELETE FROM heed_data.guard_count WHERE stored_at < now() - interval '31 days';
    -- Minutes count while they are young; those of the last two hours are left as they came.
    WITH gone AS (
        DELETE FROM heed_data.guard_count
        WHERE at < date_trunc('hour', now() - interval '2 hours') AND at <> date_trunc('hour', at)
        RETURNING *
    )
    INSERT INTO heed_data.guard_count (dimension, name, at, addresses, stored_at)
    SELECT dimension, name, date_trunc('hour', at), sum(addresses)::bigint, max(stored_at)
    FROM gone
    GROUP BY dimension, name, date_trunc('hour', at);
END
$function$;
