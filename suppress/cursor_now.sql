-- Where an export stands: which database, in which life of it (a restored or promoted one may know less than before, and
-- count transactions again), what its snapshot sees, and the moment that ends are compared with.
SELECT concat_ws('.', system_identifier,
        CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id::text FROM pg_control_checkpoint())
            ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
        (SELECT oid FROM pg_database WHERE datname = current_database())),
    pg_current_snapshot()::text,
    (extract(epoch FROM now()) * 1000000)::bigint
FROM pg_control_system();
