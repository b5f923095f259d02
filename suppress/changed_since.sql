-- The addresses that may be suppressed in another way than a cursor's export said: what transactions wrote that its
-- snapshot (heed.since_snapshot) did not see, however late they committed; and what ended since its moment
-- (heed.since_moment), or would have if the clock was set back. Nothing is said of whom was forgotten. Part of other
-- queries (export.c).
SELECT address
FROM heed_data.suppression_change
WHERE changed_in >= pg_snapshot_xmin((SELECT current_setting('heed.since_snapshot')::pg_snapshot))
    AND NOT pg_visible_in_snapshot(changed_in, (SELECT current_setting('heed.since_snapshot')::pg_snapshot))
    AND strpos(address, '@') > 0
UNION
SELECT address
FROM heed_data.address_state
WHERE until > least(now(), (SELECT current_setting('heed.since_moment')::timestamptz))
    AND until <= greatest(now(), (SELECT current_setting('heed.since_moment')::timestamptz))
    AND strpos(address, '@') > 0
