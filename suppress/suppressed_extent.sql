-- What there is to read, as of the snapshot: about how many states, without counting them, as the planner does it: what
-- was counted last by the size then and now, and before the first count by the size that rows usually have; of how many
-- blocks; and the moment that ends are compared with, since each connection has a now() of its own.
SELECT CASE
    WHEN relpages > 0 THEN reltuples / relpages * blocks
    ELSE blocks * current_setting('block_size')::bigint / 130
    END::bigint,
    blocks, now()::text, floor(extract(epoch FROM now()))::bigint
FROM pg_class,
    LATERAL (SELECT pg_relation_size(oid) / current_setting('block_size')::bigint) AS size (blocks)
WHERE oid = 'heed_data.address_state'::regclass;
