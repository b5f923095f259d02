-- What needs the rights of the tables' owner and is done for the store, which has not got them. Each function does one
-- bounded thing, takes no text that it runs, and may be called by any number of processes at once.

-- One partition of heed_data.PARENT, from a moment on to another. Rows that went to the default partition because this
-- one was missing move into it, and nobody sees a moment without them.
CREATE FUNCTION heed_data.make_partition(parent text, suffix text, starts timestamptz, ends timestamptz)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $function$
DECLARE
    name text := parent || '_' || suffix;
    spare text := parent || '_default';
BEGIN
    IF to_regclass(format('heed_data.%I', name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE heed_data.%I IN ACCESS EXCLUSIVE MODE', spare);
    EXECUTE format('CREATE TABLE heed_data.%I (LIKE heed_data.%I INCLUDING ALL)', name, parent);
    EXECUTE format('WITH moved AS (DELETE FROM heed_data.%I WHERE arrived_at >= $1 AND arrived_at < $2 RETURNING *)'
        ' INSERT INTO heed_data.%I SELECT * FROM moved', spare, name) USING starts, ends;
    EXECUTE format('ALTER TABLE heed_data.%I ATTACH PARTITION heed_data.%I FOR VALUES FROM (%L) TO (%L)',
        parent, name, starts, ends);
    RETURN true;
END
$function$;
REVOKE ALL ON FUNCTION heed_data.make_partition FROM PUBLIC;

-- The partitions of one table for now and the time ahead: months of reports and events, weeks of raw mail. Answers how
-- many were made. One table a call, so that no transaction holds the locks of two.
CREATE FUNCTION heed_data.ensure_partitions(parent text)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    unit text := CASE parent WHEN 'report' THEN 'month' WHEN 'event' THEN 'month' WHEN 'raw_message' THEN 'week' END;
    shape text := CASE unit WHEN 'month' THEN 'YYYYMM' ELSE 'YYYYMMDD' END;
    starts timestamp := date_trunc(unit, now() AT TIME ZONE 'UTC');
    made integer := 0;
BEGIN
    IF unit IS NULL THEN
        RAISE EXCEPTION 'no such partitioned table' USING ERRCODE = 'undefined_table';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('heed.partitions', 0)) THEN
        RETURN 0;
    END IF;
    FOR ahead IN 0..2 LOOP
        IF heed_data.make_partition(parent, to_char(starts, shape), starts AT TIME ZONE 'UTC',
                (starts + ('1 ' || unit)::interval) AT TIME ZONE 'UTC') THEN
            made := made + 1;
        END IF;
        starts := starts + ('1 ' || unit)::interval;
    END LOOP;
    RETURN made;
END
$function$;
REVOKE ALL ON FUNCTION heed_data.ensure_partitions FROM PUBLIC;

-- Drops raw mail that is older than so many days: whole weeks, and the rows of the default partition.
CREATE FUNCTION heed_data.drop_raw_messages(days integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s'
AS $function$
DECLARE
    horizon timestamptz := now() - make_interval(days => days);
    name text;
    dropped integer := 0;
BEGIN
    IF days < 0 THEN
        RAISE EXCEPTION 'a retention of negative days' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('heed.partitions', 0)) THEN
        RETURN 0;
    END IF;
    FOR name IN
        SELECT child.relname
        FROM pg_inherits AS inherits
        JOIN pg_class AS child ON child.oid = inherits.inhrelid
        WHERE inherits.inhparent = 'heed_data.raw_message'::regclass
            AND CASE WHEN child.relname ~ '^raw_message_[0-9]{8}$'
                THEN (to_date(right(child.relname, 8), 'YYYYMMDD') + 7)::timestamp AT TIME ZONE 'UTC' <= horizon
                ELSE false END
        ORDER BY child.relname
    LOOP
        EXECUTE format('DROP TABLE heed_data.%I', name);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM heed_data.raw_message_default WHERE arrived_at < horizon;
    RETURN dropped;
END
$function$;
REVOKE ALL ON FUNCTION heed_data.drop_raw_messages FROM PUBLIC;

-- Folds the deltas into the roll-ups, in one statement: whoever reads sees each count once.
CREATE FUNCTION heed_data.fold_rollups()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('heed.rollup', 0)) THEN
        RETURN;
    END IF;
    WITH delta AS (
        DELETE FROM heed_data.rollup_delta RETURNING *
    )
    INSERT INTO heed_data.rollup AS rollup (day, stream, domain, provider, sender_domain, source_ip, kind, class,
        verdict, failures, reports)
    SELECT day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict,
        sum(failures)::bigint, sum(reports)::bigint
    FROM delta
    GROUP BY day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict
    ON CONFLICT (day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict) DO UPDATE
    SET failures = rollup.failures + excluded.failures, reports = rollup.reports + excluded.reports;
END
$function$;
REVOKE ALL ON FUNCTION heed_data.fold_rollups FROM PUBLIC;

-- From the first moment on, nothing needs the default partitions.
SELECT heed_data.ensure_partitions('report'), heed_data.ensure_partitions('event'),
    heed_data.ensure_partitions('raw_message');
