-- What the roles may do; run by the owner of the tables after each migration. Ingest appends and keeps state; what it
-- may delete is what it replaces or what is derived. A reader selects from the views, and nothing else.
DO $body$
DECLARE
    ingest text := current_setting('heed.ingest');
    reader text := current_setting('heed.reader');
BEGIN
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA heed_data FROM PUBLIC, %I, %I', ingest, reader);
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA heed FROM PUBLIC, %I, %I', ingest, reader);
    EXECUTE format('REVOKE ALL ON SCHEMA heed_data, heed FROM PUBLIC, %I, %I', ingest, reader);
    EXECUTE format('GRANT USAGE ON SCHEMA heed TO %I, %I', ingest, reader);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA heed TO %I, %I', ingest, reader);
    EXECUTE format('GRANT USAGE ON SCHEMA heed_data TO %I', ingest);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA heed_data TO %I', ingest);
    EXECUTE format('GRANT INSERT ON heed_data.mailbox, heed_data.mailbox_message, heed_data.report_seen,'
        ' heed_data.report, heed_data.event, heed_data.failure, heed_data.raw_message, heed_data.quarantine,'
        ' heed_data.policy, heed_data.decision, heed_data.address_state, heed_data.rollup_delta,'
        ' heed_data.volume_delta, heed_data.attempt_minute, heed_data.guard_count, heed_data.guard_hold, heed_data.undo,'
        ' heed_data.undone_event, heed_data.log, heed_data.log_file, heed_data.delivery, heed_data.throttle,'
        ' heed_data.throttle_step TO %I', ingest);
    EXECUTE format('GRANT UPDATE ON heed_data.mailbox, heed_data.mailbox_message, heed_data.quarantine,'
        ' heed_data.address_state, heed_data.log, heed_data.log_file, heed_data.delivery TO %I', ingest);
    EXECUTE format('GRANT UPDATE (began_at, ended_at, resolution, resolved_at, resolved_by, why)'
        ' ON heed_data.guard_hold TO %I', ingest);
    EXECUTE format('GRANT UPDATE (reverted_at, reverted_by, revert_why) ON heed_data.undo TO %I', ingest);
    EXECUTE format('GRANT UPDATE (trust) ON heed_data.report_seen TO %I', ingest);
    EXECUTE format('GRANT UPDATE (trust, closed) ON heed_data.report, heed_data.event TO %I', ingest);
    EXECUTE format('GRANT DELETE ON heed_data.mailbox_message, heed_data.report, heed_data.event, heed_data.failure,'
        ' heed_data.address_state, heed_data.throttle, heed_data.throttle_step TO %I', ingest);
    EXECUTE format('GRANT EXECUTE ON FUNCTION heed_data.ensure_partitions, heed_data.drop_raw_messages,'
        ' heed_data.fold_rollups, heed_data.fold_guard,'
        ' heed_data.drop_events, heed_data.drop_counts, heed_data.drop_attempts,'
        ' heed_data.drop_log_files, heed_data.drop_deliveries, heed_data.pseudonym TO %I', ingest);
END
$body$;
