-- The next addresses of an undo. $1: the undo; $2: the last address of the page before, NULL for the first page; $3: how
-- many.
SELECT DISTINCT address
FROM heed_data.undone_event
WHERE undo_id = $1::bigint AND ($2::text IS NULL OR address > $2::text)
ORDER BY address
LIMIT $3::bigint;
