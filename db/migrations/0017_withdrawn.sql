-- What withdraws a kept complaint, or clears kept failures, is kept with them: an address that has no state any more may
-- have evidence, which a rebuild would count again. In all else this is the function of 0009.
CREATE OR REPLACE FUNCTION heed_data.drop_events(horizon timestamptz)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s'
AS $function$
DECLARE
    part record;
    dropped integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('heed.partitions', 0)) THEN
        RETURN 0;
    END IF;
    FOR part IN
        SELECT child.relname AS name,
            to_date(right(child.relname, 6), 'YYYYMM')::timestamp AT TIME ZONE 'UTC' AS starts,
            (to_date(right(child.relname, 6), 'YYYYMM') + interval '1 month') AT TIME ZONE 'UTC' AS ends
        FROM pg_inherits AS inherits
        JOIN pg_class AS child ON child.oid = inherits.inhrelid
        WHERE inherits.inhparent = 'heed_data.event'::regclass AND child.relname ~ '^event_[0-9]{6}$'
            AND (to_date(right(child.relname, 6), 'YYYYMM') + interval '1 month') AT TIME ZONE 'UTC' <= horizon
        UNION ALL
        SELECT 'event_default', '-infinity', horizon
        WHERE EXISTS (SELECT FROM heed_data.event_default WHERE arrived_at < horizon)
        ORDER BY name
    LOOP
        -- Nobody folds by these events and has not committed.
        EXECUTE format('LOCK TABLE heed_data.%I IN ACCESS EXCLUSIVE MODE', part.name);
        INSERT INTO heed_data.evidence (arrived_at, digest, ordinal, occurred_at, stream, closed, trust, kind, action,
            class, verdict, address, domain, address_source, original_recipient, final_recipient, status, code,
            diagnostic, remote_mta, provider, rule, original_key, failure_key, reporter_mta)
        SELECT arrived_at, digest, ordinal, occurred_at, stream, closed, trust, kind, action,
            class, verdict, address, domain, address_source, original_recipient, final_recipient, status, code,
            diagnostic, remote_mta, provider, rule, original_key, failure_key, reporter_mta
        FROM heed_data.event AS event
        WHERE event.arrived_at >= part.starts AND event.arrived_at < part.ends AND event.trust >= 2
            AND (EXISTS (SELECT FROM heed_data.address_state AS state WHERE state.address = event.address)
                OR EXISTS (SELECT FROM heed_data.event AS later WHERE later.address = event.address
                    AND later.trust >= 2 AND later.arrived_at >= part.ends)
                OR EXISTS (SELECT FROM heed_data.evidence AS kept WHERE kept.address = event.address)
                OR EXISTS (SELECT FROM heed_data.undone_event AS undone WHERE undone.digest = event.digest
                    AND undone.ordinal = event.ordinal))
        ON CONFLICT DO NOTHING;
        DELETE FROM heed_data.failure WHERE arrived_at >= part.starts AND arrived_at < part.ends;
        IF part.name = 'event_default' THEN
            DELETE FROM heed_data.event_default WHERE arrived_at < horizon;
            DELETE FROM heed_data.report_default WHERE arrived_at < horizon;
        ELSE
            EXECUTE format('DROP TABLE heed_data.%I', part.name);
            EXECUTE format('DROP TABLE IF EXISTS heed_data.%I', replace(part.name, 'event_', 'report_'));
        END IF;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$function$;
