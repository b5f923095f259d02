-- Takes an undo back that was not. $1: the undo; $2: who; $3: why. Answers how many events and addresses; no row where
-- there is nothing to take back.
WITH reverted AS (
    UPDATE heed_data.undo
    SET reverted_at = clock_timestamp(), reverted_by = $2::text, revert_why = $3::text
    WHERE undo_id = $1::bigint AND reverted_at IS NULL
    RETURNING undo_id
)
SELECT undo_id, counted.events, counted.addresses, NULL::bigint
FROM reverted
CROSS JOIN LATERAL (
    SELECT count(*) AS events, count(DISTINCT address) AS addresses
    FROM heed_data.undone_event AS undone
    WHERE undone.undo_id = reverted.undo_id
) AS counted;
