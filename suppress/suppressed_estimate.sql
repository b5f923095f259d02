-- About how many states there are, without counting them: as the planner does it, what was counted last by the size then
-- and now; before the first count, by the size that rows usually have.
SELECT CASE
    WHEN relpages > 0 THEN reltuples / relpages * (pg_relation_size(oid) / current_setting('block_size')::bigint)
    ELSE pg_relation_size(oid) / 130
    END::bigint
FROM pg_class
WHERE oid = 'heed_data.address_state'::regclass;
