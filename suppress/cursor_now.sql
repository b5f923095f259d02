-- Where an export stands: which database, in which life of it (a restored or promoted one may know less than before, and
-- count transactions again), what its snapshot sees, and the moment that ends are compared with. A standby's
-- pg_current_snapshot() names none of the transactions that are open, as if it saw them; only its lower bound is true. So
-- there, what began at that bound or later counts as not seen, and is told again.
SELECT concat_ws('.', system_identifier,
        CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id::text FROM pg_control_checkpoint())
            ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
        (SELECT oid FROM pg_database WHERE datname = current_database())),
    CASE WHEN pg_is_in_recovery() THEN format('%1$s:%1$s:', pg_snapshot_xmin(pg_current_snapshot()))
        ELSE pg_current_snapshot()::text END,
    (extract(epoch FROM now()) * 1000000)::bigint
FROM pg_control_system();
