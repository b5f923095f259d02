-- Whose suppression changed, and in which transaction: for `heed export --since`. A row an address, and only of those
-- that were ever suppressed or allowed, so it does not grow with time. A transaction that commits late is known by its
-- number, which no snapshot taken before saw; times would not tell.
CREATE TABLE heed_data.suppression_change (
    address    text COLLATE "C" PRIMARY KEY,
    changed_in xid8 NOT NULL
);
CREATE INDEX suppression_change_changed_in ON heed_data.suppression_change (changed_in);

-- Whatever writes states: what an export says of a row makes it a change. In order of the address, and whoever writes a
-- state holds the lock of its address, so that no two wait for each other in a circle.
CREATE FUNCTION heed_data.note_suppression_changes()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO heed_data.suppression_change AS change (address, changed_in)
        SELECT DISTINCT address, pg_current_xact_id() FROM new_rows WHERE suppressed OR allowed ORDER BY address
        ON CONFLICT (address) DO UPDATE SET changed_in = excluded.changed_in
        WHERE change.changed_in <> excluded.changed_in;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO heed_data.suppression_change AS change (address, changed_in)
        SELECT DISTINCT address, pg_current_xact_id() FROM old_rows WHERE suppressed OR allowed ORDER BY address
        ON CONFLICT (address) DO UPDATE SET changed_in = excluded.changed_in
        WHERE change.changed_in <> excluded.changed_in;
    ELSE
        INSERT INTO heed_data.suppression_change AS change (address, changed_in)
        SELECT DISTINCT address, pg_current_xact_id()
        FROM old_rows AS was FULL JOIN new_rows AS now USING (scope, address)
        WHERE (was.suppressed OR was.allowed OR now.suppressed OR now.allowed)
            AND (was.suppressed, was.allowed, was.reason, was.verdict, was.since, was.until, was.evidence_count,
                    was.last_event_at)
                IS DISTINCT FROM (now.suppressed, now.allowed, now.reason, now.verdict, now.since, now.until,
                    now.evidence_count, now.last_event_at)
        ORDER BY address
        ON CONFLICT (address) DO UPDATE SET changed_in = excluded.changed_in
        WHERE change.changed_in <> excluded.changed_in;
    END IF;
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION heed_data.note_suppression_changes FROM PUBLIC;

CREATE TRIGGER suppression_inserted AFTER INSERT ON heed_data.address_state
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION heed_data.note_suppression_changes();
CREATE TRIGGER suppression_updated AFTER UPDATE ON heed_data.address_state
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION heed_data.note_suppression_changes();
CREATE TRIGGER suppression_deleted AFTER DELETE ON heed_data.address_state
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION heed_data.note_suppression_changes();

-- What ends, and when: an end changes a suppression without anybody writing it.
CREATE INDEX address_state_until ON heed_data.address_state (until) WHERE until IS NOT NULL;
